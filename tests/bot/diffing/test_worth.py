"""What the other slates are worth: by propensities where they could have been chosen, by the market everywhere."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.diffing.decisions import Taken
from bot.diffing.twins import Pair
from bot.diffing.worth import Judging, choices
from contracts.belief import Outcome
from contracts.column import floats
from contracts.decision import Pick, Selection
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import UniverseChanged
from tests.kit.beliefs import a_slate
from tests.kit.market import an_instrument

SYMBOLS = ("A-EUR", "B-EUR", "C-EUR")
COST_BPS = 4.0


def a_pick(symbol, propensity, side="buy", held=False):
    return Pick(f"{symbol}-EUR", side, 1.0, 1.0, propensity, held)


def a_selection(picks, runners=()):
    return Selection(1, 1, tuple(picks), tuple(runners), floats(np.eye(len(picks) or 1)), 1, ())


CHANCY = a_selection([a_pick("A", 1.0), a_pick("B", 0.9)], [a_pick("C", 0.1, "sell")])
EXPLORED = a_selection([a_pick("A", 1.0), a_pick("C", 0.1, "sell")], [a_pick("B", 0.9)])
SURE = a_selection([a_pick("A", 1.0), a_pick("C", 1.0, "sell")])
NOTHING = a_selection([])


def judged(decisions, seed=1):
    """A judging of (selection on record, other selection, realised returns in bp) a minute apart."""
    judging = Judging()
    universe = Universe(1, tuple(an_instrument(symbol=symbol) for symbol in SYMBOLS))
    judging.heard(Pair([Envelope(1, 1, 0, 1, "feed", UniverseChanged(universe))], []))
    slate = a_slate(width=3, horizon_s=60.0)
    for seq, (was, now, came) in enumerate(decisions, start=10):
        at_ns = seq * 60 * 10**9
        taken = [Taken(seq, at_ns, seq, {}, (), each, slate, seq, (), ()) for each in (was, now)]
        judging.seen(*taken)
        realised = floats(1e-4 * np.array(came, dtype=float))
        columns = (slate.mu, slate.sigma, slate.sigma, realised)
        outcome = Outcome("blend", 1, seq, at_ns, slate.horizon_s, *columns, ())
        judging.heard(Pair([Envelope(seq, seq, 0, at_ns, "outcomes", outcome)], []))
    return judging.worth(seed)


def test_what_could_have_been_chosen_sums_to_one_whatever_was() -> None:
    for selection in (CHANCY, EXPLORED, SURE, NOTHING):
        taken, could = choices(selection)
        assert taken in could
        assert sum(could.values()) == pytest.approx(1.0)
    assert choices(CHANCY)[1] == choices(EXPLORED)[1]
    assert choices(CHANCY)[0] != choices(EXPLORED)[0]


def test_a_slate_is_worth_the_mean_net_return_of_its_picks() -> None:
    cost = a_slate(width=3, horizon_s=60.0).cost_bps.values[0]
    held = a_selection([a_pick("A", 1.0, held=True), a_pick("C", 1.0, "sell")])
    found = judged([(SURE, held, (10.0, 0.0, -20.0)), (NOTHING, SURE, (10.0, 0.0, -20.0))])

    assert found.recorded.value == pytest.approx((15.0 - cost + 0.0) / 2)
    assert found.market.value == pytest.approx((15.0 - cost / 2 + 15.0 - cost) / 2)
    assert found.gain.value == pytest.approx(found.market.value - found.recorded.value)


def test_only_what_the_recorded_policy_could_have_chosen_has_support() -> None:
    other = a_selection([a_pick("B", 1.0)])
    found = judged([(CHANCY, SURE, (1.0, 2.0, 3.0)), (SURE, CHANCY, (1.0, 2.0, 3.0)), (CHANCY, other, (1.0, 2.0, 3.0))])

    assert (found.judged, found.chance, found.supported) == (3, 2, 1)
    assert found.support == pytest.approx((1.0 + 0.1 + 0.0) / 3)
    assert found.estimates["ips"].value == 0.0


def test_without_support_propensities_say_nothing() -> None:
    found = judged([(SURE, NOTHING, (1.0, 2.0, 3.0))])
    assert (found.supported, found.estimates) == (0, {})
    assert found.market.value == 0.0


def test_the_recorded_policy_is_worth_what_it_earned() -> None:
    rng = np.random.default_rng(2)
    found = judged([((CHANCY, EXPLORED)[at % 2],) * 2 + (rng.normal(size=3) * 30,) for at in range(60)])

    assert found.estimates["ips"] == found.estimates["logged"]
    assert found.estimates["ips"].value == pytest.approx(found.recorded.value)
    assert found.supported == 60


@pytest.mark.numbers
@settings(max_examples=3, deadline=None)
@given(st.integers(0, 1000))
def test_a_seeded_bandit_of_slates_is_judged_without_bias(seed) -> None:
    """The other policy always chooses what the recorded one gives a tenth of its chance."""
    rng = np.random.default_rng(seed)
    rows, truth = [], []
    for _ in range(1000):
        came = rng.normal(size=3) * 5.0 + np.array([0.0, 3.0, -6.0])
        rows.append((EXPLORED if rng.random() < 0.1 else CHANCY, SURE, came))
        truth.append((came[0] - came[2]) / 2)
    found, cost = judged(rows), a_slate(width=3, horizon_s=60.0).cost_bps.values[0]

    for name in ("ips", "snips", "dr"):
        estimate = found.estimates[name]
        assert abs(estimate.value + cost - np.mean(truth)) < 1.5 * (estimate.high - estimate.low)
    assert found.market.value + cost == pytest.approx(np.mean(truth))
    assert 50 < found.estimates["ips"].rows < 170


def test_what_has_not_come_true_is_not_judged() -> None:
    assert judged([]).judged == 0
    assert math.isnan(judged([]).support)
    assert judged([(SURE, SURE, (float("nan"), 0.0, 0.0))]).judged == 0
    assert judged([(SURE, SURE, (0.0, float("nan"), 0.0))]).judged == 1
