"""An agent brought to life, and the features it is shown, for tests of agents."""

import numpy as np

from actors.agents.base import Agent
from actors.agents.settings import AgentSettings
from contracts.belief import RegimeState, SignalFrame
from contracts.column import floats
from quant.features.engine import REGISTRY
from tests.kit.beliefs import a_feature_frame
from tests.kit.market import a_mark_frame, a_universe_changed, an_envelope, at

WIDTH = 3
SYMBOLS = ("BTC-EUR", "ETH-EUR", "SOL-EUR")


def features(**named) -> np.ndarray:
    """All features, NaN but for those named."""
    values = np.full((len(REGISTRY), WIDTH), np.nan)
    for name, row in named.items():
        values[REGISTRY.index[name]] = row
    return values


def living(agent: Agent, *, mid=(100.0, 100.0, 100.0), spread_bps: float = 2.0) -> Agent:
    """The agent in a universe of three that has marks."""
    agent.receive(an_envelope(a_universe_changed(*SYMBOLS)))
    agent.receive(an_envelope(a_mark_frame(mid=mid, spread_bps=spread_bps), seq=5))
    return agent


def signal(agent: Agent, *, second: float = 0.0, **named) -> SignalFrame:
    """What it answers to those features."""
    frame = a_feature_frame(values=features(**named), schema=REGISTRY.schema_hash)
    (said,) = agent.receive(an_envelope(frame, seq=9, at_ns=at(second)))
    assert isinstance(said, SignalFrame)
    agent.check()
    return said


def a_regime(*, label: str = "normal") -> RegimeState:
    """The weather, as the regime watcher says it."""
    return RegimeState(
        probabilities=floats([0.2, 0.7, 0.1]),
        label=label,
        run_bars=50.0,
        fresh=0.1,
        flipped=False,
        parameters="test",
        based_on=(),
    )


def own(name: str = "mine", *, prior: float = 0.05, horizon_s: float = 600.0, label_s: float = 60.0) -> AgentSettings:
    """Settings of an agent on bars of a minute."""
    return AgentSettings(name=name, horizon_s=horizon_s, prior=prior, label_s=label_s)
