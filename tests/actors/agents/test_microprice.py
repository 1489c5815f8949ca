import numpy as np
import pytest

from actors.agents.microprice import Microprice
from tests.kit.agents import living, own, signal
from tests.kit.market import a_mark_frame, an_envelope, at

KNOWN = {"spread_bp": 4.0} | {"ewma_vol": 0.001}


def test_the_side_that_presses_wins_with_less_confidence_the_older_the_quote():
    agent = living(Microprice(own()))
    fresh = signal(agent, micro_bp=(1.0, -1.0, 0.0), **KNOWN)
    old = signal(agent, second=20, micro_bp=(1.0, -1.0, 0.0), **KNOWN)
    assert fresh.mu[0] > 0 > fresh.mu[1]
    assert fresh.mu[2] == 0.0
    assert (old.confidence.values < 0.2 * fresh.confidence.values).all()


def a_moved_market(effect: float, *, horizon_s: float = 5.0, steps: int = 300) -> Microprice:
    """One that has watched a market move by `effect` deviations in the second after it saw pressure."""
    rng = np.random.default_rng(1)
    agent, price = living(Microprice(own(horizon_s=horizon_s, prior=0.0, label_s=1.0))), np.zeros(3)
    pressure = np.zeros(3)
    for second in range(1, steps):
        price = price + 1e-3 * (effect * pressure + rng.normal(size=3))
        agent.receive(an_envelope(a_mark_frame(mid=tuple(100.0 * np.exp(price))), at_ns=at(second)))
        pressure = rng.choice([-1.0, 1.0], size=3)
        signal(agent, second=second, micro_bp=tuple(pressure), **KNOWN)
    return agent


def test_up_to_a_minute_ahead_it_learns_from_mids_alone():
    assert a_moved_market(1.0).worth().coefficient > 0.04
    assert a_moved_market(-1.0).worth().coefficient < -0.04
    assert abs(a_moved_market(0.0).worth().coefficient) < 0.02


def test_further_ahead_it_learns_from_outcomes_as_every_agent_does():
    assert a_moved_market(1.0, horizon_s=600.0, steps=50).worth().coefficient == 0.0


def test_without_a_book_it_says_nothing():
    assert np.isnan(signal(living(Microprice(own())), ewma_vol=0.001).sigma.values).all()


def test_it_never_foretells_more_than_half_the_spread():
    agent = living(Microprice(own(prior=0.1)), spread_bps=0.01)
    said = signal(agent, micro_bp=(2.0, -2.0, 1.0), spread_bp=(4.0, 4.0, 0.01), ewma_vol=0.01)
    assert (np.abs(said.mu.values) <= 0.5e-4 * np.array([4.0, 4.0, 0.01]) * (1 + 1e-12)).all()
    assert np.abs(said.mu[2]) == pytest.approx(0.5e-6)
