"""Judged off line from logged propensities, a policy earns what it earns in the replay, within two errors."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.off_policy import Log, doubly_robust, interval, inverse_propensity, judge, self_normalised

ACTIONS = 4


def a_log(rows=4000, seed=0):
    """Contexts, actions of a logging policy with known propensities, rewards, and the judged policy's propensities."""
    chance = np.random.default_rng(seed)
    worth = chance.normal(size=(rows, ACTIONS)) + np.array([0.0, 0.2, 0.5, -0.3])
    logging = np.full((rows, ACTIONS), 0.1)
    logging[:, 0] = 0.7
    judged = np.full((rows, ACTIONS), 0.05)
    judged[:, 2] = 0.85
    action = (chance.random(rows)[:, None] > logging.cumsum(axis=1)).sum(axis=1)
    at = np.arange(rows)
    reward = worth[at, action] + 0.5 * chance.normal(size=rows)
    truth = float((worth * judged).sum(axis=1).mean())
    return worth, action, reward, logging[at, action], judged, truth


def test_inverse_propensities_find_the_truth_of_the_replay_within_two_errors():
    _, action, reward, logged, judged, truth = a_log()
    at = np.arange(len(action))
    for estimate in (inverse_propensity, self_normalised):
        found = estimate(reward, logged, judged[at, action])
        assert abs(found.value - truth) <= 2 * found.error
        assert found.worth < len(action) / 2


def test_the_doubly_robust_estimate_finds_it_with_less_error():
    worth, action, reward, logged, judged, truth = a_log()
    at = np.arange(len(action))
    model = worth + 0.2 * np.random.default_rng(9).normal(size=worth.shape)
    found = doubly_robust(reward, logged, judged[at, action], model[at, action], (model * judged).sum(axis=1))
    assert abs(found.value - truth) <= 2 * found.error
    assert found.error < inverse_propensity(reward, logged, judged[at, action]).error


def test_errors_are_honest_over_many_logs():
    hits = []
    for seed in range(100):
        _, action, reward, logged, judged, truth = a_log(rows=500, seed=seed)
        found = inverse_propensity(reward, logged, judged[np.arange(500), action])
        hits.append(abs(found.value - truth) <= 2 * found.error)
    assert np.mean(hits) >= 0.9


def test_judging_the_logging_policy_is_the_plain_mean():
    _, _, reward, logged, _, _ = a_log(rows=50)
    assert inverse_propensity(reward, logged, logged).value == pytest.approx(reward.mean())
    assert math.isnan(self_normalised(reward, logged, np.zeros(50)).value)


@pytest.mark.parametrize("logged", [np.array([0.0]), np.array([1.2]), np.array([])])
def test_a_propensity_that_is_none_is_refused(logged):
    with pytest.raises(ValueError, match="logged propensities"):
        inverse_propensity(np.ones(len(logged)), logged, np.ones(len(logged)))


def a_whole_log(rows=4000, seed=0, *, model_error=0.2, shift=0.0):
    worth, action, reward, logged, judged, truth = a_log(rows, seed)
    at = np.arange(rows)
    model = worth + model_error * np.random.default_rng(seed + 77).normal(size=worth.shape)
    log = Log(reward + shift, logged, judged[at, action], model[at, action], (model * judged).sum(axis=1))
    return log, truth + shift


def judged(log, seed=5, **more):
    return judge(log, np.random.default_rng(seed), **more)


def test_over_many_logs_no_estimate_is_biased() -> None:
    misses = {name: [] for name in ("ips", "snips", "dr")}
    for seed in range(200):
        log, truth = a_whole_log(rows=300, seed=seed)
        for name, found in (
            ("ips", inverse_propensity(*log[:3])), ("snips", self_normalised(*log[:3])), ("dr", doubly_robust(*log)),
        ):  # fmt: skip
            misses[name].append(found.value - truth)
    for off in misses.values():
        assert abs(np.mean(off)) < 3.0 * np.std(off) / np.sqrt(len(off))


