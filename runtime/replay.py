"""Replay: let a run's outside messages in again and hold all that is said against the record, byte for byte."""

import hashlib
import math
from collections import deque
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, Protocol

import msgspec

from contracts import codec
from contracts.column import Column
from contracts.decision import DecisionLog
from contracts.envelope import Envelope
from contracts.life import ActorFailed, Poisoned
from contracts.ports import Journal
from contracts.quantities import Nanos
from contracts.topics import BY_TYPE, DECISIVE
from runtime.bus import Bus

_PLACES: Final[dict[str, Any]] = {"slate_seq": 0, "mark_seq": 0, "intent_seq": 0, "based_on": ()}
"""The fields of decisive messages that hold numbers of other messages, and what stands for none."""


class Recorded(Protocol):
    """One record of a journal, whoever keeps it."""

    @property
    def seq(self) -> int: ...
    @property
    def turn(self) -> int: ...
    @property
    def cause(self) -> int: ...
    @property
    def at_ns(self) -> Nanos: ...
    @property
    def source(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def outside(self) -> bool: ...


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """The first place where what was said again differs from the record."""

    seq: int
    turn: int
    type: str
    source: str
    field: str
    recorded: str
    replayed: str


class Diverged(Exception):
    """Carries the first divergence."""

    def __init__(self, divergence: Divergence) -> None:
        self.divergence = divergence
        super().__init__(
            f"{divergence.type} from {divergence.source} at seq {divergence.seq} differs in {divergence.field}: "
            f"recorded {divergence.recorded}, replayed {divergence.replayed}"
        )


class DecisionHash:
    """BLAKE2b over the decisive messages in order: what was decided, not where in the record it stands.

    Envelopes and the numbers of other messages are left out, so that a second copy of a fill or a note of the process
    between two decisions does not look like another decision.
    """

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=32)

    def add(self, message: msgspec.Struct) -> None:
        """Take the next message; others than decisive ones are passed over."""
        kind = type(message)
        if kind in DECISIVE:
            self._hash.update(kind.__name__.encode() + codec.encode(unplaced(message)))

    def hexdigest(self) -> str:
        """The hash so far."""
        return self._hash.hexdigest()


def unplaced(message: msgspec.Struct) -> msgspec.Struct:
    """The message without the numbers of others that it names."""
    places = _places_of(type(message))
    return msgspec.structs.replace(message, **places) if places else message


@cache
def _places_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: _PLACES[name] for name in kind.__struct_fields__ if name in _PLACES}


class Comparer:
    """Stands in for the journal: compares each envelope to the next record.

    In an `open_ended` turn, the last of a process that died in it, what is said after the last record is new and goes
    to `beyond`. With a `tolerance`, floats may differ relatively by that much; the result then never claims bytes.
    """

    def __init__(self, beyond: Journal | None = None, tolerance: float = 0.0) -> None:
        self.expected: deque[Recorded] = deque()
        self.beyond = beyond
        self.open_ended = False
        self.tolerance = tolerance
        self.compared = 0
        self.exact = True
        self.decisions = 0
        self.hash = DecisionHash()

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        """Raises Diverged at the first difference."""
        if not self.expected and self.open_ended and self.beyond is not None:
            self.beyond.append(envelope, outside=outside)
            return
        payload = codec.encode(envelope.payload)
        if not self.expected:
            raise Diverged(_extra(envelope))
        record = self.expected.popleft()
        self._compare(record, envelope, payload)
        self.compared += 1
        self.hash.add(envelope.payload)
        if isinstance(envelope.payload, DecisionLog):
            self.decisions += 1

    def end_turn(self) -> None:
        """A turn is over: its records must all have been said."""
        if self.expected:
            raise Diverged(_missing(self.expected[0]))
        if self.open_ended and self.beyond is not None:
            self.beyond.end_turn()

    async def durable(self, seq: int) -> None:
        """Nothing here is for a disk."""

    def close(self) -> None:
        """Nothing here is for a disk."""

    def _compare(self, record: Recorded, envelope: Envelope[Any], payload: bytes) -> None:
        kind = type(envelope.payload)
        if record.type != kind.__name__:
            raise Diverged(_difference(record, "type", record.type, _named(envelope)))
        for field in ("seq", "turn", "cause", "at_ns", "source"):
            if getattr(record, field) != getattr(envelope, field):
                raise Diverged(_difference(record, field, getattr(record, field), getattr(envelope, field)))
        recorded = BY_TYPE[kind].recorded
        if recorded == "none" or payload == record.payload:
            return
        if recorded == "digest" and len(record.payload) == codec.DIGEST_BYTES:
            if codec.digest(payload) == record.payload:
                return
            if self.tolerance:
                self.exact = False
                return
            raise Diverged(_difference(record, "digest", record.payload.hex(), codec.digest(payload).hex()))
        self.exact = False
        was = codec.decode(record.type, record.payload)
        path = first_difference(was, envelope.payload, self.tolerance)
        if path is not None:
            raise Diverged(_difference(record, *path))


