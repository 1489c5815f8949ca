"""What a desk's shards said, in the words of those who would have said it here: features and signals of a beat.

One actor stands for the feature engine and one for each agent, so that everybody else hears what they hear in one
process: the same messages from the same authors in the same order. An agent whose part was late says once that it
believes nothing, and is then silent until its part is back: the blend goes on without it.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.memory import NOTHING, StatefulActor
from contracts.belief import FeatureFrame, SignalFrame
from contracts.column import floats
from contracts.envelope import Envelope
from contracts.market import MarkFrame, UniverseChanged
from contracts.quantities import Seconds
from contracts.stream import ShardFrames


class ShardFeaturesState(msgspec.Struct, kw_only=True):
    """The marks of the beat, and beats without features."""

    universe: int = 0
    mark_seq: int = 0
    missed: int = 0
    strange: int = 0


class ShardFeatures(StatefulActor[ShardFeaturesState]):
    """Says the features that the first part computed; nothing where it was late, or of another universe."""

    role = "feature_engine"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, MarkFrame, ShardFrames)
    kept = ShardFeaturesState

    def __init__(self) -> None:
        self.start(ShardFeaturesState())

    def derive(self) -> None:
        """Nothing is looked up."""

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, state = envelope.payload, self.state
        if isinstance(said, UniverseChanged):
            state.universe = said.universe.version
        elif isinstance(said, MarkFrame):
            state.mark_seq = envelope.seq
        elif said.features is None:
            state.missed += 1
        elif said.features.universe != state.universe:
            state.strange += 1
        else:
            used = (state.mark_seq, envelope.seq) if state.mark_seq else (envelope.seq,)
            return (_as_said_here(said.features, used),)
        return NOTHING


class ShardAgentState(msgspec.Struct, kw_only=True):
    """The marks of the beat, whether nothing is believed, and beats that the agent's part missed."""

    universe: int = 0
    width: int = 0
    mark_seq: int = 0
    silent: bool = True
    missed: int = 0
    strange: int = 0


class ShardAgent(StatefulActor[ShardAgentState]):
    """Says what one agent, which runs in a shard, made of the beat."""

    role = "agent"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, MarkFrame, ShardFrames)
    kept = ShardAgentState

    def __init__(self, name: str, horizon_s: Seconds) -> None:
        self._name = name
        self._horizon_s = horizon_s
        self.start(ShardAgentState())

    def derive(self) -> None:
        """Nothing is looked up."""

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, state = envelope.payload, self.state
        if isinstance(said, UniverseChanged):
            state.universe, state.width, state.silent = said.universe.version, len(said.universe), True
        elif isinstance(said, MarkFrame):
            state.mark_seq = envelope.seq
        elif self._name in said.late:
            return self._fall_silent(envelope.seq)
        else:
            return self._speak(said.signals, envelope.seq)
        return NOTHING

    def _speak(self, signals: tuple[SignalFrame, ...], seq: int) -> Iterable[msgspec.Struct]:
        state, frame = self.state, next((each for each in signals if each.agent == self._name), None)
        if frame is None:
            return NOTHING
        if frame.universe != state.universe or len(frame.mu) != state.width:
            state.strange += 1
            return NOTHING
        state.silent = not np.isfinite(frame.sigma.values).any()
        used = (seq, state.mark_seq) if state.mark_seq else (seq,)
        return (_as_said_here(frame, used),)

    def _fall_silent(self, seq: int) -> Iterable[msgspec.Struct]:
        state = self.state
        state.missed += 1
        if state.silent:
            return NOTHING
        state.silent = True
        absent = floats(np.full(state.width, np.nan))
        return (
            SignalFrame(
                agent=self._name,
                universe=state.universe,
                horizon_s=self._horizon_s,
                mu=absent,
                sigma=absent,
                confidence=absent,
                score=absent,
                regime="",
                based_on=(seq,),
            ),
        )


def _as_said_here(frame: Any, based_on: tuple[int, ...]) -> Any:
    """The same frame, naming messages of this run."""
    assert isinstance(frame, FeatureFrame | SignalFrame), f"no frame of a shard: {type(frame).__name__}"
    return msgspec.structs.replace(frame, based_on=based_on)
