"""One decision with everything it was made of, gathered from a life as it goes by."""

from typing import Any, NamedTuple

import msgspec

from bot.diffing.twins import Turn
from contracts.belief import DriftState, FeatureFrame, RegimeState, SignalFrame, Slate
from contracts.context import ContextFrame
from contracts.decision import AllocationAsked, GateState, Intent, Refusal, Selection, TargetFrame, Verdict
from contracts.envelope import Envelope
from contracts.market import BarFrame, BookFrame, MarkFrame, PerpFrame, TradeFrame, UniverseChanged
from contracts.quantities import Nanos

Message = msgspec.Struct
STAGES: dict[str, tuple[type[Message], ...]] = {
    "market": (MarkFrame, BarFrame, BookFrame, TradeFrame, PerpFrame, ContextFrame),
    "features": (FeatureFrame,),
    "regime": (RegimeState,),
    "signals": (SignalFrame,),
    "drift": (DriftState,),
    "weights": (Slate,),
    "selection": (Selection, TargetFrame),
    "state": (GateState,),
    "gate": (AllocationAsked, Intent, Refusal, Verdict),
}
"""The stages of a decision from the market to the gate, and what is said in each."""


class Taken(NamedTuple):
    """One decision: its number, when, the last message of every kind and source before it, and what the gate said.

    `picks` are lines of what was selected, or what a strategy wants to hold; such a decision has no `selection`.
    """

    decision: int
    at_ns: Nanos
    seq: int
    known: dict[str, dict[str, Message]]
    picks: tuple[str, ...]
    selection: Selection | None
    slate: Slate | None
    slate_seq: int
    intents: tuple[Intent, ...]
    refusals: tuple[Refusal, ...]


class Gathering:
    """Listens to one life; what the gate lets through between two decisions belongs to the next."""

    def __init__(self) -> None:
        self._stage = {kind: stage for stage, kinds in STAGES.items() for kind in kinds if stage != "gate"}
        self._known: dict[str, dict[str, Message]] = {stage: {} for stage in STAGES}
        self._slate: Envelope[Slate] | None = None
        self._symbols: tuple[str, ...] = ()
        self._said: list[Message] = []

    def hear(self, turn: Turn) -> Taken | None:
        """Take a turn in; the decision that was made in it, if there was one."""
        taken = None
        for envelope in turn:
            payload: Any = envelope.payload
            stage = self._stage.get(type(payload))
            if stage is not None:
                self._known[stage][_key(payload)] = payload
            if isinstance(payload, Slate):
                self._slate = envelope
            elif isinstance(payload, UniverseChanged):
                self._symbols = payload.universe.symbols
            elif isinstance(payload, Intent | Refusal | AllocationAsked):
                self._said.append(payload)
            elif isinstance(payload, Verdict):
                taken = self._taken(envelope)
        return taken

    def _taken(self, verdict: Envelope[Verdict]) -> Taken:
        slate, chosen = self._slate, tuple(self._known["selection"].values())
        said, self._said = [*self._said, verdict.payload], []
        known = {stage: dict(messages) for stage, messages in self._known.items()}
        known["gate"] = {f"{type(each).__name__} {number}": each for number, each in enumerate(said)}
        return Taken(
            decision=verdict.payload.decision,
            at_ns=verdict.at_ns,
            seq=verdict.seq,
            known=known,
            picks=tuple(line for each in chosen for line in _lines(each, self._symbols)),
            selection=next((each for each in chosen if isinstance(each, Selection)), None),
            slate=None if slate is None else slate.payload,
            slate_seq=0 if slate is None else slate.seq,
            intents=tuple(each for each in said if isinstance(each, Intent)),
            refusals=tuple(each for each in said if isinstance(each, Refusal)),
        )


def _key(payload: Any) -> str:
    """What is kept apart from others of its stage: frames by their type, signals by their agent."""
    return payload.agent if isinstance(payload, SignalFrame) else type(payload).__name__


def _lines(chosen: Message, symbols: tuple[str, ...]) -> list[str]:
    if isinstance(chosen, Selection):
        return [f"{pick.side} {pick.symbol}" for pick in chosen.picks]
    assert isinstance(chosen, TargetFrame), "the stage has two kinds"
    wanted = zip(chosen.position.values.tolist(), symbols, strict=True)
    return [f"{position:.8g} {symbol}" for position, symbol in wanted if position == position]
