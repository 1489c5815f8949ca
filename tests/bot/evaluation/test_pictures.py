import numpy as np
import pytest

from bot.evaluation.forecasts import evidence, ground_of
from bot.evaluation.pictures import charts_of
from bot.evaluation.record import Record
from tests.bot.evaluation.test_history import a_history


def test_weights_are_means_over_stretches_of_what_counts_and_nothing_is_drawn_of_nothing() -> None:
    prices = a_history(rows=600)
    record = Record.empty(prices, ("a", "b"))
    record.mu[:], record.sigma[:], record.confidence[:] = 0.0, 0.01, 0.5
    record.quantiles[:] = 0.01 * np.arange(-4, 5)[:, None]
    record.weights[:, 0] = np.where(np.arange(600) < 400, 0.2, 0.8)
    ground = ground_of(prices, 4, int(prices.at_ns[200]))

    charts = {chart.title: chart for chart in charts_of(evidence(prices, record, ground), record, prices.at_ns)}

    assert "Weights of the experts" not in charts
    (weights,) = charts["Weights of the agents"].series
    assert weights.name == "a"
    assert weights.y[0] == pytest.approx(0.2)
    assert weights.y[-1] == pytest.approx(0.8)
    assert weights.x[0] >= prices.at_ns[200] / 1e9
    assert all(abs(sum(series.y) / 20 - 1.0) < 1e-9 for series in charts["Probability integral transform"].series)
