"""Losses that rise and outcomes that fall outside are seen; what is independent is not, and blocks are judged once."""

import numpy as np
import pytest
from scipy import stats

from quant.drift import BLOCK_LABELS, Block, CalibrationWatch, PageHinkley


@pytest.mark.numbers
def test_risen_means_are_found_exactly_when_river_finds_them():
    from river.drift import PageHinkley as Reference

    chance = np.random.default_rng(0)
    values = np.concatenate([chance.normal(0, 0.3, 700), chance.normal(0.4, 0.3, 300), chance.normal(0.9, 0.3, 300)])
    ours = PageHinkley(allowed=0.05, threshold=5.0, fade=0.9999)
    reference = Reference(min_instances=30, delta=0.05, threshold=5.0, alpha=0.9999, mode="up")
    found, expected = [], []
    for value in values.tolist():
        found.append(ours.update(value))
        reference.update(value)
        expected.append(reference.drift_detected)
    assert found == expected
    assert sum(found) >= 2
    assert not any(found[:700])


def test_a_risen_mean_is_found_and_a_steady_one_is_not():
    chance = np.random.default_rng(0)
    steady, risen = PageHinkley(), PageHinkley()
    assert not any(steady.update(value) for value in chance.normal(0, 0.3, 2000).tolist())
    assert not any(risen.update(value) for value in chance.normal(0, 0.3, 500).tolist())
    found = [risen.update(value) for value in chance.normal(0.2, 0.3, 200).tolist()]
    assert 20 < found.index(True) < 150
    assert risen.state().heard < 200


def test_what_is_not_finite_is_left_out_and_state_goes_round():
    one, two = PageHinkley(), PageHinkley()
    for value in (0.1, 0.3, -0.2):
        one.update(value)
    before = one.state()
    assert not one.update(np.nan)
    assert one.state() == before
    two.load(before)
    assert two.state() == before


def watch(u, widened=1.0) -> list[Block]:
    """Blocks judged of transforms (instants, labels)."""
    calibration, blocks = CalibrationWatch(), []
    for row in u:
        block = calibration.update(row, widened)
        if block is not None:
            blocks.append(block)
    return blocks


def uniform(instants, labels=1, common=0.0, scale=1.0, seed=0):
    """Transforms of outcomes `scale` times as wide as believed, correlated within an instant."""
    chance = np.random.default_rng(seed)
    shared, own = chance.normal(size=(instants, 1)), chance.normal(size=(instants, labels))
    return stats.norm.cdf(scale * (np.sqrt(common) * shared + np.sqrt(1 - common) * own))


def test_true_beliefs_are_clean_and_narrow_ones_too_narrow():
    (good,) = watch(uniform(501))
    (bad,) = watch(uniform(501, scale=1.4))
    assert good.clean
    assert not good.too_narrow
    assert bad.too_narrow
    assert not bad.clean
    assert bad.coverage == pytest.approx(2 * stats.norm.cdf(1.645 / 1.4) - 1, abs=0.05)


def test_a_judgement_comes_every_so_many_independent_labels():
    assert len(watch(uniform(2000))) == 4
    alike = len(watch(uniform(2000, labels=8, common=0.9)))
    apart = len(watch(uniform(2000, labels=8, common=0.0)))
    assert apart > 5 * alike >= 5
    assert BLOCK_LABELS == 500


def test_without_widening_is_judged_what_was_said_before_it():
    believed_too_narrow = uniform(101, scale=1.4 / 1.25)
    (block,) = watch(believed_too_narrow, widened=1.25)
    assert block.plain_coverage < block.coverage
    assert not block.clean
    cured = uniform(101, scale=1 / 1.25)
    (block,) = watch(cured, widened=1.25)
    assert block.coverage > 0.94
    assert block.clean


def test_beliefs_too_wide_are_uneven_but_not_too_narrow():
    (block,) = watch(uniform(501, scale=0.7))
    assert not block.too_narrow
    assert block.ks_p < 0.01
    assert not block.clean


def test_absent_labels_do_nothing_and_a_restart_forgets_the_block():
    calibration = CalibrationWatch()
    assert calibration.update(np.array([np.nan]), 1.0) is None
    assert calibration.state().labels == 0.0
    calibration.update(np.array([0.5, 0.6]), 1.0)
    sway = calibration.state().sway
    calibration.restart()
    assert (calibration.state().labels, calibration.state().sway) == (0.0, sway)


@pytest.mark.numbers
@pytest.mark.parametrize(("labels", "common"), [(1, 0.0), (8, 0.0), (8, 0.5), (64, 0.3)])
def test_false_judgements_are_as_rare_as_they_should_be(labels, common):
    blocks = [each for seed in range(20) for each in watch(uniform(10_000 // labels, labels, common, seed=seed))]
    wrong = sum(each.too_narrow for each in blocks)
    assert wrong / 20 <= 0.5, "per 10,000 labels"


def test_thresholds_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="threshold 0"):
        PageHinkley(threshold=0.0)


@pytest.mark.parametrize("scale", [1.0, 1.1, 1.2, 1.6])
def test_a_block_says_by_how_much_sigma_was_too_small(scale):
    (block,) = watch(uniform(501, scale=scale), widened=1.0)
    assert block.sigma_factor == pytest.approx(min(scale, 1.25), abs=0.08)
    assert 1.0 <= block.sigma_factor <= 1.25
