"""E5: worlds whose best possible belief is known, through the product's own chain; E8's cousin without any skill.

At each instant twelve agents say what they believe of twenty instruments; the outcome follows the agents that have
skill in the regime of that instant. How much of the loss between the pool and the oracle does the blend save, and what
becomes of an agent that shouts the wrong way, dies, or is three times too sure?
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.evaluation.history import Advance
from bot.evaluation.report import Bound, Chart, Report, Series, Table, targets
from quant.chain import Chain
from quant.decision import POOL, Decision
from quant.rolling import Floats
from quant.scores import coverage, mean_pinball
from quant.viewing import ChainSettings
from quant.worlds import BAD_APPLE, Kind, World, make_world
from runtime.seeds import Seeds

AGENTS: Final = 12
INSTRUMENTS: Final = 20
INSTANTS: Final = 6_000
LEARNT: Final = 0.5
"""The share of a world in which the chain may learn before it is scored."""
AFTER_LABELS: Final = 1_000
STEP_S: Final = 3_600.0
FEATURES: Final = {"s_ref": "the unit of a world"}

WANTED: Final[tuple[tuple[str, Bound, tuple[float, ...], bool], ...]] = (
    ("gap_closed_r2_2", "at least", (0.80,), False),
    ("gap_closed_r2_2", "at least", (0.90,), True),
    ("gap_closed_r2_6", "at least", (0.90,), False),
    ("gap_closed_r2_6", "at least", (0.96,), True),
    ("weight_of_broken", "below", (0.02,), False),
    ("overconfident_square", "between", (0.9, 1.1), False),
    ("noise_skill_vs_pool", "at least", (-0.003,), False),
)
WORLDS: Final[tuple[tuple[str, Kind, float], ...]] = (
    ("skill, R2 2 %", "skill", 0.02),
    ("skill, R2 6 %", "skill", 0.06),
    ("one is broken", "broken", 0.02),
    ("one dies", "dies", 0.02),
    ("one is three times too sure", "overconfident", 0.02),
    ("noise", "noise", 0.0),
)


@dataclass(frozen=True)
class Lived:
    """What the chain said in a world: losses (T, N) of blend, pool and oracle; parts of the mean and factors (T, K)."""

    blend: Floats
    pool: Floats
    oracle: Floats
    weights: Floats
    factors: Floats
    coverage_90: float

    @property
    def scored(self) -> slice:
        """The instants after the time to learn."""
        return slice(int(LEARNT * len(self.blend)), None)

    @property
    def gap_closed(self) -> float:
        """The share of the loss between pool and oracle that the blend saves."""
        blend, pool, oracle = (float(each[self.scored].mean()) for each in (self.blend, self.pool, self.oracle))
        return (pool - blend) / (pool - oracle) if pool > oracle else float("nan")

    @property
    def skill(self) -> float:
        """The share of the pool's loss that the blend saves."""
        return 1.0 - float(self.blend[self.scored].mean()) / float(self.pool[self.scored].mean())


def worlds_report(seed: int, advance: Advance | None = None, instants: int = INSTANTS) -> Report:
    """Every world, each from its own stream of chance."""
    lived: dict[str, tuple[World, Lived]] = {}
    for name, kind, r2 in WORLDS:
        world = make_world(
            kind,
            Seeds(seed).generator(f"evaluate/E5/{name}"),
            instants=instants,
            agents=AGENTS,
            instruments=INSTRUMENTS,
            r2=r2,
        )
        lived[name] = world, live(world, advance)
    figures = _figures(lived)
    return Report(
        recipe="E5",
        title="Worlds whose oracle is known",
        data={},
        settings={"instants": instants, "agents": AGENTS, "instruments": INSTRUMENTS, "seed": seed},
        figures=figures,
        targets=targets(figures, WANTED),
        tables=(
            Table(
                title="worlds",
                columns=("world", "gap closed", "skill vs pool %", "cov 90", "bad apple's part of the mean"),
                formats=("s", ".3f", "%", ".3f", "+.4f"),
                rows=tuple(
                    (
                        name,
                        each.gap_closed,
                        each.skill,
                        each.coverage_90,
                        float(each.weights[each.scored, BAD_APPLE].mean()),
                    )
                    for name, (_, each) in lived.items()
                ),
                note="Gap closed: the share of the loss between pool and oracle that is saved, in the second half. "
                "A part below 0 says that an agent is believed the other way round.",
            ),
        ),
        charts=tuple(
            _picture(name, each) for name, (_, each) in lived.items() if name in ("one is broken", "one dies")
        ),
    )


