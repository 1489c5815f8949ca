"""How a desk's stream and shards are, as figures."""

from typing import Final

from actors.gateways.stream_gateway import StreamMemory
from contracts.quantities import seconds
from runtime.metrics import Metric, Metrics

ROLE_METRICS: Final[tuple[Metric, ...]] = (
    Metric(name="bot_shard_late_total", kind="counter", label="agent", help="Beats that an agent's shard missed"),
    Metric(name="bot_stream_lag_seconds", kind="gauge", help="How old the last message of the stream was when let in"),
    Metric(name="bot_stream_away", kind="gauge", help="1 while the stream is silent, behind or ahead"),
    Metric(name="bot_stream_beats_passed_over_total", kind="counter", help="Beats of the stream that came too late"),
    Metric(name="bot_stream_fenced_total", kind="counter", help="Messages of an ingest that had been succeeded"),
)


def measure_stream(metrics: Metrics, memory: StreamMemory) -> None:
    """Bring the figures up to date."""
    metrics.single("bot_stream_lag_seconds").value = seconds(memory.health.lag_ns)
    metrics.single("bot_stream_away").value = float(bool(memory.health.away))
    metrics.single("bot_stream_beats_passed_over_total").value = memory.beats_passed_over
    metrics.single("bot_stream_fenced_total").value = memory.order.counts.fenced
    for agent, beats in memory.late.items():
        metrics.labelled("bot_shard_late_total").set(agent, beats)
