import numpy as np
import pytest

from bot.evaluation.forecasts import ground_of
from bot.evaluation.prices import Prices
from bot.evaluation.record import Record
from bot.evaluation.slates import PICKS, candidates, frontier_of
from tests.bot.evaluation.test_history import a_history


def a_record(prices: Prices, seed: int = 3) -> Record:
    """Random beliefs of the right size."""
    rng = np.random.default_rng(seed)
    record = Record.empty(prices, ("a",))
    record.slate_mu[:] = 1e-3 * rng.standard_normal(prices.close.shape)
    record.slate_error[:] = 1e-4
    record.slate_confidence[:] = 0.5
    record.es_long[:] = record.es_short[:] = 0.02
    return record


def test_a_decision_is_made_every_horizon_from_what_was_known() -> None:
    prices = a_history(rows=300, width=8)
    ground = ground_of(prices, 4, int(prices.at_ns[200]))

    slates = candidates(prices, a_record(prices), ground)

    assert len(slates) == 24
    mu = a_record(prices).slate_mu[200]
    assert np.array_equal(slates[0].side, np.sign(mu))
    assert slates[0].quality == pytest.approx(np.abs(mu) / 0.02 * 0.5)
    assert np.array_equal(slates[0].realised, ground.y[200])


def test_a_heavier_penalty_costs_quality_and_lowers_the_correlation_of_positions() -> None:
    prices = a_history(rows=600, width=12)

    (table,), (chart,) = frontier_of(prices, a_record(prices), ground_of(prices, 4, int(prices.at_ns[100])))

    qualities, correlations = ([row[column] for row in table.rows] for column in (1, 4))
    assert qualities[0] == 1.0
    assert qualities == sorted(qualities, reverse=True)
    assert correlations == sorted(correlations, reverse=True)
    assert len(chart.series) == 2


def test_where_there_is_no_choice_there_is_no_frontier() -> None:
    prices = a_history(rows=100, width=PICKS)

    assert frontier_of(prices, a_record(prices), ground_of(prices, 4, int(prices.at_ns[50]))) == ((), ())
