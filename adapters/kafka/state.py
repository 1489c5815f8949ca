"""How a mirror stands: what it says about once a second, in a file beside the run and on `/metrics`."""

from pathlib import Path
from typing import Literal

import msgspec

from contracts.quantities import SECOND_NS, Nanos, Seconds


class MirrorState(msgspec.Struct, kw_only=True):
    """The figures of one mirror at `said_ns`.

    `journal_seq` and `journal_ns` are the newest message known to be in the journal, `acked_*` the last one that the
    brokers have for good; `records` are all that were acknowledged for this run, `retries` and `rebuilds` those of
    this process.
    """

    run: str
    env: str
    state: Literal["connecting", "mirroring", "away", "ended", "stopped"] = "connecting"
    acked_seq: int = 0
    acked_ns: Nanos = 0
    journal_seq: int = 0
    journal_ns: Nanos = 0
    records: int = 0
    retries: int = 0
    rebuilds: int = 0
    dead_letters: int = 0
    error: str = ""
    said_ns: Nanos = 0

    @property
    def lag_records(self) -> int:
        """How many messages the brokers do not have yet."""
        return max(0, self.journal_seq - self.acked_seq)

    @property
    def lag_s(self) -> Seconds:
        """The time between the newest message and the last one that the brokers have."""
        return max(0, self.journal_ns - self.acked_ns) / SECOND_NS if self.lag_records and self.acked_ns else 0.0


def keep(path: Path, state: MirrorState) -> None:
    """Write the state where others read it: whole, but not for after a power cut."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(msgspec.json.encode(state))
    fresh.replace(path)


def last(path: Path) -> MirrorState | None:
    """The state that was last written; None where there is none, or none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=MirrorState)
    except (OSError, msgspec.MsgspecError):
        return None


def named(error: BaseException) -> str:
    """The error in its words after its name, which some begin with themselves."""
    told, kind = str(error), type(error).__name__
    return told if told.startswith(kind) else f"{kind}: {told}".rstrip(": ")
