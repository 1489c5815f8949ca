"""The chain as a whole: calibrated, invariant, replayed to the bit, and named behaviour for every bad input."""

import numpy as np
import pytest

from quant.chain import Chain
from quant.decision import Blend
from quant.quantiles import LEVELS, STUDENT_5
from quant.scores import mean_pinball
from quant.viewing import ChainSettings
from tests.kit.chains import AGENTS, FEATURES, HOUR_NS, a_chain, a_decision, live, lived


def arrays(blend: Blend) -> dict[str, np.ndarray]:
    return {name: value for name, value in blend._asdict().items() if isinstance(value, np.ndarray)}


def assert_same(one: Blend, other: Blend) -> None:
    for name, value in arrays(one).items():
        np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


def permuted(decision, order):
    fields = ("mu", "sigma", "confidence", "features")
    return decision._replace(**{name: getattr(decision, name)[:, order] for name in fields})


def test_before_any_label_quantiles_are_those_of_a_student_around_the_pool():
    chain = a_chain()
    decision = a_decision(np.random.default_rng(2), instant=0)
    said = chain.believe(decision)
    pool = next(iter(chain.pending.values())).pool * 0.01
    np.testing.assert_allclose(said.quantiles, pool[0] + STUDENT_5[:, None] * pool[1], rtol=1e-12)
    assert said.rung == "pool"
    np.testing.assert_allclose(said.weights.sum(axis=0), 1.0)


def test_quantiles_rise_and_everything_is_finite():
    for said in lived(a_chain(), instants=120):
        assert (np.diff(said.quantiles, axis=0) >= 0).all()
        assert all(np.isfinite(value).all() for value in arrays(said).values())
        assert (np.abs(said.p_up - 0.5) <= 0.5).all()
        assert (said.es_long > -said.quantiles[1]).all()
        assert (said.es_short > said.quantiles[-2]).all()


def test_a_state_taken_up_again_goes_on_bit_for_bit():
    one, other = a_chain(), a_chain()
    live(one, instants=120)
    other.load(one.state())
    assert list(other.pending) == list(one.pending)
    for here, there in zip(lived(one, instants=20, seed=9, first=400), lived(other, instants=20, seed=9, first=400)):
        assert all(value.tobytes() == getattr(there, name).tobytes() for name, value in arrays(here).items())
    ours, theirs = one.state(), other.state()
    assert {name: value.tobytes() for name, value in ours.items()} == {
        name: value.tobytes() for name, value in theirs.items()
    }


def test_a_state_of_another_chain_is_refused():
    with pytest.raises(ValueError, match="expected shape"):
        a_chain(width=2).load(a_chain(width=3).state())


def test_neither_the_order_of_instruments_nor_the_scale_of_prices_matters():
    order = np.array([2, 0, 1])
    plain, shuffled = a_chain(), a_chain()
    chance, outcomes = np.random.default_rng(3), np.random.default_rng(4)
    for instant in range(130):
        decision = a_decision(chance, instant=instant)
        one, other = plain.believe(decision), shuffled.believe(permuted(decision, order))
        for name, value in arrays(one).items():
            expected = value if name in ("stack", "expert_weights") else value[..., order]
            np.testing.assert_allclose(getattr(other, name), expected, rtol=1e-9, atol=1e-12, err_msg=name)
        y = 0.01 * outcomes.standard_normal(3)
        plain.learn(decision.said_ns, y)
        shuffled.learn(decision.said_ns, y[order])


