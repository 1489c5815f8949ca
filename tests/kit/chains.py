"""Decisions for the meta-weighter's chain, and labels that close, in a small seeded world."""

from collections.abc import Iterator

import numpy as np

from quant.chain import Chain
from quant.decision import SECOND_NS, Blend, Decision
from quant.viewing import ChainSettings

HOUR_NS = 3600 * SECOND_NS
FEATURES = {name: f"hash of {name}" for name in ("s_ref", "ret_1", "ret_5", "rv_15", "rv_60", "seas_hw")}
AGENTS = ("one", "two", "three")


def a_chain(*, width: int = 3, agents: tuple[str, ...] = AGENTS, horizon_s: float = 3600.0) -> Chain:
    """A chain over one hour, on bars of one hour."""
    return Chain(ChainSettings(agents, FEATURES, horizon_s, 3600.0), width)


def a_decision(
    chance: np.random.Generator, *, instant: int, width: int = 3, agents: int = 3, s_ref: float = 0.01
) -> Decision:
    """What three agents believe at an hour, and features that go with it."""
    mu = 0.1 * s_ref * chance.standard_normal((agents, width))
    sigma = s_ref * np.exp(0.2 * chance.standard_normal((agents, width)))
    features = chance.standard_normal((len(FEATURES), width))
    features[0] = s_ref
    features[3:5] = s_ref * np.exp(0.3 * features[3:5])
    return Decision(
        said_ns=1_700_000_000_123_456_789 + instant * HOUR_NS,
        mu=mu,
        sigma=sigma,
        confidence=np.full((agents, width), 0.5),
        said_s=np.full(agents, 3600.0),
        age_s=np.zeros(agents),
        features=features,
        regimes=np.array([0.2, 0.5, 0.3]),
    )


def lived(chain: Chain, *, instants: int, width: int = 3, seed: int = 1, first: int = 0) -> Iterator[Blend]:
    """Decisions whose labels close one instant later: true mean half of what agents say, tails of a Student-t."""
    chance = np.random.default_rng(seed)
    agents = len(chain.settings.agents)
    before: tuple[int, np.ndarray] | None = None
    for instant in range(first, first + instants):
        decision = a_decision(chance, instant=instant, width=width, agents=agents)
        noise = chance.standard_t(5, width) * np.sqrt(0.6)
        if before is not None:
            chain.learn(*before)
        yield chain.believe(decision)
        before = (decision.said_ns, decision.mu.mean(axis=0) * 0.5 + 0.01 * noise)


def live(chain: Chain, **how: int) -> Blend:
    """The last belief after that many instants."""
    *_, last = lived(chain, **how)
    return last
