"""Why an order was sent: the chain from its fills back to the raw frames, from the journal alone."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from adapters.journal.record import Record
from bot.logging import utc
from contracts import codec
from contracts.belief import FeatureFrame, SignalFrame, Slate
from contracts.column import Column
from contracts.context import ContextFrame
from contracts.decision import Intent, Selection, TargetFrame
from contracts.instrument import Universe
from contracts.market import BarFrame, BookFrame, MarkFrame, PerpFrame, TradeFrame, UniverseChanged
from contracts.topics import TABLE
from contracts.trade import Order

ABOUT_AN_ORDER: Final = frozenset(
    topic.payload.__name__ for topic in TABLE if topic.name.startswith("trade.") and topic.key == "client_id"
)

FRAMES_OF_THE_MARKET: Final = (MarkFrame, BarFrame, TradeFrame, PerpFrame, ContextFrame, BookFrame)


class OrderNotFound(Exception):
    """No order of that id is in the journal; exit code 3."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the chain, reduced to what it says about the order's instrument."""

    step: str
    seq: int
    turn: int
    cause: int
    at: str
    source: str
    type: str
    says: dict[str, Any]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The chain, last thing first: fills, order, intent, selection, slate, signals, features, marks, raw rows."""

    client_id: str
    symbol: str
    chain: tuple[Link, ...]


def why(read: Callable[[], Iterable[Record]], client_id: str, run: str = "this journal") -> Explanation:
    """Explain an order of `run`; `read` starts a fresh walk over its records. Raises OrderNotFound with near ids."""
    history = _history(read(), client_id)
    order_record = next((record for record in history if record.type == Order.__name__), None)
    if order_record is None:
        raise OrderNotFound(f"order {client_id[:80]!r} is not in {run}, {_some_ids(read(), client_id)}")
    order = _message(order_record, Order)
    chain = _Chain(read, order.symbol, before=order_record.seq)
    links = [_link("order life", record, order.symbol, None) for record in reversed(history)]
    links += chain.of(order.intent_seq)
    return Explanation(client_id=client_id, symbol=order.symbol, chain=tuple(links))


class _Chain:
    """Follows seqs backwards in two walks over the journal: the decision's messages, then the raw rows."""

    def __init__(self, read: Callable[[], Iterable[Record]], symbol: str, before: int) -> None:
        self._read = read
        self._symbol = symbol
        self._before = before

    def of(self, intent_seq: int) -> Iterator[Link]:
        kept, universe = self._decision_records()
        column = universe.positions[self._symbol]
        intent_record = kept[intent_seq]
        intent = _message(intent_record, Intent)
        yield _link("intent", intent_record, self._symbol, None)
        chosen = (kept[seq] for seq in (*intent.based_on, intent_record.cause) if _is(kept, seq, Selection))
        selection = next(chosen, None)
        if selection is None:
            yield from self._unchosen(intent_record, intent, kept, column)
            return
        yield _link("selection", selection, self._symbol, None)
        slate = kept[_message(selection, Selection).slate_seq]
        yield _link("slate", slate, self._symbol, column)
        signals = [kept[seq] for seq in _message(slate, Slate).based_on if _is(kept, seq, SignalFrame)]
        rows: list[int] = []
        features: dict[int, None] = {}
        for signal in signals:
            yield _link("signal", signal, self._symbol, column)
            based_on = _message(signal, SignalFrame).based_on
            features.update(dict.fromkeys(seq for seq in based_on if _is(kept, seq, FeatureFrame)))
        marks: dict[int, Record] = {intent.mark_seq: kept[intent.mark_seq]}
        for seq in features:
            yield _link("features", kept[seq], self._symbol, None)
            marks.update((other.seq, other) for other in kept.values() if _is_frame_before(other, kept[seq]))
        for record in sorted(marks.values(), key=lambda each: -each.seq):
            yield _link("marks", record, self._symbol, column)
            rows += _row_seqs(record, column)
        yield from self._at(frozenset(rows), "raw row")

    def _unchosen(self, record: Record, intent: Intent, kept: dict[int, Record], column: int) -> Iterator[Link]:
        """No selection chose it: a strategy wanted it, or a position is closed because of what was said before."""
        targets = next((kept[seq] for seq in intent.based_on if _is(kept, seq, TargetFrame)), None)
        rows: list[int] = []
        if targets is None:
            yield from self._at(frozenset((record.cause,)), "cause")
        else:
            yield _link("targets", targets, self._symbol, column)
            heard = _message(targets, TargetFrame).based_on
            bars = [kept[seq] for seq in heard if _is(kept, seq, BarFrame)]
            yield from (_link("bar", each, self._symbol, column) for each in bars)
            rows += [seq for seq in heard if seq not in kept]
        if intent.mark_seq in kept:
            yield _link("marks", kept[intent.mark_seq], self._symbol, column)
            rows += _row_seqs(kept[intent.mark_seq], column)
        yield from self._at(frozenset(rows), "raw row")

    def _decision_records(self) -> tuple[dict[int, Record], Universe]:
        """Everything but raw market rows up to the order, of the turns that may matter, and the universe then."""
        kept: dict[int, Record] = {}
        universe: Universe | None = None
        wanted = {kind.__name__ for kind in (Intent, Selection, TargetFrame, Slate, SignalFrame, *FRAMES_OF_THE_MARKET)}
        for record in self._read():
            if record.seq > self._before:
                break
            if record.type == UniverseChanged.__name__:
                universe = _message(record, UniverseChanged).universe
            if record.type in wanted or record.type == "FeatureFrame":
                kept[record.seq] = record
        assert universe is not None, "an order names an instrument of a universe"
        return kept, universe

    def _at(self, seqs: frozenset[int], step: str) -> Iterator[Link]:
        for record in self._read():
            if record.seq in seqs:
                yield _link(step, record, self._symbol, None)
            if record.seq > self._before:
                break


