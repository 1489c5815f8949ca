"""Strategy services: agents of a user's own, what the blend says of them, and what their outcomes are worth."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from bot.agents import agent_of
from bot.configuration import BadConfiguration
from contracts.belief import Outcome, SignalFrame, Slate
from contracts.envelope import Envelope
from contracts.life import ActorFailed, ActorRestarted
from contracts.quantities import SECOND_NS
from tests.characterization.runs import a_quick_profile, calm, digest
from tests.characterization.users import BothWays, Weathercock
from tests.kit.worlds import Run, last, said, simulate


@cache
def fragile() -> Run:
    """The user's agent crashes on the second decision."""
    profile = a_quick_profile(agents__momentum__kind="tests.characterization.users:Fragile")
    return simulate(profile, seconds=6.5, checked=False)


def signals_of(run: Run, agent: str) -> list[Envelope[Any]]:
    return [each for each in run.of(SignalFrame) if each.payload.agent == agent]


def test_a_class_of_the_users_own_is_named_by_module_and_class() -> None:
    profile = a_quick_profile()
    assert profile.agents["momentum"].kind == "tests.characterization.users:Weathercock"
    assert agent_of(profile.agents["momentum"].kind) is Weathercock


def test_the_users_agent_speaks_under_the_name_of_its_section_with_its_own_score() -> None:
    signals = [each.payload for each in signals_of(calm(), "momentum")]
    scores = {float(score) for each in signals for score in each.score.values}
    assert scores == {-3.0, 3.0}
    assert {each.horizon_s for each in signals} == {1800.0}


def test_one_instrument_at_a_time_says_the_same_as_all_at_once_to_the_last_byte() -> None:
    profile = a_quick_profile(agents__momentum__kind="tests.characterization.users:WeathercockOfOne")
    one_by_one = simulate(profile, seconds=2.5, checked=False)
    (momentum,) = (cell for cell in one_by_one.system.bus.cells if cell.name == "momentum")
    assert type(momentum.actor).__name__ == "WeathercockOfOne"
    start = 1  # the start names the profile, which differs
    theirs, ours = one_by_one.envelopes[start:], calm().envelopes[start:]
    assert digest(theirs, 2.2) == digest(ours, 2.2)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ts_momentun", "did you mean 'ts_momentum'"),
        ("tests.characterization.nowhere:Agent", "cannot be loaded"),
        ("tests.characterization.users:Nobody", "cannot be loaded"),
        ("tests.characterization.users:NoAgent", "is no subclass of actors.agents.base.Agent"),
    ],
)
def test_a_kind_that_is_no_agent_is_one_clear_line(kind: str, text: str) -> None:
    with pytest.raises(BadConfiguration, match=text):
        agent_of(a_quick_profile(agents__momentum__kind=kind).agents["momentum"].kind)


def test_an_agent_answers_for_all_or_for_each_and_never_both() -> None:
    profile = a_quick_profile()
    with pytest.raises(TypeError, match="BothWays overrides"):
        BothWays(profile.agents["momentum"].settings("momentum", 60.0))


def test_the_weights_of_a_slate_explain_it_and_add_up_to_one() -> None:
    slate = last(calm(), Slate)
    assert slate.agents == ("momentum", "reversion", "order_flow")
    weights = slate.weights.values
    assert weights.shape == (3, 3)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, rtol=1e-12)


def test_an_agent_that_believes_nothing_has_no_weight() -> None:
    slate = last(calm(), Slate)
    reversion = signals_of(calm(), "reversion")[-1].payload
    silent = np.isnan(reversion.mu.values)
    assert (slate.weights.values[1][silent] == 0).all()


def test_a_slate_names_the_signals_it_was_made_of() -> None:
    run = calm()
    for slate in run.of(Slate):
        named = [run.at(seq) for seq in slate.payload.based_on if isinstance(run.at(seq).payload, SignalFrame)]
        assert {each.at_ns for each in named} == {slate.at_ns}
        assert [each.payload.agent for each in named] == list(slate.payload.agents)


def test_the_quantiles_of_every_slate_rise_and_disagreement_is_never_negative() -> None:
    for slate in said(calm(), Slate):
        assert (np.diff(slate.quantiles.values, axis=0) >= 0).all()
        assert (slate.disagreement.values >= 0).all()
        assert (slate.sigma.values > 0).all()


def test_the_blend_lies_within_what_its_agents_believe() -> None:
    run = calm()
    for slate in run.of(Slate):
        signals = [
            run.at(seq).payload for seq in slate.payload.based_on if isinstance(run.at(seq).payload, SignalFrame)
        ]
        scale = [slate.payload.horizon_s / each.horizon_s for each in signals]
        mus = np.array([each.mu.values * factor for each, factor in zip(signals, scale, strict=True)])
        assert (slate.payload.mu.values <= np.nanmax(mus, axis=0) + 1e-12).all()
        assert (slate.payload.mu.values >= np.nanmin(mus, axis=0) - 1e-12).all()


def test_before_any_outcome_a_score_is_worth_its_prior() -> None:
    first = signals_of(calm(), "momentum")[0].payload
    worth = first.mu.values / (first.score.values * first.sigma.values)
    np.testing.assert_allclose(worth, 0.1, rtol=1e-9)


def test_outcomes_repeat_the_score_that_was_said_and_nothing_is_scored_twice() -> None:
    run = calm()
    outcomes = said(run, Outcome)
    assert len({each.said_seq for each in outcomes}) == len(outcomes) > 3
    for outcome in outcomes:
        assert outcome.score == run.at(outcome.said_seq).payload.score
        assert outcome.mu == run.at(outcome.said_seq).payload.mu


def test_what_came_true_of_one_agent_changes_nothing_for_the_others() -> None:
    run = calm()
    assert {each.payload.author for each in run.of(Outcome)} == {"reversion"}
    for signal in (each.payload for each in signals_of(run, "momentum")):
        np.testing.assert_allclose(signal.mu.values / (signal.score.values * signal.sigma.values), 0.1, rtol=1e-9)


def test_the_crash_of_one_agent_is_its_own() -> None:
    run = fragile()
    (failed,) = said(run, ActorFailed)
    assert (failed.actor, failed.error, failed.spent) == ("momentum", "RuntimeError: a bug of the user's", False)
    turn = run.turn(run.at(failed.input_seq).turn)
    assert [each.payload.agent for each in turn if isinstance(each.payload, SignalFrame)] == ["reversion", "order_flow"]
    assert run.ending.exit_code == 0


def test_while_one_agent_is_away_the_blend_goes_on_with_its_last_word_and_says_so() -> None:
    run = fragile()
    slate = run.of(Slate)[1]
    named = [run.at(seq) for seq in slate.payload.based_on if isinstance(run.at(seq).payload, SignalFrame)]
    assert {each.payload.agent: slate.at_ns - each.at_ns for each in named} == {
        "momentum": SECOND_NS, "reversion": 0, "order_flow": 0,
    }  # fmt: skip
    np.testing.assert_allclose(slate.payload.weights.values.sum(axis=0), 1.0, rtol=1e-12)


def test_a_crashed_agent_comes_back_and_says_what_it_would_have_said() -> None:
    run = fragile()
    (restarted,) = run.of(ActorRestarted)
    assert restarted.payload.actor == "momentum"
    again = [each for each in signals_of(run, "momentum") if each.seq > restarted.seq]
    assert again
    there = {each.at_ns: each.payload for each in signals_of(calm(), "momentum")}
    assert all(each.payload.score == there[each.at_ns].score for each in again)
