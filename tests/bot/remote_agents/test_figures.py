"""What the door took and refused is on the page of figures."""

from actors.gateways.remote_signals import RemoteCounts
from bot.remote_agents.figures import REMOTE_METRICS, measure_remote
from runtime.metrics import Metrics
from tests.kit.market import at


def test_everything_counted_is_exported() -> None:
    metrics = Metrics(REMOTE_METRICS, {})
    counts = RemoteCounts(connected=True, lost=2, taken={"far": 30}, refused={"too_old": 4}, newest_ns={"far": at(0)})
    measure_remote(metrics, counts, at(1.5))
    page = metrics.exposition().decode()
    for line in (
        "bot_remote_connected 1.0",
        "bot_remote_lost_total 2.0",
        'bot_remote_taken_total{agent="far"} 30.0',
        'bot_remote_refused_total{reason="too_old"} 4.0',
        'bot_remote_age_seconds{agent="far"} 1.5',
    ):
        assert line in page
