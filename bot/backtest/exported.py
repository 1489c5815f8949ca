"""An export: the outside of a run in its order, without what the venue answered, and the decisions made of it.

DIR/export.json   what it was made of
DIR/profile.json  the profile of the run
DIR/journal/      every outside message but the venue's answers; its books and its state stay, for when they were told
DIR/decided/      the decisive messages, to be compared with
DIR/models/       the models the run had pinned, if any
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records
from adapters.journal.writer import JournalWriter
from bot.models.places import PINNED
from bot.profile import Profile, store, stored
from bot.replaying import journal_of
from bot.runs import PRIVATE, RunsUnusable, replace_file
from contracts import codec
from contracts.envelope import Envelope
from contracts.history import DatasetUnusable
from contracts.life import RunStarted
from contracts.quantities import Nanos
from contracts.topics import BY_TYPE_NAME, DECISIVE
from runtime.replay import DecisionHash

NOTE: Final = "export.json"
TOLD_ANEW: Final = frozenset(
    ("OrderNotSent", "OrderAccepted", "OrderRejected", "OrderUnknown", "OrderCancelled", "CancelRejected", "Fill")
) | {"OrderReport", "FundingPaid"}
"""What a venue answers to orders and takes for positions; a backtest over the export asks its own."""


class MadeOf(msgspec.Struct, frozen=True, kw_only=True):
    """What an export was made of."""

    run: str
    code: str
    messages: int
    decisive: int
    decision_hash: str
    from_ns: Nanos
    to_ns: Nanos


@dataclass(frozen=True)
class Export:
    """An export on the disk."""

    directory: Path
    made_of: MadeOf
    profile: Profile

    def outside(self) -> Iterator[tuple[Nanos, str, msgspec.Struct]]:
        """The messages in their order: time, source, payload."""
        for record in records(PosixDisk(self.directory / "journal")):
            yield record.at_ns, record.source, codec.decode(record.type, record.payload)

    def decided(self) -> Iterator[tuple[Nanos, msgspec.Struct]]:
        """The decisive messages in their order, with the time of each."""
        for record in records(PosixDisk(self.directory / "decided")):
            yield record.at_ns, codec.decode(record.type, record.payload)


def export_run(run: Path, into: Path, heard: Callable[[int], None]) -> Export:
    """Export a run into a new directory, whole or not at all; `heard` is told the size of every piece that was read.

    Raises RunsUnusable for a directory that is there or cannot be made, DatasetUnusable for a run that lived in several
    processes, that kept decisions alone or said nothing, and the errors of reading a journal.
    """
    if into.exists():
        raise RunsUnusable(f"{into} is there already; an export is written into a new directory")
    profile, making = stored(run), into.with_name(into.name + ".new")
    try:
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=PRIVATE, parents=True)
        made_of = _write(run, making, heard)
        store(profile, making)
        replace_file(making / NOTE, msgspec.json.format(msgspec.json.encode(made_of)) + b"\n")
        if (run / PINNED).is_dir():
            shutil.copytree(run / PINNED, making / PINNED)
        making.rename(into)
    except OSError as error:
        raise RunsUnusable(f"{into} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Export(into, made_of, profile)


def is_export(path: Path) -> bool:
    """Whether a path leads to an export rather than to a data set."""
    return (path / NOTE).is_file()


def opened_export(path: Path) -> Export:
    """An export that was written before; raises DatasetUnusable where it is damaged or of another version."""
    try:
        made_of = msgspec.json.decode((path / NOTE).read_bytes(), type=MadeOf)
    except (OSError, msgspec.DecodeError) as error:
        raise DatasetUnusable(f"{path} is no export that can be read: {error}") from error
    return Export(path, made_of, stored(path))


def _write(run: Path, making: Path, heard: Callable[[int], None]) -> MadeOf:
    outside, decided, decisions = _Kept(making / "journal"), _Kept(making / "decided"), DecisionHash()
    begun: RunStarted | None = None
    for record in records(journal_of(run, heard)):
        if record.outside and record.type not in TOLD_ANEW:
            said = _decoded(run, record.type, record.payload)
            if isinstance(said, RunStarted):
                if begun is not None:
                    raise DatasetUnusable(f"{run} lived in several processes: what the venue did between is not known")
                begun = said
            outside.keep(record.at_ns, record.source, said)
        elif BY_TYPE_NAME[record.type].payload in DECISIVE:
            said = codec.decode(record.type, record.payload)
            decisions.add(said)
            decided.keep(record.at_ns, record.source, said)
    if begun is None:
        raise DatasetUnusable(f"{run} said nothing, so there is nothing to export")
    outside.journal.close(seal=True)
    decided.journal.close(seal=True)
    return MadeOf(
        run=begun.run,
        code=begun.code,
        messages=outside.count,
        decisive=decided.count,
        decision_hash=decisions.hexdigest(),
        from_ns=outside.first_ns,
        to_ns=outside.last_ns,
    )


def _decoded(run: Path, name: str, payload: bytes) -> Any:
    if not payload:
        raise DatasetUnusable(f"{run} kept its decisions alone, without {name}: there is nothing to tell again")
    return codec.decode(name, payload)


class _Kept:
    """A journal of messages, each its own turn."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=PRIVATE)
        self.journal = JournalWriter(PosixDisk(directory), threaded=False)
        self.count = 0
        self.first_ns = self.last_ns = 0

    def keep(self, at_ns: Nanos, source: str, said: msgspec.Struct) -> None:
        self.count += 1
        self.first_ns, self.last_ns = self.first_ns or at_ns, at_ns
        self.journal.append(Envelope(self.count, self.count, 0, at_ns, source, said), outside=True)
        self.journal.end_turn()
