"""A bus with a journal that remembers, and small actors that speak, count and crash to order."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import msgspec

from contracts import codec
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.market import Tick
from contracts.quantities import SECOND_NS
from contracts.topics import topic_of
from contracts.trade import OrderUnknown
from runtime.actor import Actor
from runtime.bus import Bus
from runtime.cell import Cell
from runtime.restarts import ACTOR_BUDGETS, Failures


class Kept(msgspec.Struct, frozen=True):
    """One record as a journal would give it back."""

    seq: int
    turn: int
    cause: int
    at_ns: int
    source: str
    type: str
    payload: bytes
    outside: bool


class MemoryJournal:
    """Keeps what it is shown; `records` is what a reader would find."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope[Any]] = []
        self.records: list[Kept] = []
        self.turns_ended = 0

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        payload = codec.encode(envelope.payload)
        if topic_of(envelope.payload).recorded == "digest":
            payload = codec.digest(payload)
        self.envelopes.append(envelope)
        self.records.append(
            Kept(
                envelope.seq,
                envelope.turn,
                envelope.cause,
                envelope.at_ns,
                envelope.source,
                type(envelope.payload).__name__,
                payload,
                outside,
            )
        )

    def end_turn(self) -> None:
        self.turns_ended += 1

    async def durable(self, seq: int) -> None:
        return None

    def close(self) -> None:
        return None


class Steps:
    """A clock that shows what the test sets."""

    def __init__(self, at_ns: int = SECOND_NS) -> None:
        self.at_ns = at_ns

    def __call__(self) -> int:
        return self.at_ns

    def forward(self, seconds: float) -> None:
        self.at_ns += round(seconds * SECOND_NS)


class Sum(msgspec.Struct):
    """The state of an adder."""

    total: int = 0
    heard: int = 0


class Adder(Actor):
    """Says nothing; sums the bids it hears and crashes on a bid of `poison`."""

    role: ClassVar[str] = "marker"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (Tick,)
    poison: ClassVar[int] = 666

    def __init__(self) -> None:
        self.state = Sum()

    def receive(self, envelope: Envelope[Tick]) -> Iterable[msgspec.Struct]:
        self.state.heard += 1
        if envelope.payload.bid == self.poison:
            raise RuntimeError("poison")
        self.state.total += envelope.payload.bid
        return ()

    def snapshot(self) -> Sum:
        return Sum(self.state.total, self.state.heard)

    def restore(self, state: Sum) -> None:
        self.state = Sum(state.total, state.heard)

    @classmethod
    def state_type(cls) -> type[Sum]:
        return Sum


def a_cell(factory: type[Actor], *, name: str = "", group: str = "market", failures: Failures | None = None) -> Cell:
    """A cell around an actor, checked after every message."""
    budget = failures or Failures(ACTOR_BUDGETS[group])
    return Cell(name or factory.__name__.lower(), group, factory, budget, checked=True)


def a_sayer(author: str, hears: type[msgspec.Struct], *messages: msgspec.Struct) -> Cell:
    """An actor of that role that answers every message of a type with the same words."""

    class Sayer(Adder):
        role = author
        inputs = (hears,)

        def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
            return messages

    return a_cell(Sayer, name=author)


def a_bus(cells: Sequence[Cell], journal: MemoryJournal | None = None, now: Callable[[], int] | None = None) -> Bus:
    """A bus over those cells."""
    return Bus(cells, journal or MemoryJournal(), now or Steps())


def a_beat(number: int = 1) -> Beat:
    """A second's beat."""
    return Beat("second", number)


def an_unknown(client_id: str = "k1-000001-00-0") -> OrderUnknown:
    """Any message from the venue."""
    return OrderUnknown(client_id, "silence")
