"""One part of the agents, moved by a stream: what it says is a function of the stream and of the profile alone.

It has no clock, no journal and no outside: its time is that of the messages. Two processes that run the same part say
the same bytes, and one that takes a part over hears the stream from its beginning and is then what the other one was.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np

from actors.gateways.stream_order import StreamOrder
from adapters.models.shelf import EmptyShelf
from adapters.models.workers import ProcessWorkers
from adapters.simulated.feed import SimulatedFeed
from adapters.simulated.market import Market
from adapters.simulated.prices import QuoteBoard
from adapters.simulated.venue import SimulatedVenue
from bot.outside import Outside
from bot.profile import Profile
from bot.roles.assembling import Agents, part_assembly
from contracts import codec
from contracts.belief import FeatureFrame, SignalFrame
from contracts.envelope import Envelope
from contracts.life import ActorFailed, Beat, RunStopped
from contracts.quantities import Nanos
from contracts.stream import PartFrames, StreamBlock, StreamMessage
from contracts.topics import topic_of
from runtime.clock import FixedClock

CARRIED = ("feed", "metronome", "context")
"""Whose messages move a part."""


class NoJournal:
    """A part keeps no record: the stream is its record."""

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        """Nothing is kept."""

    def end_turn(self) -> None:
        """Nothing is kept."""

    async def durable(self, seq: int) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""


class PartRunner:
    """One part at work; `hear` gives what it said to each signal beat of a block."""

    def __init__(self, profile: Profile, agents: Agents, part: int, *, checked: bool = False) -> None:
        self.part = part
        self.order = StreamOrder()
        self.signals = 0
        self.ended = False
        self.failures: dict[str, int] = {}
        self._parts = profile.roles.parts
        self._at_ns: Nanos = 0
        self._features: FeatureFrame | None = None
        self._said: list[SignalFrame] = []
        self._bus = part_assembly(profile, no_outside(profile), agents, part, checked=checked).bus
        self._bus.now = self._now
        self._bus.tap(self._note, (FeatureFrame, SignalFrame, ActorFailed))

    @property
    def at_ns(self) -> Nanos:
        """The time of the last message heard."""
        return self._at_ns

    def hear_all(self, blocks: Iterable[StreamBlock]) -> Iterator[PartFrames]:
        """What the part says to some blocks."""
        for block in blocks:
            yield from self.hear(block)

    def hear(self, block: StreamBlock) -> Iterator[PartFrames]:
        """Take one block."""
        self.order.hear(block)
        while (message := self.order.take()) is not None:
            frames = self._let_in(message)
            if frames is not None:
                yield frames

    def _let_in(self, message: StreamMessage) -> PartFrames | None:
        payload = codec.decode(message.type, message.payload)
        self.ended = isinstance(payload, RunStopped)
        if topic_of(payload).author not in CARRIED:
            return None
        self._at_ns, self._features, self._said = message.at_ns, None, []
        self._bus.admit(payload, message.source)
        if not (isinstance(payload, Beat) and payload.kind == "signal"):
            return None
        return PartFrames(
            run=self.order.run,
            seq=message.seq,
            at_ns=message.at_ns,
            part=self.part,
            parts=self._parts,
            features=self._features if self.part == 0 else None,
            signals=tuple(self._said),
        )

    def _now(self) -> Nanos:
        return self._at_ns

    def _note(self, envelope: Envelope[Any]) -> None:
        said: msgspec.Struct = envelope.payload
        if isinstance(said, FeatureFrame):
            self._features = said
        elif isinstance(said, SignalFrame):
            self._said.append(said)
            self.signals += int(np.isfinite(said.mu.values).sum())
        elif isinstance(said, ActorFailed):
            self.failures[said.actor] = self.failures.get(said.actor, 0) + 1


def no_outside(profile: Profile) -> Outside:
    """What stands where an assembly asks for an outside that nobody will use."""
    clock, market = FixedClock(), Market(profile.simulated.market)
    return Outside(
        clock=clock,
        feed=SimulatedFeed(market, clock),
        venue=SimulatedVenue(profile.simulated.broker, market.universe, QuoteBoard(), clock),
        journal=NoJournal(),
        models=EmptyShelf(),
        workers=ProcessWorkers({}),
    )
