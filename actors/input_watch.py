"""Whether what the boosters are told still looks as it did when they learned, and what follows where it does not.

It hears the examples that the weighter says once their horizon is over: the very inputs of a decision, made as those of
training were. An input that drifted is a warning; an agent whose own words, or a feature that it needs, drifted is left
out of the blend; a tenth of all inputs widens sigma, a quarter, or more than half of the agents, takes the boosters
away. All of it holds while the evidence does. An agent that is left out says nothing that could clear it, so after a
while it is listened to again.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from contracts.belief import Example, InputDrift
from contracts.column import Column, flags, floats
from contracts.ports import ModelRejected, Models
from contracts.quantities import SECOND_NS, Nanos
from quant.drift_ladder import CALM, POOL, WARN, WIDEN
from quant.reference import recalled
from quant.reference_watch import ReferenceWatch, WatchState

WIDEN_SHARE: Final = 0.10
POOL_SHARE: Final = 0.25
AGENTS_SHARE_MAX: Final = 0.5
"""Of the agents at most so many are left out; where more would have to be, none is and only the pool speaks."""
RETRY_FRAMES: Final = 480
"""For so many looks an agent is left out for its own words: a third of a day, where there is one a minute."""
SAY_EVERY_NS: Final = 900 * SECOND_NS
OWN: Final = ("mu", "deviation", "confidence")
"""What an agent says, among the inputs: `AGENT.mu` and so on."""
NAMED_MAX: Final = 5


class Watched(msgspec.Struct, frozen=True):
    """The short memory of a watch, as it goes into a snapshot."""

    frames: int
    columns: dict[str, Column]


class InputWatchState(msgspec.Struct, kw_only=True):
    """Whose training is the reference, when an example was looked at and the figures said, and what has drifted.

    `left_out` is after how many looks an agent was.
    """

    model: str = ""
    schema: str = ""
    names: tuple[str, ...] = ()
    looked_ns: Nanos = 0
    said_ns: Nanos = 0
    drifted: list[int] = []
    left_out: dict[str, int] = {}
    refused: int = 0
    watched: Watched | None = None


class InputWatch:
    """Examples in; levels, agents to leave out and figures out. `needs` are the features each agent speaks from."""

    def __init__(
        self, state: InputWatchState, models: Models | None, needs: Mapping[str, tuple[str, ...]], every_ns: Nanos
    ) -> None:
        self.state = state
        self._models, self._needs, self._every_ns = models, needs, every_ns
        self._watch = self._built(state.model) if state.model else None
        kept, state.watched = state.watched, None
        if self._watch is not None and kept is not None:
            columns = {name: column.values for name, column in kept.columns.items()}
            self._watch.load(WatchState(frames=kept.frames, **columns))

    def learned(self, model: str) -> None:
        """Another model is in use: its training is what inputs are held against from now on."""
        if model == self.state.model:
            return
        self.state = InputWatchState(model=model, refused=self.state.refused)
        self._watch = self._built(model)

    def hear(self, example: Example, at_ns: Nanos) -> bool:
        """Look at the inputs of an example; whether it was time to, and there was something to hold them against."""
        state, watch = self.state, self._watch
        if watch is None or example.schema != state.schema or at_ns - state.looked_ns < self._every_ns:
            return False
        state.looked_ns = at_ns
        watch.push(example.x.values.T, self._own(state.left_out))
        frames = watch.state().frames
        forgiven = [agent for agent, since in state.left_out.items() if frames - since >= RETRY_FRAMES]
        watch.forgive(self._own(forgiven))
        state.drifted = np.flatnonzero(watch.drifted()).tolist()
        kept = {agent: since for agent, since in state.left_out.items() if agent not in forgiven}
        state.left_out = {agent: kept.get(agent, frames) for agent in self.dropped()}
        return True

    @property
    def level(self) -> int:
        """The level that the inputs demand: calm, warn, widen or pool."""
        state = self.state
        if not state.drifted:
            return CALM
        share = len(state.drifted) / len(state.names)
        if share >= POOL_SHARE or self._too_many(self._suspects()):
            return POOL
        return WIDEN if share >= WIDEN_SHARE else WARN

    def dropped(self) -> tuple[str, ...]:
        """The agents to leave out of the blend."""
        suspects = self._suspects()
        return () if self._too_many(suspects) else suspects

    def reasons(self) -> Iterable[str]:
        """The inputs that drifted, worst first, a few of them."""
        state = self.state
        if not state.drifted or self._watch is None:
            return
        index = self._watch.apart().divergence
        worst = sorted(state.drifted, key=lambda row: (-np.nan_to_num(index[row], nan=np.inf), row))
        for row in worst[:NAMED_MAX]:
            yield f"input {state.names[row]}: index {index[row]:.2f} against the training of {state.model[:12]}"
        if len(worst) > NAMED_MAX:
            yield f"and {len(worst) - NAMED_MAX} inputs more"

    def figures(self, at_ns: Nanos, seq: int) -> Iterable[InputDrift]:
        """The figures of all inputs, when it is time to say them again."""
        state, watch = self.state, self._watch
        if watch is None or not watch.ready or at_ns - state.said_ns < SAY_EVERY_NS:
            return
        state.said_ns = at_ns
        found = watch.apart()
        yield InputDrift(
            model=state.model,
            names=state.names,
            divergence=floats(found.divergence),
            distance=floats(found.distance),
            p=floats(found.p),
            absent=floats(found.absent),
            drifted=tuple(state.names[row] for row in state.drifted),
            dropped=self.dropped(),
            based_on=(seq,),
        )

    def kept(self) -> Watched | None:
        """What a snapshot needs beside the state."""
        if self._watch is None:
            return None
        frames, below, known, alarmed = self._watch.state()
        return Watched(frames, {"below": floats(below), "known": floats(known), "alarmed": flags(alarmed)})

    def _own(self, agents: Iterable[str]) -> NDArray[np.bool_]:
        """Which inputs are words of these agents, (inputs,)."""
        own = {f"{agent}.{what}" for agent in agents for what in OWN}
        return np.array([name in own for name in self.state.names], dtype=np.bool_)

    def _suspects(self) -> tuple[str, ...]:
        """Agents whose own words, or a feature that they need, drifted."""
        strange = {self.state.names[row] for row in self.state.drifted}
        return tuple(
            agent
            for agent, needs in self._needs.items()
            if strange.intersection((*needs, *(f"{agent}.{what}" for what in OWN)))
        )

    def _too_many(self, suspects: tuple[str, ...]) -> bool:
        return len(suspects) > AGENTS_SHARE_MAX * len(self._needs)

    def _built(self, model: str) -> ReferenceWatch | None:
        """The watch on what a model learned from; None where it cannot be had, or says nothing of it."""
        try:
            texts = self._models.texts(model) if self._models is not None else None
        except ModelRejected:
            self.state.refused += 1
            return None
        if texts is None or texts.reference is None:
            return None
        self.state.schema, self.state.names = texts.schema, texts.inputs
        return ReferenceWatch(recalled(texts.reference))
