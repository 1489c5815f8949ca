import numpy as np
import pytest

from actors.agents.macro import INPUTS, Macro
from tests.kit.agents import WIDTH, living, own, signal
from tests.kit.beliefs import an_outcome
from tests.kit.market import an_envelope, at

DAY_S = 86_400.0


def decades(effect: float) -> Macro:
    """One that has seen the market follow the fear index by `effect`, day after day."""
    agent = living(Macro(own(horizon_s=DAY_S, label_s=DAY_S)))
    rng = np.random.default_rng(1)
    for day in range(400):
        fear = float(rng.normal())
        signal(agent, second=day * DAY_S, **released(fear))
        realised = 0.01 * (effect * fear + 0.5 * rng.normal())
        said = an_outcome(author="mine", width=WIDTH, realised=realised, score=0.0, said_ns=at(day * DAY_S))
        agent.receive(an_envelope(said))
    return agent


def released(fear: float) -> dict[str, float]:
    return {"vix_z": fear, "ewma_vol": 0.001}


def test_the_market_is_expected_to_follow_as_it_did():
    agent = decades(-0.3)
    assert (signal(agent, second=400 * DAY_S, **released(2.0)).score.values < -1.0).all()
    assert (signal(agent, second=401 * DAY_S, **released(-2.0)).score.values > 1.0).all()


def test_each_instrument_follows_by_its_beta():
    said = signal(decades(-0.3), second=400 * DAY_S, beta_btc_7d=(1.0, 0.5, 0.0), **released(0.3))
    assert said.score[1] == pytest.approx(0.5 * said.score[0])
    assert said.score[2] == pytest.approx(0.0)


def test_confidence_halves_in_five_days_without_a_release():
    agent = decades(-0.3)
    fresh = signal(agent, second=400 * DAY_S, **released(1.0)).confidence.values
    assert signal(agent, second=400 * DAY_S + 1.0, **released(1.0)).confidence.values == pytest.approx(fresh, rel=1e-3)
    old = agent._ridge.freshness(at(405 * DAY_S))
    assert old == pytest.approx(0.5)


def test_without_a_source_it_says_nothing():
    assert len(INPUTS) == 5
    assert np.isnan(signal(living(Macro(own())), ewma_vol=0.001).sigma.values).all()
