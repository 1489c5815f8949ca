"""Figures of the store: what the writer counted is what is scraped."""

from actors.gateways.feature_store import StoreFigures
from bot.features.measuring import STORE_METRICS, measure_store
from runtime.metrics import Metrics


def test_what_was_counted_is_exported():
    metrics, figures = Metrics(STORE_METRICS, {}), StoreFigures()
    figures.write_s.observe(0.0002)
    figures.read_s.observe(0.04)
    figures.written, figures.lost, figures.failures, figures.away = 20, 1, 3, True
    figures.refused = {"damaged": 2, "old": 5}
    measure_store(metrics, figures)
    text = metrics.exposition().decode()
    for line in (
        "bot_feature_write_seconds_count 1.0",
        'bot_feature_read_seconds_bucket{le="0.05"} 1.0',
        'bot_feature_read_seconds_bucket{le="0.025"} 0.0',
        "bot_feature_values_written_total 20.0",
        "bot_feature_values_lost_total 1.0",
        "bot_feature_store_failures_total 3.0",
        "bot_feature_store_away 1.0",
        'bot_feature_store_refused_total{why="damaged"} 2.0',
        'bot_feature_store_refused_total{why="old"} 5.0',
    ):
        assert line in text, line
