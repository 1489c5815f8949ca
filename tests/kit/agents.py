"""An agent brought to life, and the features it is shown, for tests of agents."""

import numpy as np

from actors.agents.base import Agent
from contracts.belief import SignalFrame
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
