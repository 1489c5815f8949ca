"""An agent elsewhere: what it said last, while it is fresh, calibrated as any other; its absence is silence."""

import numpy as np
import pytest

from actors.agents.base import AgentState
from actors.agents.remote import Remote
from contracts import codec
from contracts.belief import SignalFrame
from contracts.remote import RemoteDoubted, RemoteFrame
from quant.features.engine import REGISTRY
from tests.kit.agents import SYMBOLS, features, living
from tests.kit.beliefs import a_feature_frame
from tests.kit.market import a_universe_changed, an_envelope, at
from tests.kit.remote import a_remote_frame, far


def told(agent: Remote, frame: RemoteFrame, *, second: float = 0.0) -> Remote:
    assert list(agent.receive(an_envelope(frame, seq=7, at_ns=at(second)))) == []
    return agent


def answers(agent: Remote, *, second: float = 0.0, vol: float = 0.01 / 10**0.5) -> list:
    """What it says to features under which the plain deviation over its ten minutes is 0.01."""
    frame = a_feature_frame(values=features(ewma_vol=vol), schema=REGISTRY.schema_hash)
    said = list(agent.receive(an_envelope(frame, seq=9, at_ns=at(second))))
    agent.check()
    return said


def a_remote(**settings) -> Remote:
    agent = Remote(far(**settings))
    living(agent)
    return agent


def test_it_says_what_it_was_told_as_evidence_of_its_own() -> None:
    (said,) = answers(told(a_remote(), a_remote_frame(score=[2, np.nan, np.nan], sigma=0.02)))
    assert isinstance(said, SignalFrame)
    np.testing.assert_allclose(said.sigma.values, [0.02, 0.02, 0.02])
    np.testing.assert_allclose(said.mu.values, [0.05 * 2 * 0.02, 0.0001, 0.0001], rtol=1e-6)
    assert (said.agent, said.horizon_s, said.based_on) == ("far", 600.0, (9, 5, 7))


def test_a_mean_beyond_what_any_agent_may_earn_is_worth_no_more_than_the_largest_score() -> None:
    (said,) = answers(told(a_remote(), a_remote_frame(mu=0.015, sigma=0.01)))
    np.testing.assert_allclose(said.mu.values, 0.05 * 3 * 0.01)


def test_dead_or_late_it_is_silent_within_its_age() -> None:
    agent = told(a_remote(age_s_max=1.5), a_remote_frame(second=0))
    assert np.isfinite(answers(agent, second=1)[0].mu.values).all()
    (silent,) = answers(agent, second=2)
    assert not np.isfinite([silent.mu.values, silent.sigma.values, silent.confidence.values]).any()
    assert answers(agent, second=3) == []
    told(agent, a_remote_frame(second=4), second=4)
    assert np.isfinite(answers(agent, second=4)[0].mu.values).all()


def test_without_an_age_of_its_own_a_belief_lasts_as_long_as_its_horizon() -> None:
    agent = told(a_remote(age_s_max=0), a_remote_frame(second=0))
    assert np.isfinite(answers(agent, second=600)[0].mu.values).all()
    assert not np.isfinite(answers(agent, second=601)[0].mu.values).any()


def test_an_older_belief_takes_nothing_from_a_newer_one_and_absence_takes_nothing() -> None:
    agent = told(a_remote(), a_remote_frame(mu=0.0002, second=5), second=5)
    told(agent, a_remote_frame(mu=0.0003, second=4), second=6)
    told(agent, a_remote_frame(mu=[np.nan, 0.0004, np.nan], second=6), second=6)
    (said,) = answers(agent, second=6)
    np.testing.assert_allclose(said.mu.values, [0.0002, 0.0004, 0.0002], rtol=1e-6)


def test_what_others_said_or_of_another_universe_is_not_its_own() -> None:
    agent = told(a_remote(), a_remote_frame(agent="other"))
    told(agent, a_remote_frame(universe=2))
    (nothing,) = answers(agent)
    assert not np.isfinite(nothing.mu.values).any()


@pytest.mark.parametrize("factor", [0.09, 11.0])
def test_a_deviation_that_no_calibration_could_put_right_is_doubted_once(factor: float) -> None:
    agent = told(a_remote(), a_remote_frame(sigma=[0.01, 0.01 * factor, 0.01], mu=0))
    said, doubted = answers(agent)
    assert np.isfinite(said.sigma.values).tolist() == [True, False, True]
    assert doubted == RemoteDoubted("far", ("ETH-EUR",), (9,))
    assert [type(each) for each in answers(agent, second=1)] == [SignalFrame]
    told(agent, a_remote_frame(second=2), second=2)
    assert answers(agent, second=2)[1] == RemoteDoubted("far", (), (9,))


def test_it_keeps_what_it_heard_when_the_universe_changes() -> None:
    agent = told(a_remote(), a_remote_frame(mu=[0.0001, 0.0002, 0.0003]))
    living_on = (SYMBOLS[2], "ADA-EUR", SYMBOLS[0])
    agent.receive(an_envelope(a_universe_changed(*living_on, version=2)))
    np.testing.assert_array_equal(agent._heard["said_ns"] > 0, [True, False, True])


def test_a_snapshot_is_the_whole_of_it() -> None:
    agent = told(a_remote(), a_remote_frame(mu=[0.0001, np.nan, 0.0003], sigma=[0.01, 0.01, 0.2]))
    answers(agent)
    state = codec.decode_state(AgentState, codec.encode(agent.snapshot()))
    again = Remote(far())
    again.restore(state)
    assert codec.encode(again.snapshot()) == codec.encode(agent.snapshot())
    assert codec.encode(tuple(answers(again, second=3))) == codec.encode(tuple(answers(agent, second=3)))
