import numpy as np

from actors.agents.ofi import Ofi
from tests.kit.agents import living, own, signal

KNOWN = {} | {"ewma_vol": 0.001}


def test_the_side_that_presses_wins_with_less_confidence_the_older_the_quote():
    agent = living(Ofi(own()))
    fresh = signal(agent, ofi_60s=(1.0, -1.0, 0.0), **KNOWN)
    old = signal(agent, second=20, ofi_60s=(1.0, -1.0, 0.0), **KNOWN)
    assert fresh.mu[0] > 0 > fresh.mu[1]
    assert fresh.mu[2] == 0.0
    assert (old.confidence.values < 0.2 * fresh.confidence.values).all()


def test_without_a_book_it_says_nothing():
    assert np.isnan(signal(living(Ofi(own())), ewma_vol=0.001).sigma.values).all()


def test_pressure_is_in_units_of_what_is_usual_whatever_they_are():
    small = signal(living(Ofi(own())), ofi_60s=(0.1, -0.1, 0.2), **KNOWN)
    large = signal(living(Ofi(own())), ofi_60s=(10.0, -10.0, 20.0), **KNOWN)
    np.testing.assert_allclose(small.score.values, large.score.values)
    assert 1.0 < small.score[0] < small.score[2] < 3.0


def test_near_ahead_it_looks_at_ten_seconds_and_far_ahead_at_a_minute():
    known = {"ofi_10s": (1.0, 1.0, 1.0), "ofi_60s": (-1.0, -1.0, -1.0)} | KNOWN
    assert (signal(living(Ofi(own(horizon_s=30.0))), **known).score.values > 0.0).all()
    assert (signal(living(Ofi(own(horizon_s=600.0))), **known).score.values < 0.0).all()
