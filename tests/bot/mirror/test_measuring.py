"""The figures of a mirror are those it last said of itself, the lag up to what the journal has now."""

from pathlib import Path

from adapters.kafka.state import MirrorState, keep
from bot.mirror.measuring import MIRROR_METRICS, MirrorWatch
from bot.mirror.places import places_of
from bot.profile import load
from runtime.metrics import MACHINE_METRICS, Metrics
from tests.bot.mirror.test_places import KAFKA


def test_the_lag_is_measured_up_to_the_newest_message(tmp_path: Path) -> None:
    metrics = Metrics((*MACHINE_METRICS, *MIRROR_METRICS), {})
    metrics.single("bot_journal_seq").value = 120
    state = MirrorState(run="a/a-000001", env="test", state="mirroring", acked_seq=100, journal_seq=110, dead_letters=2)
    keep(places_of(tmp_path, "test").state, state)

    watch = MirrorWatch(load("canary", KAFKA), tmp_path)
    watch.measure(metrics)

    assert metrics.single("bot_mirror_lag_records").value == 20
    assert metrics.single("bot_mirror_up").value == 1
    assert metrics.single("bot_mirror_dead_letters").value == 2
    assert b"bot_mirror_acked_seq 100.0" in metrics.exposition()
    assert watch.told()["lag_records"] == 10


def test_without_kafka_or_before_a_mirror_there_is_nothing_to_tell(tmp_path: Path) -> None:
    metrics = Metrics((*MACHINE_METRICS, *MIRROR_METRICS), {})
    for profile in (load("canary", {}), load("canary", KAFKA)):
        watch = MirrorWatch(profile, tmp_path)
        watch.measure(metrics)
        assert watch.told() == {}
    assert metrics.single("bot_mirror_up").value == 0
