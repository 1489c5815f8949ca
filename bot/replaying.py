"""Replaying a run: verify its journal, build the same assembly without an outside, and compare every byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.journal.disk import Disk, PosixDisk
from adapters.journal.reader import Verification, records, verify
from contracts import codec
from contracts.life import RunStarted
from runtime.bus import Bus
from runtime.fingerprint import differences
from runtime.replay import Comparer, Diverged, Divergence, Replay, poisoned_seqs

TOLERANCE: Final = 1e-9
"""How far floats may differ on another fingerprint, relatively and absolutely."""


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


def journal_of(run: Path) -> PosixDisk:
    """The journal directory of a run."""
    return PosixDisk(run / "journal")


def verify_run(run: Path) -> Verification:
    """Walk a run's journal; `problems` names every place where it was altered."""
    return verify(journal_of(run))


def starts(disk: Disk) -> tuple[RunStarted, ...]:
    """One `RunStarted` per epoch."""
    found = (record for record in records(disk) if record.type == RunStarted.__name__)
    return tuple(_started(codec.decode(record.type, record.payload)) for record in found)


def replay_run(run: Path, bus_of: Callable[[Comparer, Callable[[], int]], Bus], here: RunIdentity) -> ReplayReport:
    """Replay a run; the caller has verified it.

    `bus_of` builds the run's bus around a journal and a clock. Raises JournalEmpty where nothing was recorded.
    """
    disk = journal_of(run)
    epochs = starts(disk)
    if not epochs:
        raise JournalEmpty(f"{run} holds no recorded message: was the run started?")
    unlike = differences(epochs[-1].fingerprint, here.fingerprint)
    comparer = Comparer(tolerance=TOLERANCE if unlike else 0.0)
    player = Replay(comparer)
    divergence: Divergence | None = None
    try:
        player.run(bus_of(comparer, player.now), records(disk), poisoned=poisoned_seqs(records(disk)))
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


def _started(message: Any) -> RunStarted:
    assert isinstance(message, RunStarted), "the type was asked for"
    return message