def _is(kept: dict[int, Record], seq: int, kind: type[msgspec.Struct]) -> bool:
    return seq in kept and kept[seq].type == kind.__name__


def _is_frame_before(record: Record, features: Record) -> bool:
    """Frames of the market that were said in the same turn as the features, before them."""
    frames = [each.__name__ for each in FRAMES_OF_THE_MARKET]
    return record.type in frames and record.turn == features.turn and record.seq < features.seq


def _row_seqs(record: Record, column: int) -> list[int]:
    if not record.kept:
        return []
    message: Any = codec.decode(record.type, record.payload)
    named = [getattr(message, name) for name in ("tick_seq", "book_seq") if hasattr(message, name)]
    return [int(each[column]) for each in named if int(each[column]) > 0]


def _history(records: Iterable[Record], client_id: str) -> list[Record]:
    """Every message about one order, oldest first."""
    found = []
    for record in records:
        if record.type in ABOUT_AN_ORDER and client_id.encode() in record.payload:
            message: Any = codec.decode(record.type, record.payload)
            if message.client_id == client_id:
                found.append(record)
    return found


def _some_ids(records: Iterable[Record], wanted: str) -> str:
    """What there is instead: the nearest ids, or the last one."""
    ids = [_message(record, Order).client_id for record in records if record.type == Order.__name__]
    if not ids:
        return "which has no order at all; name another run with --run"
    near = difflib.get_close_matches(wanted, ids, n=3, cutoff=0.8)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"which has {len(ids)} order{'s' if len(ids) > 1 else ''}, the last is {ids[-1]}"


def _message(record: Record, kind: type[Any]) -> Any:
    message = codec.decode(record.type, record.payload)
    assert isinstance(message, kind), f"seq {record.seq} is a {record.type}, expected {kind.__name__}"
    return message


def _link(step: str, record: Record, symbol: str, column: int | None) -> Link:
    return Link(
        step=step,
        seq=record.seq,
        turn=record.turn,
        cause=record.cause,
        at=utc(record.at_ns),
        source=record.source,
        type=record.type,
        says=_says(record, symbol, column),
    )


def _says(record: Record, symbol: str, column: int | None) -> dict[str, Any]:
    """The message's fields; of a frame only the instrument's column, of a selection only its pick."""
    if not record.kept:
        return {"digest": record.payload.hex()}
    message = codec.decode(record.type, record.payload)
    fields = {name: getattr(message, name) for name in message.__struct_fields__}
    if isinstance(message, Selection):
        fields = {
            "decision": message.decision,
            "rank": next((rank for rank, pick in enumerate(message.picks) if pick.symbol == symbol), None),
            "pick": next((pick for pick in message.picks if pick.symbol == symbol), None),
            "picks": tuple(pick.symbol for pick in message.picks),
            "runners_up": tuple(pick.symbol for pick in message.runners_up),
            "slate_seq": message.slate_seq,
        }
    said = {name: _cell(value, column) for name, value in fields.items()}
    if isinstance(message, Slate) and column is not None:
        said |= _blended(message, column)
    return said


def _blended(slate: Slate, column: int) -> dict[str, Any]:
    """What of a slate is no plain column: who weighs how much, in every regime and at every level."""
    stack, experts = slate.stack.values, slate.expert_weights.values
    said: dict[str, Any] = {
        "weights": dict(zip(slate.agents, slate.weights.values[:, column].tolist(), strict=True)),
        "quantiles": slate.quantiles.values[:, column].tolist(),
        "levels": slate.levels.values.tolist(),
        "regimes": slate.regimes.values.tolist(),
    }
    if stack.size:
        said["stack"] = [dict(zip(slate.agents, row, strict=True)) for row in stack.tolist()]
    if experts.size:
        said["expert_weights"] = [dict(zip(slate.experts, row, strict=True)) for row in experts.tolist()]
    return said


def _cell(value: Any, column: int | None) -> Any:
    """A column's entry for the instrument, anything else as it is."""
    if isinstance(value, Column):
        if column is None or value.values.ndim > 1 or column >= len(value):
            return None
        return value.values[column].item()
    return value
