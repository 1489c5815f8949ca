import numpy as np
import pytest

from actors.agents.flow import FlowAgent
from actors.agents.microprice import Microprice
from actors.agents.ofi import Ofi
from tests.kit.agents import living, own, signal
from tests.kit.market import a_mark_frame, an_envelope, at

SEEN: dict[type[FlowAgent], tuple[str, ...]] = {Ofi: ("ofi_10s", "ofi_60s"), Microprice: ("micro_bp",)}
KNOWN = {"spread_bp": 4.0, "ewma_vol": 0.001}

each_of_flow = pytest.mark.parametrize("kind", SEEN, ids=lambda kind: kind.__name__)


def a_moved_market(kind: type[FlowAgent], effect: float, *, horizon_s: float = 5.0, steps: int = 300) -> FlowAgent:
    """One that has watched a market move by `effect` deviations in the second after it saw pressure."""
    rng = np.random.default_rng(1)
    agent, price = living(kind(own(horizon_s=horizon_s, prior=0.0, label_s=1.0))), np.zeros(3)
    pressure = np.zeros(3)
    for second in range(1, steps):
        price = price + 1e-3 * (effect * pressure + rng.normal(size=3))
        agent.receive(an_envelope(a_mark_frame(mid=tuple(100.0 * np.exp(price))), at_ns=at(second)))
        pressure = rng.choice([-1.0, 1.0], size=3)
        signal(agent, second=second, **dict.fromkeys(SEEN[kind], tuple(pressure)), **KNOWN)
    return agent


@each_of_flow
def test_up_to_a_minute_ahead_it_learns_from_mids_alone(kind):
    assert a_moved_market(kind, 1.0).worth().coefficient > 0.04
    assert a_moved_market(kind, -1.0).worth().coefficient < -0.04
    assert abs(a_moved_market(kind, 0.0).worth().coefficient) < 0.02


@each_of_flow
def test_further_ahead_it_learns_from_outcomes_as_every_agent_does(kind):
    assert a_moved_market(kind, 1.0, horizon_s=600.0, steps=50).worth().coefficient == 0.0
