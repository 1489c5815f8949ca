"""What a recording holds and what is wrong with it, found by the parsers, guards and books of the live path.

Nothing is played: frames are read one after the other, as fast as they can be. Every gap, duplicate, swap, unreadable
frame and stall is named with the number of its frame. A swap shows twice: as a gap where the later frame came first,
and as a swap where the earlier one came after it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

import msgspec

from actors.gateways.book_print import RULE, BookPrinter
from actors.gateways.cross_checks import QuotesAgainstBook, TradeIds
from actors.gateways.faults import FaultLog
from actors.gateways.intake import Intake, Taken
from contracts.instrument import Universe
from contracts.market import BookDelta, BookSnapshot, Tick, Trade
from contracts.ports import Parser
from contracts.quantities import Nanos, Seconds, nanos, seconds
from contracts.wire import MalformedFrame, RawFrame
from contracts.wire import Sequence as Numbering
from quant.order_book import OrderBook

WAITING_MAX: Final = 4096


class Inspectable(Protocol):
    """A recording that can be read without a clock."""

    @property
    def universe(self) -> Universe:
        """The instruments in it."""

    def parser(self, epoch: int) -> Parser:
        """A fresh parser for a connection."""

    def frames(self) -> Iterator[RawFrame]:
        """All frames in time order; epochs count its connections."""

    def summary(self) -> dict[str, Any]:
        """What the container itself says: records by kind, first time, span, connections."""


def inspect(recording: Inspectable, checkpoints: Sequence[int] = (), stall_s: Seconds = 5.0) -> dict[str, Any]:
    """Everything found, as plain JSON values; `checkpoints` are numbers after whose frame the books are hashed.

    A checkpoint is the venue's own number where one counter runs over all frames of a connection, else the number of
    the frame. A stall is more than `stall_s` between two frames.
    """
    inspection = Inspection(recording, checkpoints, nanos(stall_s))
    for frame in recording.frames():
        inspection.look(frame)
    return inspection.found()


class Inspection:
    """The state of one inspection; `look` at every frame, then ask for `found`."""

    def __init__(self, recording: Inspectable, checkpoints: Sequence[int], stall_ns: Nanos) -> None:
        self._recording = recording
        self._stall_ns = stall_ns
        self._wanted = dict.fromkeys(checkpoints)
        self._printers = {item.symbol: BookPrinter(item) for item in recording.universe.instruments}
        self._books = {symbol: OrderBook() for symbol in recording.universe.symbols}
        self._epoch = 0
        self._intake: Intake
        self._before_ns: Nanos | None = None
        self._largest = 0
        self._kinds: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._checkpoints: dict[str, dict[str, Any]] = {}
        self._snapshots: dict[str, dict[str, Any]] = {}
        self._quotes = QuotesAgainstBook()
        self._trades = TradeIds()
        self._crossed = 0
        self._unheld = 0
        self._depth_gaps = 0
        self._span: tuple[int, int] | None = None
        self._faults = FaultLog()

    def look(self, frame: RawFrame) -> None:
        """Take the next frame."""
        self._look_at_time(frame)
        if frame.epoch != self._epoch:
            self._epoch, self._intake = frame.epoch, Intake(self._recording.parser(frame.epoch), WAITING_MAX)
            self._clear(tuple(self._books))
        self._largest = max(self._largest, len(frame.data))
        try:
            taken = self._intake.take(frame)
        except MalformedFrame as error:
            self._faults.add(frame, "garbage", "", str(error))
            return
        self._look_at_place(frame, taken)
        for row in taken.rows:
            match row:
                case BookSnapshot() | BookDelta():
                    self._apply(frame, row)
                case Trade():
                    self._trade(frame, row, taken.parsed.sequence)
                case Tick() if taken.parsed.sequence is not None and taken.parsed.sequence.rule == "chain":
                    self._quotes.said(row, taken.parsed.sequence.last)
        self._look_at_checkpoint(frame, taken)

    def found(self) -> dict[str, Any]:
        """What was found, with the fields of the kind of feed it was: one counter for all, or chains with snapshots."""
        common = {
            **self._recording.summary(),
            "gaps": self._faults.counts["gap"],
            "crossed": self._crossed,
            "trade_id_gaps": self._trades.gaps,
            "final_bbo": {symbol: self._printers[symbol].best(book) for symbol, book in self._books.items()},
            "malformed": self._faults.counts["garbage"],
            "not_believed": dict(self._refused),
            "fault_counts": dict(self._faults.counts),
            "faults": [msgspec.to_builtins(fault) for fault in self._faults.kept],
        }
        return common | (self._chained() if self._snapshots or self._span is None else self._counted())

    def _counted(self) -> dict[str, Any]:
        first, last = self._span or (0, -1)
        holes = self._faults.counts["gap"]
        return {
            "channels": dict(self._kinds),
            "sequence_num": f"{first}..{last}" + (f", holes: {holes}" if holes else " without a hole"),
            "largest_frame_bytes": self._largest,
            "trades_in_updates": dict(self._trades.counts),
            "book_hash_rule": RULE,
            "checkpoints": self._checkpoints,
        }

    def _chained(self) -> dict[str, Any]:
        return {
            "streams": dict(self._kinds),
            "rest_snapshots": self._snapshots,
            "depth_gaps": self._depth_gaps,
            "zero_qty_for_unknown_level": self._unheld,
            "bookTicker_equals_book_at_same_u": dict(self._quotes.counts),
            "trades": dict(self._trades.counts),
        } | ({"checkpoints": self._checkpoints} if self._checkpoints else {})

    def _look_at_time(self, frame: RawFrame) -> None:
        before_ns, self._before_ns = self._before_ns, frame.received_ns
        if before_ns is None:
            return
        passed_s = seconds(frame.received_ns - before_ns)
        if frame.received_ns - before_ns > self._stall_ns:
            self._faults.add(frame, "stall", "", f"nothing for {passed_s:.3f} s before this frame")
        elif passed_s < 0:
            self._faults.add(frame, "swap", "", f"received {-passed_s:.6f} s before the frame before it")

    def _look_at_place(self, frame: RawFrame, taken: Taken) -> None:
        sequence, verdict = taken.parsed.sequence, taken.verdict
        if sequence is None or verdict is None:
            self._kinds[_channel(taken)] += 1
            return
        if sequence.rule == "snapshot":
            self._note_snapshot(taken)
        else:
            self._kinds[_channel(taken)] += 1
        if sequence.rule == "consecutive" and sequence.first == 0:
            self._span = (self._span or (sequence.last, 0))[0], max(sequence.last, (self._span or (0, 0))[1])
        match verdict.answer:
            case "gap":
                self._faults.add(frame, "gap", sequence.stream, f"expected {verdict.expected}, was {verdict.was}")
                self._depth_gaps += sequence.rule != "consecutive" and sequence.first > 0
                if any(isinstance(row, Trade) and row.trade_id == sequence.last for row in taken.parsed.rows):
                    self._trades.gap(taken.parsed.rows[0].symbol)
                self._clear(taken.voided)
            case "duplicate":
                self._faults.add(frame, "duplicate", sequence.stream, f"{sequence.last} came again")
            case "late":
                self._faults.add(frame, "swap", sequence.stream, f"{sequence.last} came after {verdict.expected - 1}")
            case _:
                pass
        if taken.refused:
            self._refused["void"] += 1
        elif taken.parsed.rows and not taken.rows:
            self._refused[verdict.answer] += 1

    def _note_snapshot(self, taken: Taken) -> None:
        for row in taken.parsed.rows:
            if isinstance(row, BookSnapshot) and taken.verdict is not None and taken.verdict.answer == "bridged":
                self._snapshots[row.symbol] = {
                    "lastUpdateId": row.last_id,
                    "levels": [len(row.bid_ticks), len(row.ask_ticks)],
                    "buffered": taken.verdict.buffered,
                    "dropped": taken.verdict.dropped,
                }

    def _apply(self, frame: RawFrame, row: BookSnapshot | BookDelta) -> None:
        book = self._books[row.symbol]
        apply = book.apply_snapshot if isinstance(row, BookSnapshot) else book.apply_delta
        unheld = book.unheld_deletes
        apply(row.bid_ticks.values, row.bid_lots.values, row.ask_ticks.values, row.ask_lots.values)
        if row.frame == frame.number:  # updates that waited for the snapshot are apart from those that came after it
            self._unheld += book.unheld_deletes - unheld
        if book.crossed():
            self._crossed += 1
            self._faults.add(frame, "crossed", row.symbol, f"the book is crossed after update {row.last_id}")
        self._quotes.reached(row.symbol, row.last_id, book, compare=isinstance(row, BookDelta))

    def _trade(self, frame: RawFrame, row: Trade, sequence: Numbering | None) -> None:
        guarded = sequence is not None and sequence.last == row.trade_id
        wrong = self._trades.note(row.symbol, row.trade_id, guarded=guarded)
        if wrong:
            self._faults.add(frame, "duplicate", row.symbol, wrong)

    def _look_at_checkpoint(self, frame: RawFrame, taken: Taken) -> None:
        sequence = taken.parsed.sequence
        counts_all = sequence is not None and sequence.rule == "consecutive" and sequence.first == 0
        number = sequence.last if sequence is not None and counts_all else frame.number
        if number in self._wanted:
            self._checkpoints[str(number)] = {
                symbol: self._printers[symbol].checkpoint(book) for symbol, book in self._books.items()
            }

    def _clear(self, symbols: Sequence[str]) -> None:
        for symbol in symbols:
            self._books[symbol].clear()


def _channel(taken: Taken) -> str:
    return taken.parsed.kind.partition(":")[0]