class Replay:
    """Feeds recorded turns to a bus built with a `Comparer` and a clock that shows the record's time."""

    def __init__(self, comparer: Comparer) -> None:
        self.comparer = comparer
        self.at_ns: Nanos = 0
        self.bus: Bus | None = None

    def now(self) -> Nanos:
        """The clock of the bus: the time of the record being let in."""
        return self.at_ns

    def run(
        self,
        bus: Bus,
        records: Iterable[Recorded],
        *,
        poisoned: frozenset[int] = frozenset(),
        unfinished: bool = False,
    ) -> None:
        """Let every outside record in and compare its turn; raises Diverged.

        `unfinished` says that the last turn was cut: it is said again, and said to its end.
        """
        turn: list[Recorded] = []
        for record in records:
            if turn and record.turn != turn[0].turn:
                self._turn(bus, turn, poisoned)
                turn = []
            turn.append(record)
        if turn:
            self.comparer.open_ended = unfinished
            self._turn(bus, turn, poisoned)
            self.comparer.open_ended = False

    def _turn(self, bus: Bus, turn: list[Recorded], poisoned: frozenset[int]) -> None:
        outside = turn[0]
        if not outside.outside:
            raise Diverged(_difference(outside, "outside", True, False))
        self.at_ns = outside.at_ns
        passed_over = outside.seq in poisoned
        self.comparer.expected.extend(turn[:1] if passed_over else turn)
        payload = codec.decode(outside.type, outside.payload)
        bus.admit(payload, outside.source, deliver=not passed_over)
        # What the dying process had said of a deadly message is on record, and nobody has ever heard it.
        bus.seq = turn[-1].seq if passed_over else bus.seq


def poisoned_seqs(records: Iterable[Recorded]) -> frozenset[int]:
    """The messages that were skipped because they had killed the process."""
    name = Poisoned.__name__
    seqs = []
    for record in records:
        if record.type == name:
            message = codec.decode(name, record.payload)
            assert isinstance(message, Poisoned)
            seqs.append(message.seq)
    return frozenset(seqs)


def first_difference(was: Any, now: Any, tolerance: float, path: str = "") -> tuple[str, Any, Any] | None:
    """The first field in which two values differ, as (path, was, now); None if they agree within the tolerance."""
    if isinstance(was, Column) and isinstance(now, Column):
        was, now = was.values.tolist(), now.values.tolist()
    if isinstance(was, msgspec.Struct) and type(was) is type(now):
        pairs: Iterable[tuple[str, Any, Any]] = (
            (f"{path}.{name}" if path else name, getattr(was, name), getattr(now, name))
            for name in was.__struct_fields__
        )
    elif isinstance(was, list | tuple) and isinstance(now, list | tuple) and len(was) == len(now):
        pairs = ((f"{path}[{index}]", a, b) for index, (a, b) in enumerate(zip(was, now, strict=True)))
    elif isinstance(was, dict) and isinstance(now, dict) and list(was) == list(now):
        pairs = ((f"{path}.{key}", was[key], now[key]) for key in was)
    elif isinstance(was, float) and isinstance(now, float):
        return None if _close(was, now, tolerance) else (path, was, now)
    else:
        return None if was == now else (path, was, now)
    differences = (first_difference(a, b, tolerance, name) for name, a, b in pairs)
    return next((difference for difference in differences if difference is not None), None)


def _close(was: float, now: float, tolerance: float) -> bool:
    if math.isnan(was) or math.isnan(now):
        return math.isnan(was) and math.isnan(now)
    if tolerance == 0.0:
        return was == now and math.copysign(1.0, was) == math.copysign(1.0, now)
    return math.isclose(was, now, rel_tol=tolerance, abs_tol=tolerance)


def _difference(record: Recorded, field: str, was: Any, now: Any) -> Divergence:
    return Divergence(
        seq=record.seq,
        turn=record.turn,
        type=record.type,
        source=record.source,
        field=field,
        recorded=str(was),
        replayed=str(now),
    )


def _named(envelope: Envelope[Any]) -> str:
    """The type, and of a crash also the error: it is the news."""
    payload = envelope.payload
    return f"ActorFailed ({payload.error})" if isinstance(payload, ActorFailed) else type(payload).__name__


def _missing(record: Recorded) -> Divergence:
    return _difference(record, "presence", "said", "not said")


def _extra(envelope: Envelope[Any]) -> Divergence:
    return Divergence(
        seq=envelope.seq,
        turn=envelope.turn,
        type=type(envelope.payload).__name__,
        source=envelope.source,
        field="presence",
        recorded="not said",
        replayed="said",
    )