def live(world: World, advance: Advance | None = None) -> Lived:
    """One world through the chain, instant by instant; the label of each closes with the next."""
    instants, agents, width = world.mu.shape
    names = tuple(f"agent_{number}" for number in range(agents))
    chain = Chain(ChainSettings(names, FEATURES, STEP_S, STEP_S), width)
    step_ns = round(STEP_S * 1e9)
    said_s, age_s, scale = np.full(agents, STEP_S), np.zeros(agents), np.ones((1, width))
    blend, pool, oracle = (np.full((instants, width), np.nan) for _ in range(3))
    weights, factors = np.full((instants, agents), np.nan), np.full((instants, agents), np.nan)
    quantiles = []
    for at in range(instants):
        now_ns = (at + 1) * step_ns
        regimes = world.filtered[at]
        decision = Decision(now_ns, world.mu[at], world.sigma[at], world.confidence[at], said_s, age_s, scale, regimes)
        said = chain.believe(decision)
        blend[at] = mean_pinball(said.quantiles, world.z[at])
        pool[at] = mean_pinball(chain.pending[now_ns].experts[POOL], world.z[at])
        oracle[at] = mean_pinball(world.oracle_quantiles(at), world.z[at])
        weights[at], factors[at] = said.weights.mean(axis=1), chain.skill.factors()
        quantiles.append(said.quantiles)
        chain.learn(now_ns, world.z[at])
        if advance is not None:
            advance(1)
    late = int(LEARNT * instants)
    flat = np.concatenate(quantiles[late:], axis=1)
    return Lived(blend, pool, oracle, weights, factors, float(coverage(flat, world.z[late:].ravel())[1]))


def _figures(lived: dict[str, tuple[World, Lived]]) -> dict[str, float]:
    broken = lived["one is broken"][1]
    first = -(-AFTER_LABELS // INSTRUMENTS)
    sure_world, sure = lived["one is three times too sure"]
    squares = (sure_world.z - sure_world.mu[:, BAD_APPLE]) / (
        sure_world.sigma[:, BAD_APPLE] * sure.factors[:, BAD_APPLE][:, None]
    )
    return {
        "gap_closed_r2_2": lived["skill, R2 2 %"][1].gap_closed,
        "gap_closed_r2_6": lived["skill, R2 6 %"][1].gap_closed,
        "gap_closed_dies": lived["one dies"][1].gap_closed,
        "gap_closed_broken": broken.gap_closed,
        "weight_of_broken": float(broken.weights[first:, BAD_APPLE].max()),
        "weight_of_broken_late": float(broken.weights[broken.scored, BAD_APPLE].mean()),
        "overconfident_square": float(np.nanmean(squares[sure.scored] ** 2)),
        "noise_skill_vs_pool": lived["noise"][1].skill,
        "coverage_90": lived["skill, R2 2 %"][1].coverage_90,
    }


def _picture(name: str, lived: Lived) -> Chart:
    stretches = np.array_split(np.arange(len(lived.weights)), 100)
    x = tuple(float(each[len(each) // 2]) for each in stretches)
    series = tuple(
        Series(
            name="bad apple" if agent == BAD_APPLE else f"agent {agent}",
            x=x,
            y=tuple(float(lived.weights[each, agent].mean()) for each in stretches),
        )
        for agent in range(6)
    )
    return Chart(title=f"Parts of the mean where {name}", kind="lines", x="instant", y="part", series=series, level=0.0)
