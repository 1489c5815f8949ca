"""Figures of the feature store: how long it takes, how often it fails, and what could not be believed."""

from typing import Final

from actors.gateways.feature_store import LATENCY_S, StoreFigures
from runtime.metrics import Metric, Metrics

STORE_METRICS: Final[tuple[Metric, ...]] = (
    Metric(name="bot_feature_write_seconds", kind="histogram", buckets=LATENCY_S, help="A write of all features"),
    Metric(name="bot_feature_read_seconds", kind="histogram", buckets=LATENCY_S, help="A read of what was written"),
    Metric(name="bot_feature_values_written_total", kind="counter", help="Values the feature store acknowledged"),
    Metric(name="bot_feature_values_lost_total", kind="counter", help="Acknowledged values that were not found again"),
    Metric(name="bot_feature_store_failures_total", kind="counter", help="Questions the feature store left unanswered"),
    Metric(name="bot_feature_store_refused_total", kind="counter", label="why", help="Values that were not believed"),
    Metric(name="bot_feature_store_away", kind="gauge", help="1 while the feature store is not even asked"),
)


def measure_store(metrics: Metrics, figures: StoreFigures) -> None:
    """Bring the figures of the store up to date; the histograms are the writer's own from then on."""
    for name, own in (("bot_feature_write_seconds", figures.write_s), ("bot_feature_read_seconds", figures.read_s)):
        shown = metrics.histogram(name)
        shown.counts, shown.total = own.counts, own.total
    metrics.single("bot_feature_values_written_total").value = figures.written
    metrics.single("bot_feature_values_lost_total").value = figures.lost
    metrics.single("bot_feature_store_failures_total").value = figures.failures
    metrics.single("bot_feature_store_away").value = float(figures.away)
    for why, count in figures.refused.items():
        metrics.labelled("bot_feature_store_refused_total").set(why, count)
