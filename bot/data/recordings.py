"""Recordings of venues and journals of runs as dated rows: through the live parsers and the live judge of gaps.

A row of a recording counts from when its frame was received, a row of a journal from when it was let in.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from actors.gateways.intake import Intake
from adapters.journal.reader import records
from adapters.journal.record import Record
from adapters.recorded.feed import RecordedFeed
from bot.replaying import journal_of
from contracts import codec
from contracts.context import ContextValue
from contracts.history import Dated
from contracts.instrument import Universe
from contracts.market import BookDelta, BookSnapshot, Perp, Tick, Trade, UniverseChanged
from contracts.wire import MalformedFrame
from runtime.clock import FixedClock

WAITING_MAX: Final = 4096
"""Frames that may wait for a snapshot."""

JOURNAL: Final = "journal"
ROWS: Final = frozenset(kind.__name__ for kind in (Tick, Trade, BookDelta, BookSnapshot, Perp, ContextValue))
_UNIVERSE: Final = UniverseChanged.__name__


class Told:
    """Rows of one source, the universe it speaks of, and how many frames could not be read."""

    def __init__(self) -> None:
        self.universes: list[Universe] = []
        self.malformed = 0
        self.refused = 0

    def recording(self, path: Path) -> Iterator[Dated]:
        """The rows of a recording; raises BadRecording."""
        feed = RecordedFeed(path, FixedClock())
        self.universes.append(feed.universe)
        epoch, intake = 0, Intake(feed.parser(1), WAITING_MAX)
        for frame in feed.frames():
            if frame.epoch != epoch:
                epoch, intake = frame.epoch, Intake(feed.parser(frame.epoch), WAITING_MAX)
            try:
                taken = intake.take(frame)
            except MalformedFrame:
                self.malformed += 1
                continue
            self.refused += taken.refused
            for row in taken.rows:
                yield Dated(frame.received_ns, row)

    def journal(self, run: Path) -> Iterator[Dated]:
        """The outside rows of a run's journal; raises JournalDamaged."""
        return self._rows_of(records(journal_of(run)))

    def _rows_of(self, found: Iterable[Record]) -> Iterator[Dated]:
        for record in found:
            if not record.kept or not record.outside:
                continue
            if record.type == _UNIVERSE:
                changed = codec.decode(record.type, record.payload)
                assert isinstance(changed, UniverseChanged)
                self.universes.append(changed.universe)
            elif record.type in ROWS:
                yield Dated(record.at_ns, codec.decode(record.type, record.payload))


def is_run(path: Path) -> bool:
    """Whether a path is the directory of a run."""
    return (path / JOURNAL).is_dir()
