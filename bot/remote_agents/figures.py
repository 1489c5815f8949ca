"""What the door for agents elsewhere took and refused, as figures."""

from collections.abc import Mapping
from typing import Final

from actors.gateways.remote_signals import RemoteCounts
from contracts.quantities import SECOND_NS, Nanos
from runtime.metrics import Metric, Metrics

REMOTE_METRICS: Final[tuple[Metric, ...]] = (
    Metric(name="bot_remote_connected", kind="gauge", help="1 while agents elsewhere can be heard"),
    Metric(name="bot_remote_lost_total", kind="counter", help="Times the source of agents elsewhere was lost"),
    Metric(name="bot_remote_taken_total", kind="counter", label="agent", help="Beliefs of agents elsewhere taken in"),
    Metric(name="bot_remote_refused_total", kind="counter", label="reason", help="Records at the door not taken"),
    Metric(name="bot_remote_age_seconds", kind="gauge", label="agent", help="Age of an agent's newest belief"),
)


def measure_remote(metrics: Metrics, counts: RemoteCounts, now_ns: Nanos) -> None:
    """Bring the figures up to date."""
    metrics.single("bot_remote_connected").value = float(counts.connected)
    metrics.single("bot_remote_lost_total").value = counts.lost
    ages: Mapping[str, float] = {agent: (now_ns - said_ns) / SECOND_NS for agent, said_ns in counts.newest_ns.items()}
    for name, values in (
        ("bot_remote_taken_total", counts.taken),
        ("bot_remote_refused_total", counts.refused),
        ("bot_remote_age_seconds", ages),
    ):
        for label, value in values.items():
            metrics.labelled(name).set(label, value)
