import math

import numpy as np
import pytest

from bot.evaluation import baselines, scoring
from bot.evaluation.scoring import Ground
from quant.quantiles import LEVELS


def a_ground(rows: int = 3000, width: int = 2, seed: int = 1, lag: int = 4) -> Ground:
    rng = np.random.default_rng(seed)
    scale = 0.01 * (1.0 + rng.random((rows, width)))
    y = scale * rng.standard_normal((rows, width))
    return Ground(y, scale, np.arange(rows) >= 100, lag, 1)


def said(ground: Ground, wide: float = 1.0) -> np.ndarray:
    return baselines.gaussian(np.zeros(ground.y.shape), wide * ground.scale)


def test_the_true_belief_is_calibrated_and_beats_one_too_sure() -> None:
    ground = a_ground()

    true, sure = scoring.score("true", said(ground), ground), scoring.score("sure", said(ground, 0.5), ground)

    assert true.labels == 2900 * 2
    assert true.answered == 1.0
    assert true.calibration_error_max < 0.015
    assert true.coverage[1] == pytest.approx(0.9, abs=0.012)
    assert true.coverage_90_band[0] < true.coverage[1] < true.coverage_90_band[1]
    assert sure.coverage[1] < 0.65
    versus = scoring.versus(scoring.losses(said(ground), ground), scoring.losses(said(ground, 0.5), ground), ground)
    assert versus.skill > 0.05
    assert versus.dm_t < -10
    assert versus.half_width == pytest.approx(1.96 * versus.skill / abs(versus.dm_t), rel=1e-3)


def test_pinball_is_the_mean_over_levels_in_both_units() -> None:
    ground = Ground(np.array([[0.02]]), np.array([[0.01]]), np.array([True]), 1, 1)
    quantiles = np.linspace(-0.02, 0.02, 9)[None, :, None]

    lost = scoring.losses(quantiles, ground)

    by_hand = np.mean([level * (0.02 - q) for level, q in zip(LEVELS, quantiles[0, :, 0])])
    assert lost.returns[0, 0] == pytest.approx(by_hand)
    assert lost.z[0, 0] == pytest.approx(by_hand / 0.01)


def test_rows_before_the_start_and_silent_authors_do_not_count() -> None:
    ground = a_ground()
    quantiles = said(ground)
    quantiles[200:1200] = np.nan

    found = scoring.score("late", quantiles, ground)

    assert found.labels == 1900 * 2
    assert found.answered == pytest.approx(1900 / 2900)


def test_an_author_that_never_spoke_has_no_score() -> None:
    ground = a_ground(rows=200)

    found = scoring.score("mute", np.full((200, 9, 2), np.nan), ground)

    assert found.labels == 0
    assert math.isnan(found.pinball)
    assert found.answered == 0.0


def test_crossing_quantiles_are_counted() -> None:
    ground = a_ground(rows=300)
    quantiles = said(ground)
    quantiles[150, 4, 0], quantiles[150, 5, 0] = quantiles[150, 5, 0], quantiles[150, 4, 0]

    assert scoring.score("crossed", quantiles, ground).crossings == 1


def test_against_itself_an_author_has_no_skill_and_no_test() -> None:
    ground = a_ground(rows=300)
    lost = scoring.losses(said(ground), ground)

    same = scoring.versus(lost, lost, ground)

    assert same.skill == 0.0
    assert math.isnan(same.dm_t)


def test_one_date_is_one_observation_however_many_instruments_say_the_same() -> None:
    ground = a_ground(width=1)
    clones = Ground(np.repeat(ground.y, 8, axis=1), np.repeat(ground.scale, 8, axis=1), ground.counted, ground.lag, 1)

    alone = scoring.versus(*(scoring.losses(said(ground, wide), ground) for wide in (1.0, 1.1)), ground)
    together = scoring.versus(*(scoring.losses(said(clones, wide), clones) for wide in (1.0, 1.1)), clones)

    assert together.dm_t == pytest.approx(alone.dm_t, rel=1e-9)
    one, eight = (scoring.score("x", said(each), each).coverage_90_band for each in (ground, clones))
    assert eight == pytest.approx(one, abs=0.002)


def test_scores_do_not_depend_on_the_order_of_instruments_or_the_unit_of_return() -> None:
    ground = a_ground(width=3)
    other = Ground(ground.y[:, ::-1] * 7.0, ground.scale[:, ::-1] * 7.0, ground.counted, ground.lag, 1)

    one, two = scoring.score("a", said(ground), ground), scoring.score("a", said(other), other)

    assert two.pinball_z == pytest.approx(one.pinball_z, rel=1e-12)
    assert two.pinball == pytest.approx(7.0 * one.pinball, rel=1e-12)
    assert two.calibration == pytest.approx(one.calibration, abs=1e-12)


def test_skill_over_time_ends_where_the_whole_sample_does() -> None:
    ground = a_ground()
    lost, reference = (scoring.losses(said(ground, wide), ground) for wide in (1.0, 1.3))

    rows, skills = scoring.skill_over_time(lost, reference, 50)

    assert len(rows) == 50
    assert skills[-1] == pytest.approx(scoring.versus(lost, reference, ground).skill, rel=1e-12)
    assert scoring.skill_over_time(lost, scoring.losses(np.full((3000, 9, 2), np.nan), ground))[0].size == 0
