import numpy as np
import pytest

from actors.agents.microprice import Microprice
from tests.kit.agents import living, own, signal

KNOWN = {"spread_bp": 4.0} | {"ewma_vol": 0.001}


def test_the_side_that_presses_wins_with_less_confidence_the_older_the_quote():
    agent = living(Microprice(own()))
    fresh = signal(agent, micro_bp=(1.0, -1.0, 0.0), **KNOWN)
    old = signal(agent, second=20, micro_bp=(1.0, -1.0, 0.0), **KNOWN)
    assert fresh.mu[0] > 0 > fresh.mu[1]
    assert fresh.mu[2] == 0.0
    assert (old.confidence.values < 0.2 * fresh.confidence.values).all()


def test_without_a_book_it_says_nothing():
    assert np.isnan(signal(living(Microprice(own())), ewma_vol=0.001).sigma.values).all()


def test_it_never_foretells_more_than_half_the_spread():
    agent = living(Microprice(own(prior=0.1)), spread_bps=0.01)
    said = signal(agent, micro_bp=(2.0, -2.0, 1.0), spread_bp=(4.0, 4.0, 0.01), ewma_vol=0.01)
    assert (np.abs(said.mu.values) <= 0.5e-4 * np.array([4.0, 4.0, 0.01]) * (1 + 1e-12)).all()
    assert np.abs(said.mu[2]) == pytest.approx(0.5e-6)
