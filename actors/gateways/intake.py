"""The frames of one connection epoch, parsed and judged: what of them may be believed.

The live feed handler and the inspection of recordings pass every frame through here, so that what an inspection proves
holds for the live path. A book is valid from its snapshot until a gap on the stream that carries it; changes of a book
that is void are counted and go no further.
"""

from collections.abc import Iterable
from typing import NamedTuple

from actors.gateways.sequence_guard import SequenceGuard, Verdict
from contracts.market import BookDelta, BookSnapshot
from contracts.ports import Parser
from contracts.wire import MarketRow, Parsed, RawFrame


class Taken(NamedTuple):
    """One frame understood.

    `rows` may be believed, in this order. `refused` changes belonged to void books; `voided` are the books that a gap
    has just made void, `regained` those that a snapshot has just made valid after one.
    """

    parsed: Parsed
    verdict: Verdict | None
    rows: tuple[MarketRow, ...]
    refused: int = 0
    voided: tuple[str, ...] = ()
    regained: tuple[str, ...] = ()


class Intake:
    """One epoch: its parser, its guard, and which books are valid."""

    def __init__(self, parser: Parser, waiting_max: int) -> None:
        self._parser = parser
        self._guard = SequenceGuard(waiting_max)
        self._valid: dict[str, bool] = {}
        self._books_of: dict[str, dict[str, None]] = {}
        self.void: dict[str, None] = {}
        """Books that a gap made void and no snapshot has made valid since, in the order of their loss."""

    def take(self, frame: RawFrame) -> Taken:
        """Parse and judge the next frame of the epoch; raises MalformedFrame."""
        parsed = self._parser.parse(frame)
        sequence = parsed.sequence
        if sequence is None:
            return self._believe(parsed, None, parsed.rows)
        verdict = self._guard.judge(sequence, parsed)
        self._remember_books(sequence.stream, parsed.rows)
        match verdict.answer:
            case "next":
                return self._believe(parsed, verdict, parsed.rows)
            case "bridged":
                released = (row for waited in verdict.released for row in waited.rows)
                return self._believe(parsed, verdict, (*parsed.rows, *released))
            case "gap":
                return self._lose(
                    parsed, verdict, sequence.stream, waits=sequence.rule != "consecutive" and sequence.first > 0
                )
            case _:
                return Taken(parsed, verdict, ())

    def waiting(self) -> int:
        """How many frames wait for a snapshot."""
        return self._guard.waiting()

    def _lose(self, parsed: Parsed, verdict: Verdict, stream: str, *, waits: bool) -> Taken:
        """A gap: the stream's books are void; the rows of the frame itself are new and count, unless they wait."""
        voided = tuple(symbol for symbol in self._books_of.get(stream, ()) if self._valid.get(symbol, False))
        for symbol in self._books_of.get(stream, ()):
            self._valid[symbol] = False
            self.void[symbol] = None
        taken = self._believe(parsed, verdict, () if waits else parsed.rows)
        return taken._replace(voided=voided)

    def _believe(self, parsed: Parsed, verdict: Verdict | None, rows: Iterable[MarketRow]) -> Taken:
        rows = tuple(rows)
        if not any(isinstance(row, BookDelta | BookSnapshot) for row in rows):
            return Taken(parsed, verdict, rows)
        kept: list[MarketRow] = []
        regained: list[str] = []
        for row in rows:
            if isinstance(row, BookSnapshot):
                self._valid[row.symbol] = True
                if row.symbol in self.void:
                    del self.void[row.symbol]
                    regained.append(row.symbol)
            elif isinstance(row, BookDelta) and not self._valid.get(row.symbol, False):
                continue
            kept.append(row)
        return Taken(parsed, verdict, tuple(kept), len(rows) - len(kept), (), tuple(regained))

    def _remember_books(self, stream: str, rows: tuple[MarketRow, ...]) -> None:
        for row in rows:
            if isinstance(row, BookDelta | BookSnapshot):
                self._books_of.setdefault(stream, {})[row.symbol] = None
