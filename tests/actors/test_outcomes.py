import msgspec
import numpy as np
import pytest

from actors.outcomes import Outcomes, OutcomesSettings
from contracts.belief import Outcome
from contracts.column import floats
from tests.kit.beliefs import a_signal_frame, a_slate
from tests.kit.market import a_mark_frame, an_envelope, at


def an_actor(*, overlaps_max: int = 64) -> Outcomes:
    return Outcomes(OutcomesSettings(overlaps_max=overlaps_max))


def tell(outcomes: Outcomes, *events) -> list[Outcome]:
    """Tell (second, seq, payload) triples; what was said."""
    said: list[Outcome] = []
    for second, seq, payload in events:
        said.extend(outcomes.receive(an_envelope(payload, seq=seq, at_ns=at(second))))
        outcomes.check()
    return said


def test_a_belief_is_closed_by_the_first_marks_at_or_after_its_horizon():
    signal = a_signal_frame(mu=0.003, sigma=0.02, score=1.5, horizon_s=10.0)
    (outcome,) = tell(
        an_actor(),
        (0, 1, a_mark_frame(mid=(100.0, 50.0))),
        (0, 2, signal),
        (9, 3, a_mark_frame(mid=(900.0, 900.0))),
        (10, 4, a_mark_frame(mid=(101.0, 49.0))),
        (11, 5, a_mark_frame(mid=(800.0, 800.0))),
    )
    assert outcome.realised.values == pytest.approx(np.log([1.01, 0.98]))
    assert (outcome.author, outcome.said_seq, outcome.said_ns) == ("momentum", 2, at(0))
    assert (outcome.mu, outcome.sigma, outcome.score) == (signal.mu, signal.sigma, signal.score)
    assert outcome.based_on == (2, 1, 4)


@pytest.mark.parametrize(("start", "end"), [((np.nan, 50.0), (100.0, 50.0)), ((100.0, 50.0), (np.nan, 50.0))])
def test_a_mark_that_was_not_valid_at_either_end_gives_no_outcome_of_that_instrument(start, end):
    (outcome,) = tell(
        an_actor(),
        (0, 1, a_mark_frame(mid=start)),
        (0, 2, a_signal_frame(horizon_s=10.0)),
        (10, 3, a_mark_frame(mid=end)),
    )
    assert np.isnan(outcome.realised.values).tolist() == [True, False]


def test_a_frame_that_comes_far_too_late_answers_another_question():
    (outcome,) = tell(
        an_actor(),
        (0, 1, a_mark_frame()),
        (0, 2, a_signal_frame(horizon_s=10.0)),
        (20.1, 3, a_mark_frame(mid=(101.0, 101.0))),
    )
    assert np.isnan(outcome.realised.values).all()


def test_the_blend_is_held_to_account_like_an_agent():
    (outcome,) = tell(
        an_actor(),
        (0, 1, a_mark_frame()),
        (0, 2, a_slate(mu=0.02, sigma=0.01, horizon_s=10.0)),
        (10, 3, a_mark_frame()),
    )
    assert outcome.author == "blend"
    assert outcome.score.values == pytest.approx([2.0, 2.0])
    assert outcome.realised.values.tolist() == [0.0, 0.0]


def test_the_blend_is_held_to_its_quantiles_and_costs_and_to_the_pool_and_an_agent_to_none():
    slate = msgspec.structs.replace(a_slate(cost_bps=7.0, horizon_s=10.0), pool_quantiles=floats(np.ones((9, 2))))
    blend, agent = tell(
        an_actor(),
        (0, 1, a_mark_frame()),
        (0, 2, slate),
        (0, 3, a_signal_frame(horizon_s=10.0)),
        (10, 4, a_mark_frame()),
    )
    assert (blend.quantiles, blend.cost_bps, blend.pool_quantiles) == (
        slate.quantiles,
        slate.cost_bps,
        slate.pool_quantiles,
    )
    assert [len(each) for each in (agent.quantiles, agent.cost_bps, agent.pool_quantiles)] == [0, 0, 0]


def test_beliefs_that_end_together_come_true_alike_each_by_its_own_lateness():
    """One is late for its horizon, the other is not, though both started from the same marks."""
    short, long = tell(
        an_actor(),
        (0, 1, a_mark_frame()),
        (0, 2, a_signal_frame(agent="short", horizon_s=1.0)),
        (0, 3, a_signal_frame(agent="long", horizon_s=10.0)),
        (10, 4, a_mark_frame(mid=(101.0, 100.0))),
    )
    assert np.isnan(short.realised.values).all()
    assert long.realised.values == pytest.approx([np.log(1.01), 0.0])


def test_beliefs_that_overlap_too_much_are_thinned_and_counted():
    outcomes = an_actor(overlaps_max=4)
    events = [(0.0, 1, a_mark_frame())]
    events += [(float(second), 2 + second, a_signal_frame(horizon_s=8.0)) for second in range(8)]
    tell(outcomes, *events)
    assert [each.said_ns for each in outcomes.state.pending["momentum"]] == [at(0), at(2), at(4), at(6)]
    assert outcomes.state.thinned == 4


def test_when_marks_stop_memory_stays_bounded_and_what_is_lost_is_counted():
    outcomes = an_actor(overlaps_max=2)
    tell(outcomes, (0, 1, a_mark_frame()), *((float(s), 2 + s, a_signal_frame(horizon_s=1.0)) for s in range(100)))
    assert len(outcomes.state.pending["momentum"]) == 4
    assert outcomes.state.dropped == 96


def test_a_belief_before_any_mark_or_of_another_universe_is_dropped_and_counted():
    outcomes = an_actor()
    tell(outcomes, (0, 1, a_signal_frame()), (0, 2, a_mark_frame()), (0, 3, a_signal_frame(universe=2)))
    assert outcomes.state.pending == {}
    assert outcomes.state.dropped == 2


def test_a_changed_universe_drops_what_was_pending_and_counts_it():
    outcomes = an_actor()
    said = tell(
        outcomes,
        (0, 1, a_mark_frame()),
        (0, 2, a_signal_frame(horizon_s=10.0)),
        (10, 3, a_mark_frame(mid=(1.0, 2.0, 3.0), universe=2)),
    )
    assert said == []
    assert outcomes.state.dropped == 1


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(ValueError, match="overlaps_max was 0"):
        OutcomesSettings(overlaps_max=0)