def test_a_model_that_is_wrong_or_propensities_that_are_leave_the_doubly_robust_right() -> None:
    log, truth = a_whole_log(rows=20_000, seed=3)
    wrong_model = log._replace(modelled=np.zeros(20_000), expected=np.zeros(20_000))
    assert abs(doubly_robust(*wrong_model).value - truth) <= 3 * doubly_robust(*wrong_model).error

    exact, truth = a_whole_log(rows=20_000, seed=3, model_error=0.0)
    wrong_odds = exact._replace(logged=np.clip(exact.logged * 0.5, 0.01, 1.0))
    assert abs(inverse_propensity(*wrong_odds[:3]).value - truth) > 0.2
    assert abs(doubly_robust(*wrong_odds).value - truth) <= 3 * doubly_robust(*wrong_odds).error


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(-100.0, 100.0))
def test_the_self_normalised_estimate_moves_with_a_shift_of_all_rewards(seed, shift) -> None:
    before, after = (judged(a_whole_log(rows=60, seed=seed, shift=each)[0]) for each in (0.0, shift))

    for field in ("value", "low", "high"):
        assert getattr(after["snips"], field) == pytest.approx(getattr(before["snips"], field) + shift, abs=1e-6)
    assert after["snips"].worth == before["snips"].worth


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-5.0, 5.0), st.floats(-5.0, 5.0)), min_size=1, max_size=40))
def test_where_both_could_only_do_the_same_every_estimate_is_what_was_earned(rows) -> None:
    reward, model = (np.array(each) for each in zip(*rows, strict=True))
    one = np.ones(len(rows))
    found = judged(Log(reward, one, one, model, model))

    for name in ("ips", "snips", "dr"):
        assert found[name].value == pytest.approx(reward.mean(), abs=1e-12)
        assert found[name].worth == pytest.approx(len(rows))
    assert found["direct"].value == pytest.approx(model.mean(), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_with_a_model_that_is_right_the_doubly_robust_is_the_direct_estimate(seed) -> None:
    log, _ = a_whole_log(rows=50, seed=seed)
    found = judged(log._replace(modelled=log.reward))
    assert found["dr"] == found["direct"]._replace(worth=found["dr"].worth)


@pytest.mark.numbers
def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    hits = dict.fromkeys(("ips", "snips", "dr"), 0)
    for seed in range(120):
        log, truth = a_whole_log(rows=400, seed=seed)
        found = judged(log, seed=seed)
        for name in hits:
            hits[name] += found[name].low <= truth <= found[name].high
    assert all(0.88 <= count / 120 <= 1.0 for count in hits.values()), hits


def test_rows_that_overlap_have_wider_intervals_in_blocks() -> None:
    rng = np.random.default_rng(4)
    rows = np.repeat(rng.normal(size=100), 20)
    alone, blocks = (interval(rows, np.random.default_rng(1), block=block) for block in (1, 40))

    assert alone.value == blocks.value
    assert blocks.high - blocks.low > 3.0 * (alone.high - alone.low)


def test_of_a_few_blocks_no_interval_is_told() -> None:
    few, enough = (interval(np.arange(rows) % 7.0, np.random.default_rng(1), block=20) for rows in (99, 100))
    assert math.isnan(few.low) and math.isnan(few.high)
    assert enough.low < enough.value < enough.high
    assert few.value == pytest.approx((np.arange(99) % 7).mean())


def test_every_estimate_is_the_one_of_its_name() -> None:
    log, _ = a_whole_log(rows=200)
    found, alone = judged(log), (inverse_propensity(*log[:3]), self_normalised(*log[:3]), doubly_robust(*log))

    for name, estimate in zip(("ips", "snips", "dr"), alone, strict=True):
        assert found[name].value == pytest.approx(estimate.value)
        assert found[name].worth == pytest.approx(estimate.worth)
        assert found[name].low < estimate.value < found[name].high


def test_one_seed_gives_one_interval() -> None:
    log, _ = a_whole_log(rows=100)
    assert judged(log, seed=1) == judged(log, seed=1) != judged(log, seed=2)


def test_a_policy_without_support_has_no_value() -> None:
    log, _ = a_whole_log(rows=20)
    found = judged(log._replace(judged=np.zeros(20)))
    assert math.isnan(found["snips"].value)
    assert (found["ips"].value, found["ips"].worth) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("changed", "block"), [({}, 0), ({"judged": np.full(20, 1.5)}, 1), ({"logged": np.zeros(20)}, 1)]
)
def test_what_is_no_propensity_or_no_block_is_refused(changed, block) -> None:
    with pytest.raises(ValueError, match="propensities"):
        judged(a_whole_log(rows=20)[0]._replace(**changed), block=block)
