"""The mirror's figures on `/metrics` and in `bot status`: what it last said of itself in its file beside the run."""

from pathlib import Path
from typing import Any, Final

from adapters.kafka.state import MirrorState, last
from bot.mirror.places import state_file
from bot.profile import Profile
from runtime.metrics import Metric, Metrics

MIRROR_METRICS: Final[tuple[Metric, ...]] = (
    Metric(name="bot_mirror_up", kind="gauge", help="1 while the brokers take what the mirror sends"),
    Metric(name="bot_mirror_lag_records", kind="gauge", help="Messages of the journal that the brokers have not yet"),
    Metric(
        name="bot_mirror_lag_seconds", kind="gauge", help="Time between the newest message and the last one mirrored"
    ),
    Metric(name="bot_mirror_acked_seq", kind="gauge", help="Last message that the brokers have for good"),
    Metric(name="bot_mirror_records", kind="gauge", help="Records of this run that were acknowledged"),
    Metric(name="bot_mirror_retries", kind="gauge", help="Failures of this mirror process after which it began anew"),
    Metric(name="bot_mirror_rebuilds", kind="gauge", help="Producers that this mirror process has thrown away"),
    Metric(name="bot_mirror_dead_letters", kind="gauge", help="Messages of this run that could not be mirrored"),
)


class MirrorWatch:
    """Reads the state of a run's mirror; says nothing where the profile has no Kafka."""

    def __init__(self, profile: Profile, run: Path) -> None:
        self._file = None if profile.kafka is None else state_file(run, profile.kafka.env)

    def measure(self, metrics: Metrics) -> None:
        """Bring the gauges up to date, the lag up to the journal's last message."""
        state = self._state()
        if state is None:
            return
        journal_seq = max(state.journal_seq, int(metrics.single("bot_journal_seq").value))
        metrics.single("bot_mirror_up").value = float(state.state == "mirroring")
        metrics.single("bot_mirror_lag_records").value = max(0, journal_seq - state.acked_seq)
        metrics.single("bot_mirror_lag_seconds").value = state.lag_s
        metrics.single("bot_mirror_acked_seq").value = state.acked_seq
        metrics.single("bot_mirror_records").value = state.records
        metrics.single("bot_mirror_retries").value = state.retries
        metrics.single("bot_mirror_rebuilds").value = state.rebuilds
        metrics.single("bot_mirror_dead_letters").value = state.dead_letters

    def told(self) -> dict[str, Any]:
        """How the mirror stands, in a few words; nothing where there is none."""
        state = self._state()
        if state is None:
            return {}
        return {
            "state": state.state,
            "acked_seq": state.acked_seq,
            "lag_records": state.lag_records,
            "lag_s": round(state.lag_s, 3),
            "dead_letters": state.dead_letters,
            "error": state.error,
        }

    def _state(self) -> MirrorState | None:
        return None if self._file is None else last(self._file)
