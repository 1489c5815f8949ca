"""The meta-weighter's chain: from what K agents believe of N instruments to one calibrated distribution of each.

Pool, recalibration, regime-gated ridge of the means, ridge of the width, boosters on top, an online blend of these few
experts, a slow tracker of coverage, closed forms. Everything is in units of the reference deviation over the horizon.
The chain learns only when the label of its own belief closes, from the inputs as they were when it was said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from quant.agent_skill import AgentSkill
from quant.booster_inputs import REGIMES
from quant.boosters import Boosters
from quant.curve import QuantileCurve
from quant.decision import (
    EXPERTS,
    POOL,
    REFERENCE,
    SECOND_NS,
    STACK,
    Blend,
    Decision,
    Lesson,
    Pending,
    facts_of,
    flattened,
    said_ns_of,
    unflattened,
)
from quant.isotonic import EarnedIsotonic
from quant.ladder import RUNGS, Ladder, Rung
from quant.online_blend import OnlineBlend
from quant.quantiles import LEVELS
from quant.recalibration import Recalibration
from quant.remembering import Remembering, State, nested, part
from quant.rolling import Floats
from quant.scale_stack import ScaleStack
from quant.scores import mean_pinball
from quant.stack import RegimeStack
from quant.tracker import CoverageTracker
from quant.viewing import ChainSettings, Eye, View, stack_sigma

MEDIAN = int(np.argmin(np.abs(LEVELS - 0.5)))
ONLINE = 3
"""The first experts need no fitted model."""
Z_MAX = 20.0
"""An outcome further away says that the reference was not known, not how the world is: one that was next to nothing,
before a first price moved, would otherwise make quantiles of 1e14 and stop the online blend for good."""
DRIFT_PRIOR_LABELS = 100.0
"""How well the mean of all outcomes is known before any: as from this many labels."""


class Chain:
    """Blends decisions and learns from their labels; `believe` changes nothing but what waits for its label.

    Laws: the order of instruments changes nothing, nor does the scale of prices; quantiles rise; an agent that is
    silent changes nothing; after `load(state())` every answer is bit for bit what it would have been.
    """

    def __init__(self, settings: ChainSettings, width: int) -> None:
        if width < 1:
            raise ValueError(f"a chain of {width} instruments, expected at least 1")
        self.settings = settings
        agents = len(settings.agents)
        self.eye = Eye(settings)
        self.inputs = self.eye.inputs
        self.boosters = Boosters(self.inputs.schema)
        self.pending: dict[int, Pending] = {}
        self.last_ns = self.heard_ns = 0
        self.curve = QuantileCurve(settings.tail_slope)
        self.skill = AgentSkill(agents)
        self.recalibrations = tuple(Recalibration(width) for _ in range(ONLINE))
        self.stack = RegimeStack(agents, REGIMES)
        self.scale_stack = ScaleStack(self.inputs.n_width)
        self.blends = (OnlineBlend(ONLINE), OnlineBlend(len(EXPERTS)))
        self.trackers = tuple(CoverageTracker() for _ in RUNGS)
        self.ladder = Ladder()
        self.isotonic = EarnedIsotonic()

    def believe(self, decision: Decision) -> Blend:
        """The belief of the whole now; it is kept until its label closes, unless too many are kept already."""
        view = self.eye.view(decision, self.skill, self.stack, self.scale_stack)
        experts = self._online_experts(view)
        boosted = self.boosters.predict(view.inputs, experts[STACK])
        experts = np.concatenate([experts, boosted.champion[None]])
        present = np.append(np.ones(ONLINE), float(boosted.present))
        weights = (self.blends[0].weights(np.ones(ONLINE)), self.blends[1].weights(present))
        raw = np.stack([experts[POOL], _mixed(weights[0], experts[:ONLINE]), _mixed(weights[1], experts)])
        rungs = np.stack([tracker.apply(each) for tracker, each in zip(self.trackers, raw)])
        speaks = np.array([1.0, 1.0, float(boosted.present)])
        rung: Rung = "pool" if decision.pool_only else self.ladder.rung(speaks)
        place = RUNGS.index(rung)
        shares = (_only_pool(), _padded(weights[0]), weights[1])[place]
        p_raw = self.curve.p_above(rungs[place])
        self._keep(decision, view, experts, weights, rungs, boosted.challenger, p_raw)
        return self._said(decision, view, rungs[place], experts[POOL], shares, p_raw, rung)

    def learn(self, said_ns: int, y: Floats) -> Lesson | None:
        """The label (N,) of the belief said then, as log return over the horizon; NaN where it is not known.

        None where that belief is not kept. Beliefs said before it are dropped: their labels will not come.
        """
        said = self.pending.pop(said_ns, None)
        if said is None:
            self._fall_in(said_ns)
            return None
        for earlier in [each for each in self.pending if each < said_ns]:
            del self.pending[earlier]
        z = np.where(np.isfinite(y), np.clip(y / said.scale, -Z_MAX, Z_MAX), np.nan)
        uniqueness = float(said.facts[2])
        spoke = said.stack[3] > 0.0
        self.skill.update(said.mean, said.deviation, z, uniqueness)
        pool_error = np.where(spoke, (z - said.pool[0]) / said.pool[1], np.nan)
        stack_error = np.where(spoke, (z - said.stack[0]) / said.stack[1], np.nan)
        for each, error in zip(self.recalibrations, (pool_error, z, stack_error), strict=True):
            each.update(error)
        self.stack.update(said.mean, said.regimes, z, uniqueness)
        centre = np.where(spoke, said.stack[0], 0.0)
        self.scale_stack.update(said.inputs[: self.inputs.n_width], z - centre, uniqueness)
        self.blends[0].update(said.experts[:ONLINE], said.stack_weights, z)
        self.blends[1].update(said.experts, said.booster_weights, z)
        for tracker, each in zip(self.trackers, said.rungs, strict=True):
            tracker.update(each, z)
        self._judge(said, z, uniqueness)
        self.isotonic.update(said.p_raw, y, uniqueness)
        base = np.where(spoke, said.experts[STACK], np.nan)
        return Lesson(said_ns, np.ascontiguousarray(said.inputs.T), base, z, said.scale, uniqueness)

    def parts(self) -> dict[str, Remembering]:
        """Everything that remembers, by name."""
        rows: dict[str, Remembering] = {
            f"recalibration_{name}": each for name, each in zip(EXPERTS, self.recalibrations)
        }
        rows |= {f"tracker_{name}": each for name, each in zip(RUNGS, self.trackers)}
        return {
            "skill": self.skill,
            "stack": self.stack,
            "scale_stack": self.scale_stack,
            "blend_stack": self.blends[0],
            "blend_booster": self.blends[1],
            "ladder": self.ladder,
            "isotonic": self.isotonic,
            **rows,
        }

    def state(self) -> State:
        """Everything remembered but the fitted models, which are found again by their names."""
        clocks = np.stack([facts_of(self.last_ns, 0.0), facts_of(self.heard_ns, 0.0)])
        state = nested("pending", flattened(self.pending)) | {"clocks": clocks}
        for name, each in self.parts().items():
            state |= nested(name, each.state())
        return state

    def load(self, state: Mapping[str, Floats]) -> None:
        """Become what said `state`; raises ValueError where it is another chain's."""
        for name, each in self.parts().items():
            each.load(part(name, state))
        self.pending = unflattened(part("pending", state), len(LEVELS))
        self.last_ns, self.heard_ns = (said_ns_of(each) for each in state["clocks"])

    def moved(self, to: NDArray[np.int64]) -> Chain:
        """The same chain for another universe: column i was column `to[i]`, or is new for -1.

        What is common to all instruments stays; each keeps its own errors; what waited for labels is dropped.
        """
        chain = Chain(self.settings, len(to))
        chain.recalibrations = tuple(each.moved(to) for each in self.recalibrations)
        own = {id(each) for each in self.recalibrations}
        for name, each in self.parts().items():
            if id(each) not in own:
                chain.parts()[name].load(each.state())
        chain.boosters, chain.last_ns, chain.heard_ns = self.boosters, self.last_ns, self.heard_ns
        return chain

    def _online_experts(self, view: View) -> Floats:
        """Quantiles (3, levels, N) of the experts that need no model; the reference where no agent is alive."""
        reference = np.where(np.isfinite(view.scale), self.recalibrations[REFERENCE].quantiles(), np.nan)
        pooled = view.pool.mu + view.pool.sigma * self.recalibrations[POOL].quantiles()
        stacked = view.stacked.mean + stack_sigma(view) * self.recalibrations[STACK].quantiles()
        spoke = view.pool.n_alive > 0
        return np.stack([np.where(spoke, pooled, reference), reference, np.where(spoke, stacked, reference)])

    def _keep(
        self,
        decision: Decision,
        view: View,
        experts: Floats,
        weights: tuple[Floats, Floats],
        rungs: Floats,
        challenger: Floats,
        p_raw: Floats,
    ) -> None:
        """Wait for the label, at most `overlaps_max` within one horizon: the rest would say nearly the same."""
        self.heard_ns = decision.said_ns
        horizon_ns = round(self.settings.horizon_s * SECOND_NS)
        apart_ns = decision.said_ns - self.last_ns if self.last_ns else horizon_ns
        if apart_ns < horizon_ns // self.settings.overlaps_max:
            return
        self.last_ns = decision.said_ns
        spoke = (view.pool.n_alive > 0).astype(np.float64)
        self.pending[decision.said_ns] = Pending(
            facts=facts_of(decision.said_ns, min(1.0, apart_ns / horizon_ns)),
            scale=view.scale,
            mean=view.mean,
            deviation=view.deviation / view.factors[:, None],
            pool=np.stack([view.pool.mu, view.pool.sigma]),
            stack=np.stack([view.stacked.mean, stack_sigma(view), view.stacked.error, spoke]),
            regimes=decision.regimes,
            inputs=view.inputs,
            experts=experts,
            stack_weights=weights[0],
            booster_weights=weights[1],
            rungs=rungs,
            challenger=challenger,
            p_raw=p_raw,
        )
        while len(self.pending) > 2 * self.settings.overlaps_max:
            del self.pending[next(iter(self.pending))]

    def _fall_in(self, said_ns: int) -> None:
        """Labels come of other beliefs than those kept: keep from now on the ones in step with them."""
        gaps = sorted(late - early for early, late in pairwise(self.pending))
        if gaps and self.heard_ns > said_ns:
            period_ns = gaps[len(gaps) // 2]
            self.last_ns = said_ns + (self.heard_ns - said_ns) // period_ns * period_ns

    def _judge(self, said: Pending, z: Floats, uniqueness: float) -> None:
        """Losses of rungs, champion and challenger to the ladder, over the labels that all of the rungs have."""
        known = np.isfinite(z) & np.isfinite(said.rungs[:2]).all(axis=(0, 1)) & (said.stack[3] > 0.0)
        if not known.any():
            return
        rows = (*said.rungs, said.experts[ONLINE], said.challenger)
        losses = [float(mean_pinball(each[:, known], z[known]).mean()) for each in rows]
        inside = (said.challenger[1] <= z) & (z <= said.challenger[-2])
        covers = float(inside[known].mean()) if math.isfinite(losses[-1]) else math.nan
        self.ladder.update(np.array([*losses, covers]), int(known.sum()), uniqueness)
        if self.boosters.challenger is not None and self.ladder.challenger_proved(uniqueness):
            self.boosters.promote()
            self.ladder.forget_challenger()

    def _said(
        self,
        decision: Decision,
        view: View,
        rung_quantiles: Floats,
        pool_quantiles: Floats,
        shares: Floats,
        p_raw: Floats,
        rung: Rung,
    ) -> Blend:
        spoke = view.pool.n_alive > 0
        centre = self.curve.mean(rung_quantiles)
        # Without an agent nothing is believed of the direction, whatever the last labels' mean was.
        z = rung_quantiles - np.where(spoke, 0.0, centre)
        mean = np.where(spoke, centre, 0.0 * centre)
        z = mean + (z - mean) * decision.sigma_factor
        p_up = self.isotonic.apply(p_raw) if decision.sigma_factor == 1.0 else self.curve.p_above(z)
        drift_error2 = 1.0 / (DRIFT_PRIOR_LABELS + self.stack.labels)
        error = np.where(spoke, np.sqrt(view.stacked.error**2 + drift_error2), np.nan)
        return Blend(
            mu=view.scale * mean,
            sigma=view.scale * np.sqrt(self.curve.variance(z)),
            confidence=np.where(spoke & np.isfinite(mean), np.abs(mean) / (np.abs(mean) + error), 0.0),
            disagreement=view.scale**2 * view.pool.disagreement,
            quantiles=view.scale * z,
            weights=_weights(view, shares),
            mu_error=view.scale * error,
            scale=view.scale,
            p_up=np.where(spoke, p_up, self.curve.p_above(z)),
            es_long=view.scale * self.curve.shortfall_long(z),
            es_short=view.scale * self.curve.shortfall_short(z),
            rung=rung,
            stack=self.stack.weights(),
            expert_weights=shares,
            pool_quantiles=view.scale * pool_quantiles,
        )


def _weights(view: View, shares: Floats) -> Floats:
    """Part of each agent (K, N) in the mean at the median level: the pool's weights, and the stack's elsewhere."""
    share = shares[MEDIAN]
    return np.asarray(share[POOL] * view.pool.weights + (share[STACK] + share[ONLINE:].sum()) * view.stacked.weights)


def _mixed(weights: Floats, experts: Floats) -> Floats:
    """Experts (E, levels, N) blended level by level; those without weight need not speak."""
    used = np.where(weights.T[:, :, None] > 0.0, experts, 0.0)
    return np.asarray(np.einsum("le,eln->ln", weights, used))


def _padded(weights: Floats) -> Floats:
    return np.pad(weights, ((0, 0), (0, len(EXPERTS) - ONLINE)))


def _only_pool() -> Floats:
    shares = np.zeros((len(LEVELS), len(EXPERTS)))
    shares[:, POOL] = 1.0
    return shares
