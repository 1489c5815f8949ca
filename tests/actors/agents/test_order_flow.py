from actors.agents.order_flow import OrderFlow
from tests.kit.agents import living, signal
from tests.kit.belief_chain import an_agent


def test_order_flow_follows_pressure_with_less_confidence_the_older_the_quote():
    agent = living(OrderFlow(an_agent("order_flow")))
    fresh = signal(agent, ofi_10s=(1.0, -1.0, 0.0), ewma_vol=0.001)
    old = signal(agent, second=20, ofi_10s=(1.0, -1.0, 0.0), ewma_vol=0.001)
    assert fresh.mu[0] > 0 > fresh.mu[1]
    assert fresh.mu[2] == 0.0
    assert (old.confidence.values < 0.2 * fresh.confidence.values).all()