def test_the_chain_is_free_of_units():
    """Means, deviations and outcomes ten times as large give an answer ten times as large."""
    small, large = a_chain(), a_chain()
    chance, outcomes = np.random.default_rng(3), np.random.default_rng(4)
    for instant in range(130):
        decision = a_decision(chance, instant=instant)
        scaled = decision.features.copy()
        scaled[[0, 3, 4]] *= 10.0
        one = small.believe(decision)
        other = large.believe(decision._replace(mu=10 * decision.mu, sigma=10 * decision.sigma, features=scaled))
        np.testing.assert_allclose(other.quantiles, 10 * one.quantiles, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(other.p_up, one.p_up, rtol=1e-9, atol=1e-12)
        y = 0.01 * outcomes.standard_normal(3)
        small.learn(decision.said_ns, y)
        large.learn(decision.said_ns, 10 * y)


def test_where_no_agent_is_alive_the_mean_is_0_the_width_the_reference_and_confidence_0():
    chain = a_chain()
    live(chain, instants=120)
    decision = a_decision(np.random.default_rng(5), instant=1000)
    decision.mu[:, 1] = np.nan
    said = chain.believe(decision)
    assert said.mu[1] == 0.0
    np.testing.assert_allclose(chain.curve.mean(said.quantiles)[1], 0.0, atol=1e-15)
    assert said.confidence[1] == 0.0
    assert np.isnan(said.mu_error[1])
    assert 0.005 < said.sigma[1] < 0.02
    assert (said.weights[:, 1] == 0).all()
    assert said.confidence[0] > 0.0


def test_where_neither_agent_nor_reference_is_known_nothing_is_said():
    chain = a_chain()
    decision = a_decision(np.random.default_rng(5), instant=0)
    decision.mu[:, 1], decision.features[0, 1] = np.nan, np.nan
    said = chain.believe(decision)
    assert np.isnan([said.mu[1], said.sigma[1], said.p_up[1]]).all()
    assert np.isnan(said.quantiles[:, 1]).all()
    assert said.confidence[1] == 0.0
    assert np.isfinite(said.quantiles[:, [0, 2]]).all()


def test_without_a_reference_the_deviation_of_the_pool_is_the_scale():
    chain = Chain(ChainSettings(AGENTS, {}, 3600.0, 3600.0), 2)
    decision = a_decision(np.random.default_rng(5), instant=0, width=2)._replace(features=np.zeros((0, 2)))
    decision.sigma[:] = 0.03
    np.testing.assert_allclose(chain.believe(decision).scale, 0.03)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_agent_whose_mean_is_no_number_is_silent_there(bad):
    chain, other = a_chain(), a_chain()
    decision = a_decision(np.random.default_rng(6), instant=0)
    decision.mu[0, 0] = bad
    silent = decision._replace(mu=np.where(np.isfinite(decision.mu), decision.mu, np.nan))
    assert_same(chain.believe(decision), other.believe(silent))
    assert chain.believe(decision).weights[0, 0] == 0.0


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
def test_an_agent_without_a_positive_deviation_is_silent_there(bad):
    chain = a_chain()
    decision = a_decision(np.random.default_rng(6), instant=0)
    decision.sigma[1, 2] = bad
    said = chain.believe(decision)
    assert said.weights[1, 2] == 0.0
    assert np.isfinite(said.quantiles).all()


def test_features_that_are_no_numbers_are_absent():
    chain = a_chain()
    live(chain, instants=120)
    decision = a_decision(np.random.default_rng(7), instant=900)
    decision.features[1:, 0] = [np.inf, -np.inf, np.nan, 0.0, np.nan]
    said = chain.believe(decision)
    assert np.isfinite(said.quantiles).all()
    assert not np.isinf(next(reversed(chain.pending.values())).inputs).any()


def test_one_instrument_is_enough():
    chain = a_chain(width=1)
    assert np.isfinite(live(chain, instants=310, width=1).quantiles).all()
    with pytest.raises(ValueError, match="at least 1"):
        a_chain(width=0)


def test_agents_that_all_say_the_same_disagree_in_nothing():
    chain = a_chain()
    decision = a_decision(np.random.default_rng(8), instant=0)
    decision.mu[:], decision.sigma[:] = 0.001, 0.01
    said = chain.believe(decision)
    np.testing.assert_allclose(said.disagreement, 0.0, atol=1e-18)
    np.testing.assert_allclose(said.quantiles[4], 0.001)


def test_a_label_of_a_belief_that_was_not_kept_teaches_nothing():
    chain = a_chain()
    live(chain, instants=50)
    before = chain.state()
    assert chain.learn(12345, np.zeros(3)) is None
    assert {name: value.tobytes() for name, value in before.items()} == {
        name: value.tobytes() for name, value in chain.state().items()
    }


def test_beliefs_said_before_the_one_that_closed_are_dropped():
    chain = a_chain(horizon_s=36_000.0)
    said = [a_decision(np.random.default_rng(9), instant=instant) for instant in range(4)]
    for decision in said:
        chain.believe(decision)
    lesson = chain.learn(said[2].said_ns, np.full(3, 0.01))
    assert lesson is not None
    assert lesson.uniqueness == pytest.approx(0.1)
    np.testing.assert_allclose(lesson.z, 0.01 / said[2].features[0] / np.sqrt(10.0))
    assert lesson.x.shape == (3, len(chain.inputs.names))
    assert list(chain.pending) == [said[3].said_ns]


def test_within_one_horizon_no_more_beliefs_wait_than_agreed():
    chain = Chain(ChainSettings(AGENTS, FEATURES, 6400.0, 3600.0, overlaps_max=4), 3)
    decision = a_decision(np.random.default_rng(9), instant=0)
    for second in range(0, 6400, 100):
        chain.believe(decision._replace(said_ns=decision.said_ns + second * 1_000_000_000))
    assert len(chain.pending) == 4
    for hour in range(100):
        chain.believe(decision._replace(said_ns=decision.said_ns + hour * HOUR_NS))
    assert len(chain.pending) <= 8


def test_when_labels_come_of_other_beliefs_the_chain_falls_in_step_with_them():
    chain = Chain(ChainSettings(AGENTS, FEATURES, 6400.0, 3600.0, overlaps_max=4), 3)
    decision = a_decision(np.random.default_rng(9), instant=0)
    start, second_ns = decision.said_ns, 1_000_000_000
    learned = 0
    for second in range(0, 40_000, 400):
        chain.believe(decision._replace(said_ns=start + second * second_ns))
        closed = second - 6400
        if closed >= 400 and (closed - 400) % 1600 == 0:  # the first belief of all was not taken
            learned += chain.learn(start + closed * second_ns, np.zeros(3)) is not None
    assert learned > 10


def test_a_label_that_is_not_known_teaches_nothing_about_its_instrument():
    one, other = a_chain(), a_chain()
    decision = a_decision(np.random.default_rng(10), instant=0)
    for chain, outcome in ((one, np.nan), (other, np.inf)):
        chain.believe(decision)
        chain.learn(decision.said_ns, np.array([0.01, outcome, -0.01]))
        assert chain.recalibrations[0].labels == 2
    np.testing.assert_array_equal(one.stack.gram, other.stack.gram)


def test_a_net_label_is_a_shift_of_the_quantiles():
    """Pinball of the gross label against q equals that of the label less costs against q less costs, to 1e-9."""
    chance = np.random.default_rng(11)
    said = live(a_chain(), instants=120)
    y, cost = 0.01 * chance.standard_normal(3), np.array([0.001, 0.002, 0.003])
    gross, net = mean_pinball(said.quantiles, y), mean_pinball(said.quantiles - cost, y - cost)
    np.testing.assert_allclose(net, gross, atol=1e-9)


def test_drift_widens_around_the_mean_and_takes_the_blend_back_to_the_pool():
    chain = a_chain()
    live(chain, instants=120)
    chain.ladder.standing[:] = 1.0
    decision = a_decision(np.random.default_rng(12), instant=900)
    calm = chain.believe(decision)
    wide = chain.believe(decision._replace(sigma_factor=1.25))
    pooled = chain.believe(decision._replace(pool_only=True))
    np.testing.assert_allclose(wide.mu, calm.mu)
    np.testing.assert_allclose(wide.sigma, 1.25 * calm.sigma)
    np.testing.assert_allclose(wide.quantiles - calm.mu, 1.25 * (calm.quantiles - calm.mu))
    assert (calm.rung, pooled.rung) == ("stack", "pool")
    assert pooled.expert_weights[4].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_another_universe_keeps_what_is_common_and_each_instrument_its_own_errors():
    chain = a_chain()
    live(chain, instants=120)
    moved = chain.moved(np.array([2, -1]))
    assert moved.pending == {}
    np.testing.assert_array_equal(moved.stack.gram, chain.stack.gram)
    assert moved.recalibrations[0].ring.shape == (2, 10_000)
    own = chain.recalibrations[0].ring[2]
    kept = moved.recalibrations[0].ring[0]
    np.testing.assert_array_equal(np.sort(kept[np.isfinite(kept)]), np.sort(own[np.isfinite(own)]))
    assert not np.isfinite(moved.recalibrations[0].ring[1]).any()
    assert np.isfinite(live(moved, instants=20, width=2, first=500).quantiles).all()


@pytest.mark.numbers
def test_the_blend_covers_what_it_says():
    chain = a_chain(width=10)
    chance = np.random.default_rng(13)
    below = []
    for instant, said in enumerate(lived(chain, instants=400, width=10, seed=14)):
        if instant > 100:
            noise = chance.standard_t(5, 10) * np.sqrt(0.6)
            below.append((0.01 * noise <= said.quantiles).mean(axis=1))
    assert np.abs(np.mean(below, axis=0) - LEVELS).max() < 0.03


def test_an_outcome_far_beyond_a_reference_that_was_next_to_nothing_spoils_no_quantile_and_stops_no_learning():
    chain, chance = a_chain(width=2), np.random.default_rng(5)
    for instant in range(400):
        decision = a_decision(chance, instant=instant, width=2, s_ref=1e-15 if instant < 3 else 0.01)
        blend = chain.believe(decision)
        chain.learn(decision.said_ns, 0.01 * chance.standard_normal(2))
    assert (np.abs(blend.quantiles) < 0.3).all()
    assert (chain.blends[0].range < 25.0).all()
