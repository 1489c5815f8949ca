import numpy as np
import pytest

from bot.evaluation import data, ranks
from bot.evaluation.prices import BadPrices, Prices
from bot.evaluation.scenes import calm_variates, independent_variates
from tests.kit.recordings import recording

DAY_NS = 86_400_000_000_000


def test_equal_probabilities_score_a_sixth_less_a_little_and_certainty_scores_nothing() -> None:
    fifths = np.arange(100) % 5

    assert ranks.rps(np.full((100, 5), 0.2), fifths) == pytest.approx(0.16)
    assert ranks.rps(np.eye(5)[fifths], fifths) == 0.0
    assert ranks.rps(np.eye(5)[4 - fifths], fifths) == pytest.approx(np.mean([0.8, 0.4, 0.0, 0.4, 0.8]))


def test_fifths_hold_a_fifth_each() -> None:
    fifths = ranks.quintiles(np.random.default_rng(1).standard_normal((3, 100)))

    assert [np.bincount(row).tolist() for row in fifths] == [[20] * 5] * 3


def test_a_calm_asset_ends_in_the_middle_and_a_wild_one_at_the_ends() -> None:
    rng = np.random.default_rng(2)
    returns = 0.01 * rng.standard_normal((80, 50)) * np.where(np.arange(50) == 0, 0.05, 1.0)
    returns[:, 1] *= 4.0

    said = ranks.probabilities(returns, np.random.default_rng(3))

    assert np.allclose(said.sum(axis=1), 1.0)
    assert said[0, 2] > 0.8
    assert said[1, 0] + said[1, 4] > 0.7


def test_draws_are_antithetic_and_independent_ones_really_are() -> None:
    rng = np.random.default_rng(4)
    together = calm_variates(np.array([[1.0, 0.9], [0.9, 1.0]]), rng, 4000)
    apart = independent_variates(2, rng, 4000)

    assert together.shape == apart.shape == (4000, 2)
    assert np.array_equal(together[0::2], -together[1::2])
    assert np.corrcoef(together, rowvar=False)[0, 1] > 0.8
    assert abs(np.corrcoef(apart, rowvar=False)[0, 1]) < 0.06
    assert abs(np.corrcoef(np.abs(apart), rowvar=False)[0, 1]) < 0.06


def test_a_history_of_no_round_is_refused() -> None:
    prices = Prices.of_closes(("A",) * 1, DAY_NS * np.arange(1, 40), 86_400.0, np.ones((39, 1)))

    with pytest.raises(BadPrices, match="both ends of no round"):
        ranks.rank_report(prices, 1)


@pytest.mark.numbers
def test_volatility_alone_beats_equal_ranks_in_every_round_and_independence_does_not() -> None:
    report = ranks.rank_report(data.read([recording("macro/m6_assets_to_2022-07.csv")]), 1)

    assert report.figures["rps"] <= 0.1565
    assert report.figures["rounds_below_equal_share"] == 1.0
    assert report.figures["rps_without_correlations"] > 0.1575
