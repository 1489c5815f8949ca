"""What is found block by block is what one look at all of it finds: counts, places, examples, order."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from bot.data.judging import Rows, Told, told
from bot.data.tallying import Tally
from quant.checking import check_bars
from quant.checking_blocks import Block, check_blocks
from quant.sessions import Calendar
from tests.kit.catalogs import MINUTE_NS, bars

HOUR_NS = 60 * MINUTE_NS


def faulty(seed: int) -> tuple[Block, int]:
    """Bars with gaps, nights, still prices, spikes, values that cannot be, rows twice, exchanged and newest first."""
    chance = np.random.default_rng(seed)
    length, bar_ns = int(chance.integers(1, 1200)), int(chance.choice([MINUTE_NS, HOUR_NS, 24 * HOUR_NS]))
    columns = bars(length, seed, bar_ns=bar_ns)
    close_ns = columns.pop("close_ns")
    close_ns += bar_ns * np.cumsum(chance.integers(1, 90, length) * (chance.random(length) < chance.choice([0, 0.02])))
    close_ns += 7 * (chance.random(length) < chance.choice([0, 0.1]))
    columns["volume"] *= chance.random(length) > 0.01
    still = int(chance.integers(0, length))
    for values in columns.values():
        values[still : still + int(chance.integers(1, 300))] = values[still]
        values[chance.integers(0, length, 2)] *= chance.choice([1.0, 1.4, -1.0, np.nan])
    columns["close"][chance.integers(0, length, 3)] *= 1.5
    rows = np.arange(length)
    if chance.random() < 0.5:
        night = ((close_ns // HOUR_NS) % 24 < 9) | (rows == 0)
        rows = rows[night]
    if chance.random() < 0.5:
        rows = np.sort(np.append(rows, chance.choice(rows, 4)))
    if chance.random() < 0.3:
        rows = rows[::-1].copy()
    if chance.random() < 0.4:
        rows[chance.integers(0, len(rows), 4)] = rows[chance.integers(0, len(rows), 4)]
    told_again = Block(close_ns, columns, np.arange(length)).taken(rows)
    told_again.columns["close"][chance.integers(0, len(rows))] += 0.01
    return Block(told_again.close_ns, told_again.columns, np.arange(1, len(rows) + 1)), bar_ns


def at_once(block: Block, bar_ns: int, calendar: Calendar | None) -> list[Told]:
    rows = Rows(file="f", symbol="s", close_ns=block.close_ns, columns=block.columns, names={}, rows=block.rows)
    return told(rows, check_bars(block.close_ns, block.columns, bar_ns, calendar))


def in_blocks(block: Block, bar_ns: int, calendar: Calendar | None, size: int) -> list[Told]:
    tally, length = Tally("f", "s", {}, numbered=True), len(block.close_ns)
    for first in range(0, length, size):
        tally.arrive(block.taken(slice(first, first + size)))
    ordered = block.taken(np.argsort(block.close_ns, kind="stable"))
    starts = np.flatnonzero(np.diff(ordered.close_ns, prepend=-1) > 0)
    cuts = np.append(starts[::size], length)

    def blocks() -> Iterator[Block]:
        return (ordered.taken(slice(first, end)) for first, end in pairwise(cuts))

    for each, findings in check_blocks(blocks, bar_ns, calendar):
        tally.add(each, findings)
    return tally.told()


@pytest.mark.parametrize("calendar", [None, "24/7", "sessions"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_size_of_a_block_changes_nothing_of_what_is_found(calendar: Calendar | None) -> None:
    kinds = set()
    for seed in range(5):
        block, bar_ns = faulty(seed)
        expected = at_once(block, bar_ns, calendar)
        kinds |= {each.what for each in expected}
        for size in (150, 600):
            assert in_blocks(block, bar_ns, calendar, size) == expected

    assert len(kinds) >= 8


@pytest.mark.parametrize(("stamps", "wrong"), [([5, 4, 3, 2], 0), ([2, 3, 1, 0], 2), ([5, 4, 6, 7], 1)])
def test_rows_that_fall_all_along_are_newest_first_and_no_others(stamps: list[int], wrong: int) -> None:
    tally, close_ns = Tally("f", "s", {}, numbered=True), np.array(stamps) * MINUTE_NS
    for first in (0, 2):
        tally.arrive(Block(close_ns[first : first + 2], {}, np.array([first + 1, first + 2])))

    assert sum(each.count for each in tally.told()) == wrong
