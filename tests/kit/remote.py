"""What an agent elsewhere writes, as bytes and as it is admitted; a test names what is special about it."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from actors.agents.settings import AgentSettings
from contracts.column import floats, integers
from contracts.remote import RemoteFrame
from contracts.wire import RawSignal
from tests.kit.market import at

USUAL: dict[str, Any] = {
    "agent": "far",
    "symbol": "BTC-EUR",
    "mu": 0.0001,
    "sigma": 0.01,
    "horizon_s": 600,
    "confidence": 1.0,
}


def far(name: str = "far", *, age_s_max: float = 30.0, horizon_s: float = 600.0, prior: float = 0.05) -> AgentSettings:
    """Settings of an agent elsewhere."""
    return AgentSettings(name=name, horizon_s=horizon_s, prior=prior, label_s=60.0, age_s_max=age_s_max)


def a_record(*, second: float = 0.0, without: tuple[str, ...] = (), **said: Any) -> RawSignal:
    """A record said at that second; `without` leaves fields out."""
    fields = USUAL | {"said_ns": at(second)} | said
    text = json.dumps({name: value for name, value in fields.items() if name not in without})
    return RawSignal(text.encode(), at(second))


def a_remote_frame(
    *,
    agent: str = "far",
    universe: int = 1,
    second: float = 0.0,
    mu: npt.ArrayLike = 0.0001,
    sigma: npt.ArrayLike = 0.01,
    confidence: npt.ArrayLike = 1.0,
    score: npt.ArrayLike = np.nan,
) -> RemoteFrame:
    """What the gateway admits of three instruments; a single number stands for each, a mean of NaN for absence."""
    means, sigmas, sure, scores = (np.broadcast_to(each, 3).astype(float) for each in (mu, sigma, confidence, score))
    said = np.isfinite(means)
    return RemoteFrame(
        agent=agent,
        universe=universe,
        horizon_s=600.0,
        mu=floats(means),
        sigma=floats(np.where(said, sigmas, np.nan)),
        confidence=floats(np.where(said, sure, np.nan)),
        score=floats(scores),
        said_ns=integers(np.where(said, at(second), 0)),
        heard_seq=integers(np.zeros(3)),
        sender="",
    )
