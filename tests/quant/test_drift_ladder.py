"""The ladder: each step needs evidence of its own, and each has its own way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.drift import Block
from quant.drift_ladder import LEVELS, Ladder

BAND = (0.86, 0.93)
CLEAN = Block(coverage=0.90, plain_coverage=0.90, band=BAND, ks_p=0.5)
NARROW = Block(coverage=0.80, plain_coverage=0.80, band=BAND, ks_p=1e-6)
UNEVEN = Block(coverage=0.90, plain_coverage=0.90, band=BAND, ks_p=1e-4)
HIDDEN = Block(coverage=0.90, plain_coverage=0.82, band=BAND, ks_p=0.5)


def said(ladder: Ladder, *, changed: bool = False) -> str:
    return LEVELS[ladder.level(changed=changed)]


def test_each_narrow_block_goes_one_step_down_the_list_to_flat():
    ladder, levels = Ladder(), []
    for _ in range(5):
        ladder.block(NARROW)
        levels.append((said(ladder), ladder.sigma_factor(), ladder.size_factor()))
    assert levels == [
        ("widen", 1.25, 1.0),
        ("pool", 1.25, 1.0),
        ("half", 1.25, 0.5),
        ("flat", 1.25, 0.0),
        ("flat", 1.25, 0.0),
    ]


def test_sigma_is_widened_by_what_the_block_was_short_of_and_never_by_less_while_it_lasts():
    ladder = Ladder()
    ladder.block(NARROW._replace(sigma_factor=1.08))
    assert (said(ladder), ladder.sigma_factor()) == ("widen", 1.08)
    ladder.block(NARROW._replace(sigma_factor=1.02))
    assert (said(ladder), ladder.sigma_factor()) == ("pool", 1.08)


def test_rising_losses_alone_say_nothing_of_the_width():
    ladder = Ladder()
    ladder.losses_rose()
    assert (said(ladder), ladder.sigma_factor()) == ("pool", 1.0)


def test_every_way_back_takes_two_clean_blocks():
    ladder, levels = Ladder(), []
    for _ in range(4):
        ladder.block(NARROW)
    for _ in range(8):
        ladder.block(CLEAN)
        levels.append(said(ladder))
    assert levels == ["flat", "half", "half", "pool", "pool", "widen", "widen", "calm"]
    assert ladder.sigma_factor() == ladder.size_factor() == 1.0


@pytest.mark.parametrize("between", [UNEVEN, NARROW, HIDDEN])
def test_clean_blocks_count_only_on_end(between):
    ladder = Ladder()
    ladder.block(NARROW)
    for block in (CLEAN, between, CLEAN):
        ladder.block(block)
    assert ladder.held >= LEVELS.index("widen")


def test_widening_does_not_hide_that_it_is_still_needed():
    ladder = Ladder()
    ladder.block(NARROW)
    for _ in range(10):
        ladder.block(HIDDEN)
    assert said(ladder) == "widen"


def test_risen_losses_go_to_the_pool_at_once_and_no_further():
    ladder = Ladder()
    assert ladder.losses_rose()
    assert said(ladder) == "pool"
    assert not ladder.losses_rose()
    assert said(ladder) == "pool"


def test_warnings_come_and_go_with_their_evidence():
    ladder = Ladder()
    assert (said(ladder), said(ladder, changed=True), said(ladder)) == ("calm", "warn", "calm")
    ladder.block(UNEVEN)
    assert (said(ladder), ladder.sigma_factor(), ladder.size_factor()) == ("warn", 1.0, 1.0)
    ladder.block(CLEAN)
    assert said(ladder) == "calm"


@given(st.lists(st.sampled_from([CLEAN, NARROW, UNEVEN, HIDDEN, None]), max_size=40))
def test_no_single_piece_of_evidence_moves_more_than_one_step_but_risen_losses(blocks):
    ladder = Ladder()
    for block in blocks:
        before = ladder.held
        moved = ladder.losses_rose() if block is None else ladder.block(block)
        assert moved == (ladder.held != before)
        if block is not None and before >= 2:
            assert abs(ladder.held - before) <= 1 or ladder.held == 0
        again = Ladder()
        again.load(ladder.state())
        assert again.state() == ladder.state()
