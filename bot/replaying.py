"""Replaying a run: verify its journal, build the same assembly without an outside, and compare every byte."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.journal.disk import Disk, PosixDisk
from adapters.journal.reader import Verification, current, records, verify
from adapters.journal.record import Record
from adapters.journal.scan import Scan
from adapters.journal.tail import torn_tail
from bot.runs import RunsUnusable
from contracts import codec
from contracts.envelope import Envelope
from contracts.life import Poisoned, RunStarted
from runtime.bus import Bus
from runtime.fingerprint import differences
from runtime.replay import Comparer, Diverged, Divergence, Replay, poisoned_seqs

TOLERANCE: Final = 1e-9
"""How far floats may differ on another fingerprint, relatively and absolutely."""


_MARKING: Final = (RunStarted.__name__, Poisoned.__name__)


class JournalEmpty(Exception):
    """The run has no journal to replay; exit code 3."""


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay found.

    `byte_identical` is claimed only on the fingerprint of the recording and when every byte agreed; `decisions` counts
    the decisions that agreed before the first divergence, if there is one.
    """

    run: str
    epochs: int
    records: int
    decisions: int
    byte_identical: bool
    within_tolerance: bool
    decision_hash: str
    fingerprint_equal: bool
    fingerprint_differences: tuple[str, ...]
    code_equal: bool
    divergence: Divergence | None


class RunIdentity(msgspec.Struct, frozen=True):
    """What the process that replays is made of, to be held against the run's."""

    code: str
    fingerprint: dict[str, str]


Watch = Callable[[Iterator[Record]], Iterator[Record]]
"""Looks at the records of a replay as they go by, to say how far it came."""


def _unwatched(going_by: Iterator[Record]) -> Iterator[Record]:
    return going_by


class _Nowhere:
    """A journal for what a cut turn would have said next: nobody knows whether it did."""

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        """Forget it."""

    def end_turn(self) -> None:
        """Forget it."""

    async def durable(self, seq: int) -> None:
        """Nothing waits for it."""

    def close(self) -> None:
        """Nothing is open."""


class _ReadDisk(PosixDisk):
    """A journal that is only read; says how many bytes at a time."""

    def __init__(self, directory: Path, heard: Callable[[int], None]) -> None:
        super().__init__(directory)
        self._heard = heard

    def read(self, name: str) -> bytes:
        data = super().read(name)
        self._heard(len(data))
        return data


def journal_of(run: Path, heard: Callable[[int], None] = lambda size: None) -> PosixDisk:
    """The journal directory of a run, to be read; `heard` is told the size of every piece that was.

    Raises JournalEmpty where there is none, RunsUnusable where it cannot be read.
    """
    directory = run / "journal"
    if not directory.exists():
        raise JournalEmpty(f"{run} holds no journal: it is no run, or one of an older layout")
    try:
        return _ReadDisk(directory, heard)
    except OSError as error:
        raise RunsUnusable(f"{directory} cannot be read: {error.strerror}") from error


def journal_bytes(run: Path) -> int:
    """The size of a run's journal."""
    return sum(path.stat().st_size for path in (run / "journal").glob("*.seg"))


def verify_run(run: Path, heard: Callable[[int], None] = lambda size: None) -> Verification:
    """Walk a run's journal; `problems` names every place where it was altered."""
    return verify(journal_of(run, heard))


def starts(disk: Disk) -> tuple[RunStarted, ...]:
    """One `RunStarted` per epoch."""
    return _starts(records(disk))


def replay_run(
    run: Path, bus_of: Callable[[Comparer, Callable[[], int]], Bus], here: RunIdentity, watch: Watch = _unwatched
) -> ReplayReport:
    """Replay a run; the caller has verified it.

    `bus_of` builds the run's bus around a journal and a clock. A last turn that was cut, by a crash or because the run
    still goes on, is compared as far as it was recorded. Raises JournalDamaged, and JournalEmpty where nothing is.
    """
    disk = journal_of(run)
    scan = Scan(disk)
    marking = [current(record) for record in scan.records() if record.type in _MARKING]
    torn_tail(disk, scan)
    epochs = _starts(marking)
    if not epochs:
        raise JournalEmpty(f"{run} holds no recorded message: was the run started?")
    unlike = differences(epochs[-1].fingerprint, here.fingerprint)
    comparer = Comparer(beyond=_Nowhere(), tolerance=TOLERANCE if unlike else 0.0)
    player = Replay(comparer)
    divergence: Divergence | None = None
    try:
        player.run(
            bus_of(comparer, player.now),
            watch(records(disk)),
            poisoned=poisoned_seqs(marking),
            unfinished=bool(scan.unfinished),
        )
    except Diverged as found:
        divergence = found.divergence
    return ReplayReport(
        run=epochs[-1].run,
        epochs=len(epochs),
        records=comparer.compared,
        decisions=comparer.decisions,
        byte_identical=divergence is None and comparer.exact and not unlike,
        within_tolerance=divergence is None,
        decision_hash=comparer.hash.hexdigest(),
        fingerprint_equal=not unlike,
        fingerprint_differences=unlike,
        code_equal=all(epoch.code == here.code for epoch in epochs),
        divergence=divergence,
    )


def _starts(found: Iterable[Record]) -> tuple[RunStarted, ...]:
    name = RunStarted.__name__
    return tuple(_started(codec.decode(name, record.payload)) for record in found if record.type == name)


def _started(message: Any) -> RunStarted:
    assert isinstance(message, RunStarted), "the type was asked for"
    return message
