"""An agent that runs in another process: what it said last is what this one sees, while it is fresh. Silent otherwise.

The process elsewhere may lag, die or lie; nothing here waits for it. A belief older than `age_s_max` is not said again,
and one whose deviation is more than ten times the plain one, or less than a tenth, is not believed: no calibration
could put it right. All else is as with any agent: what its score is worth and by what its deviation is multiplied is
learned from its outcomes, so that it can claim no more than 0.1 deviations for each unit of score.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.agents.base import Agent
from actors.agents.settings import AgentSettings
from actors.agents.view import Evidence, View
from actors.memory import NOTHING
from contracts.belief import FeatureFrame, SignalFrame
from contracts.envelope import Envelope
from contracts.quantities import nanos
from contracts.remote import RemoteDoubted, RemoteFrame
from quant.agents.memory import Array, Memory, full
from quant.beliefs import promised
from quant.calibration import FACTOR_MAX, FACTOR_MIN

HEARD = ("score", "sigma", "confidence", "said_ns")


class Remote(Agent):
    """The newest belief of each instrument, as evidence. A score that was not given is made of mu and sigma.

    Says `RemoteDoubted` when the instruments change of which the deviation is not believed.
    """

    inputs: ClassVar = (*Agent.inputs, RemoteFrame)

    def __init__(self, settings: AgentSettings) -> None:
        super().__init__(settings)
        self._age_ns_max = nanos(settings.age_s_max or settings.horizon_s)

    def remembers(self, width: int) -> Memory:
        wide = {name: full(width, of=np.nan) for name in ("score", "sigma", "confidence")}
        none = np.zeros(width, dtype=np.int64), 0
        doubted = np.zeros(width, dtype=np.bool_), 0
        common = {"frame_seq": np.zeros(1, dtype=np.int64)}
        self._heard = Memory(wide | {"said_ns": none, "doubted": doubted}, common)
        return self._heard

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if isinstance(said, RemoteFrame):
            self._hear(said, envelope.seq)
            return NOTHING
        if not isinstance(said, FeatureFrame) or self.state.universe is None:
            return super().receive(envelope)
        before = self._heard["doubted"]
        return (*map(self._named, super().receive(envelope)), *self._doubts(before, envelope))

    def on_frame(self, view: View) -> Evidence:
        heard = self._heard
        said_ns, sigma = heard["said_ns"], heard["sigma"]
        fresh = (said_ns > 0) & (view.at_ns - said_ns <= self._age_ns_max)
        ratio = sigma / view.deviation
        sound = (ratio >= FACTOR_MIN) & (ratio <= FACTOR_MAX)
        heard["doubted"] = fresh & np.isfinite(ratio) & ~sound
        return Evidence(heard["score"], np.where(fresh & sound, sigma, np.nan), heard["confidence"])

    def _hear(self, said: RemoteFrame, seq: int) -> None:
        universe = self.state.universe
        if said.agent != self.settings.name or universe is None or said.universe != universe.version:
            return
        heard, mu, sigma = self._heard, said.mu.values, said.sigma.values
        newer = said.said_ns.values > heard["said_ns"]
        scored = np.isfinite(said.score.values)
        score = np.where(scored, said.score.values, promised(mu / sigma))
        for name, values in zip(HEARD, (score, sigma, said.confidence.values, said.said_ns.values), strict=True):
            heard[name] = np.where(newer, values, heard[name])
        heard["frame_seq"][0] = seq

    def _named(self, said: msgspec.Struct) -> msgspec.Struct:
        """What was said, naming the frame it came in with."""
        if not isinstance(said, SignalFrame):
            return said
        return msgspec.structs.replace(said, based_on=(*said.based_on, int(self._heard["frame_seq"][0])))

    def _doubts(self, before: Array, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        after, universe = self._heard["doubted"], self.state.universe
        if universe is None or np.array_equal(before, after):
            return NOTHING
        symbols = tuple(np.array(universe.symbols)[after].tolist())
        return (RemoteDoubted(self.settings.name, symbols, (envelope.seq,)),)
