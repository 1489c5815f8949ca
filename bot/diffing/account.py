"""The account as it was: in the life of another policy, desk and ledger say what they said on record.

What a venue answered belongs to the orders of the policy that ran. So the other policy is asked, decision by decision,
what it would have done with the account as it stood, and nobody pretends to know how its own orders would have filled:
its intents are looked at and go nowhere, and orders, executions, positions and equity are those of the record.

Two actors stand in for desk and ledger. To each message they hear they answer what the recorded ones answered to its
counterpart, which is the message of the same type and source with the same place in its turn. What has no counterpart
is said after the verdict, or with the next message that is heard. The gate judges by its own settings, but what it
remembers of its own orders (duplicates, pace, usual size) are the orders that were really let through.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple

import msgspec

from actors.execution_desk import ExecutionDesk
from actors.ledger import Ledger
from actors.risk.deciding import Deciding
from actors.risk.facts import RiskState
from actors.risk.reserved import Said
from actors.risk_gate import RiskGate
from actors.target_gate import TargetGate
from contracts.decision import Intent, Selection, TargetFrame, Verdict
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.quantities import Nanos
from runtime.actor import Actor

Place = tuple[str, str, int]
"""A message within its turn: its type, its source, and how many of both came before it."""


class OwnOrders(NamedTuple):
    """What a gate remembers of its own orders; its lists are replaced, never changed."""

    said: list[Said]
    notionals: list[float]
    free_ns: Nanos

    @classmethod
    def of(cls, gate: RiskState) -> "OwnOrders":
        """As they stand."""
        return cls(gate.said, gate.notionals, gate.free_ns)


class Nothing(msgspec.Struct, frozen=True):
    """A stand-in has no state: the record is not its own."""


class Tape:
    """What one recorded actor said in the turn that is being lived again, by the place of what it answered.

    `late` are answers of earlier turns whose counterpart never came.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._answers: dict[Place, tuple[msgspec.Struct, ...]] = {}
        self._late: list[msgspec.Struct] = []
        self._places: dict[int, Place] = {}
        self._heard: dict[tuple[str, str], int] = {}
        self._turn = 0

    def turn_to(self, turn: Iterable[Envelope[Any]]) -> None:
        """The next turn as it was recorded."""
        self._late += [said for answer in self._answers.values() for said in answer]
        said_by: dict[int, list[msgspec.Struct]] = {}
        places: dict[int, Place] = {}
        count: dict[tuple[str, str], int] = {}
        for envelope in turn:
            key = (type(envelope.payload).__name__, envelope.source)
            places[envelope.seq] = (*key, count.get(key, 0))
            count[key] = count.get(key, 0) + 1
            if envelope.source == self.source and envelope.cause:
                said_by.setdefault(envelope.cause, []).append(envelope.payload)
        self._answers = {places[cause]: tuple(said) for cause, said in said_by.items()}

    def answer(self, heard: Envelope[Any]) -> tuple[msgspec.Struct, ...]:
        """What was said to this message's counterpart, once, after what is late."""
        answer = self._answers.pop(self._place(heard), ())
        late, self._late = tuple(self._late), []
        return (*late, *answer)

    def rest(self, kind: type[msgspec.Struct]) -> tuple[msgspec.Struct, ...]:
        """All that is left of the turn that answered messages of that type."""
        places = [place for place in self._answers if place[0] == kind.__name__]
        return tuple(said for place in places for said in self._answers.pop(place))

    def _place(self, heard: Envelope[Any]) -> Place:
        """Places are counted over what the actor itself hears, which is all of a type or none of it."""
        if heard.turn != self._turn:
            self._turn, self._places, self._heard = heard.turn, {}, {}
        if heard.seq not in self._places:
            key = (type(heard.payload).__name__, heard.source)
            self._places[heard.seq] = (*key, self._heard.get(key, 0))
            self._heard[key] = self._heard.get(key, 0) + 1
        return self._places[heard.seq]


class _OnRecord(Actor):
    """Says what is on a tape."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        return self._tape.answer(envelope)

    def snapshot(self) -> Nothing:
        return Nothing()

    def restore(self, state: Nothing) -> None:
        """There is nothing to become."""

    @classmethod
    def state_type(cls) -> type[msgspec.Struct]:
        return Nothing


class DeskOnRecord(_OnRecord):
    """Orders, order states and executions as they were."""

    role = "desk"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (*ExecutionDesk.inputs, Verdict)

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        """After the last intent, what was answered to those that the other policy never had."""
        if isinstance(envelope.payload, Verdict):
            return self._tape.rest(Intent)
        return super().receive(envelope)


class LedgerOnRecord(_OnRecord):
    """Positions, equity and reconciliations as they were."""

    role = "ledger"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = Ledger.inputs


class GateOnRecord(Actor):
    """Another policy's gate, which remembers of its own orders those that were really let through.

    `recorded` gives what the recorded gate remembered before the turn.
    """

    role = "gate"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = RiskGate.inputs

    def __init__(self, build: Callable[[], Deciding], recorded: Callable[[], OwnOrders]) -> None:
        self._gate, self._recorded = build(), recorded

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        if isinstance(envelope.payload, Selection | TargetFrame | Beat):
            own, was = self._gate.state, self._recorded()
            own.said, own.notionals, own.free_ns = was.said, was.notionals, was.free_ns
        return self._gate.receive(envelope)

    def snapshot(self) -> RiskState:
        return self._gate.snapshot()

    def restore(self, state: RiskState) -> None:
        self._gate.restore(state)

    @classmethod
    def state_type(cls) -> type[msgspec.Struct]:
        return RiskState

    def check(self) -> None:
        self._gate.check()


class TargetGateOnRecord(GateOnRecord):
    """The same where a strategy decides."""

    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = TargetGate.inputs
