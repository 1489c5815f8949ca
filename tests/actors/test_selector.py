from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.fill_experience import UNSEEN
from actors.selector import LearningSettings, Selector, SelectorSettings
from contracts import codec
from contracts.account import Position
from contracts.belief import RegimeState
from contracts.column import floats
from contracts.decision import Selection
from tests.kit.belief_chain import closes
from tests.kit.beliefs import a_slate, an_outcome
from tests.kit.market import a_bar_frame, a_bar_history, a_universe_changed, an_envelope, at

SYMBOLS = ("BTC-EUR", "ETH-EUR", "SOL-EUR", "XRP-EUR")


def a_selector(*, can_short: bool = True, history=None, **settings) -> Selector:
    selector = Selector(SelectorSettings(**({"picks_max": 4, "cluster_max": 4} | settings)))
    selector.receive(an_envelope(a_universe_changed(*SYMBOLS, can_short=can_short)))
    if history is not None:
        selector.receive(an_envelope(a_bar_history(close=history), seq=5))
    return selector


def a_position(symbol: str, quantity: str) -> Position:
    nothing = Decimal(0)
    return Position(
        symbol=symbol, quantity=Decimal(quantity), entry=nothing, realised=nothing, fees=nothing, execution_seq=1
    )


def hold(selector: Selector, symbol: str, quantity: str) -> None:
    assert tuple(selector.receive(an_envelope(a_position(symbol, quantity)))) == ()


def choose(selector: Selector, **slate) -> Selection:
    (selection,) = selector.receive(an_envelope(a_slate(width=4, **slate), seq=77))
    assert isinstance(selection, Selection)
    selector.check()
    return selection


def sides(selection: Selection) -> dict[str, str]:
    return {pick.symbol: pick.side for pick in selection.picks}


def test_the_sign_of_the_belief_is_the_side_of_the_pick():
    selection = choose(a_selector(), mu=(0.02, -0.02, 0.01, np.nan))
    assert sides(selection) == {"BTC-EUR": "buy", "ETH-EUR": "sell", "SOL-EUR": "buy"}
    assert (selection.slate_seq, selection.based_on) == (77, (77,))
    assert all(pick.propensity == 1.0 and not pick.held for pick in selection.picks)


def test_what_cannot_be_sold_short_is_never_picked_to_be():
    selection = choose(a_selector(can_short=False), mu=(0.02, -0.02, 0.01, -0.5))
    assert sides(selection) == {"BTC-EUR": "buy", "SOL-EUR": "buy"}


@pytest.mark.parametrize(
    "slate",
    [
        {"mu": np.nan},
        {"cost_bps": np.nan},
        {"mu": 0.001, "cost_bps": 10.0},
        {"confidence": 0.0},
        {"mu": 0.02, "disagreement": 0.04**2},
    ],
    ids=["no belief", "no cost known", "cost eats the edge", "no confidence", "agents disagree too much"],
)
def test_nothing_worth_its_cost_means_no_picks_and_is_said(slate):
    selection = choose(a_selector(), **slate)
    assert selection.picks == selection.runners_up == ()
    assert selection.decision == 1
    assert codec.decode("Selection", codec.encode(selection)) == selection


def test_at_most_so_many_are_picked_and_the_rest_are_runners_up():
    selection = choose(a_selector(picks_max=1), mu=(0.01, 0.03, 0.02, 0.001))
    assert [pick.symbol for pick in selection.picks] == ["ETH-EUR"]
    assert [pick.symbol for pick in selection.runners_up] == ["SOL-EUR", "BTC-EUR", "XRP-EUR"]


def test_alike_instruments_are_one_cluster_unless_one_of_each_side_is_held_apart():
    chance = np.random.default_rng(1)
    common = chance.normal(size=(200, 1))
    returns = np.hstack([common, common + 0.05 * chance.normal(size=(200, 1)), chance.normal(size=(200, 2))])
    history = 100 * np.exp(1e-3 * np.cumsum(returns, axis=0))
    selection = choose(a_selector(history=history, cluster_max=1), mu=(0.03, 0.02, 0.01, 0.01))
    assert sides(selection).keys() == {"BTC-EUR", "SOL-EUR", "XRP-EUR"}
    assert selection.based_on == (77, 5)


def test_the_correlation_is_that_of_the_positions():
    history = closes(width=4, bars=200)
    long = choose(a_selector(history=history), mu=(0.02, 0.02, np.nan, np.nan))
    hedged = choose(a_selector(history=history), mu=(0.02, -0.02, np.nan, np.nan))
    assert long.correlation[0, 1] > 0.2
    assert hedged.correlation[0, 1] == pytest.approx(-long.correlation[0, 1])


def test_what_is_held_comes_first_whatever_its_quality():
    selector = a_selector(picks_max=2)
    hold(selector, "XRP-EUR", "1")
    selection = choose(selector, mu=(0.05, 0.04, 0.03, 0.0001))
    assert [(pick.symbol, pick.held) for pick in selection.picks] == [("XRP-EUR", True), ("BTC-EUR", False)]


def test_a_held_position_is_judged_without_entry_cost():
    selector = a_selector()
    fresh = choose(selector, mu=(0.001, np.nan, np.nan, np.nan), cost_bps=20.0)
    hold(selector, "BTC-EUR", "1")
    held = choose(selector, mu=(0.001, np.nan, np.nan, np.nan), cost_bps=20.0)
    assert fresh.picks == ()
    assert held.picks[0].side == "buy"
    assert held.picks[0].quality > 0


def test_a_held_position_nothing_speaks_for_keeps_its_side_at_quality_zero():
    selector = a_selector(can_short=False)
    hold(selector, "BTC-EUR", "1")
    (pick,) = choose(selector, mu=(-0.05, np.nan, np.nan, np.nan)).picks
    assert (pick.side, pick.quality, pick.held) == ("buy", 0.0, True)


def test_a_held_position_turns_when_the_other_side_is_worth_a_round_trip():
    selector = a_selector()
    hold(selector, "BTC-EUR", "-1")
    (pick,) = choose(selector, mu=(0.05, np.nan, np.nan, np.nan)).picks
    assert (pick.side, pick.held) == ("buy", True)
    (pick,) = choose(selector, mu=(0.001, np.nan, np.nan, np.nan), cost_bps=20.0).picks
    assert (pick.side, pick.quality) == ("sell", 0.0)


def test_a_closed_position_is_held_no_more():
    selector = a_selector()
    hold(selector, "BTC-EUR", "1")
    hold(selector, "BTC-EUR", "0")
    assert choose(selector, mu=np.nan).picks == ()


def test_the_decision_number_grows_over_restarts():
    selector = a_selector()
    choose(selector)
    choose(selector)
    again = Selector(SelectorSettings(picks_max=4))
    again.restore(codec.decode_state(Selector.state_type(), codec.encode(selector.snapshot())))
    assert choose(again).decision == 3


def test_a_bar_known_from_history_is_not_taken_twice():
    history = closes(width=4, bars=50)
    once, twice = a_selector(history=history), a_selector(history=history)
    twice.receive(an_envelope(a_bar_frame(close=history[-1], close_ns=at(0)), seq=6))
    assert once.snapshot() == twice.snapshot()


@pytest.mark.parametrize(
    ("name", "value"), [("picks_max", 0), ("gamma", -0.1), ("cluster_above", 1.5), ("caution", -1)]
)
def test_settings_that_select_nothing_sensible_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} was {value}"):
        SelectorSettings(**({"picks_max": 3} | {name: value}))


def full(selector: Selector, slate, seq: int = 77) -> Selection:
    (selection,) = selector.receive(an_envelope(slate, seq=seq))
    selector.check()
    return selection


def test_the_error_and_the_tails_a_slate_says_are_used():
    slate = a_slate(width=4, mu=(0.02, -0.02, np.nan, np.nan), sigma=0.01)
    columns = {"es_long": (0.04, 9.0, 1.0, 1.0), "es_short": (9.0, 0.08, 1.0, 1.0), "mu_error": (0.01,) * 4}
    told = replace(slate, **{name: floats(values) for name, values in columns.items()})
    picks = full(a_selector(caution=0.5), told).picks
    fill = UNSEEN.fill
    edge = 0.02 - 1e-4 - 0.5 * 0.01
    assert [pick.symbol for pick in picks] == ["BTC-EUR", "ETH-EUR"]
    assert [pick.quality for pick in picks] == pytest.approx([fill * 0.5 * edge / 0.04, fill * 0.5 * edge / 0.08])


def closed(count, *, worth, width=4, seed=0):
    """Outcomes of the blend whose net edge came true `worth` times."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        mu = 0.5 * chance.normal(size=width)
        realised = worth * mu + chance.normal(size=width)
        outcome = an_outcome(
            author="blend", width=width, mu=mu, sigma=1.0, realised=realised, horizon_s=60.0, said_ns=at(60.0 * number)
        )
        quantiles = floats(mu + np.outer(np.linspace(-2, 2, 9), np.ones(width)))
        yield replace(outcome, quantiles=quantiles, cost_bps=floats(np.zeros(width)))


def test_an_edge_that_never_came_true_is_worth_less_and_one_that_did_is_not():
    qualities = {}
    for worth in (0.0, 1.0):
        selector = a_selector()
        before = choose(selector, mu=(0.02, np.nan, np.nan, np.nan)).picks[0].quality
        for outcome in closed(200, worth=worth):
            assert tuple(selector.receive(an_envelope(outcome))) == ()
        found = choose(selector, mu=(0.02, np.nan, np.nan, np.nan)).picks
        qualities[worth] = found[0].quality / before if found else 0.0
    assert qualities[0.0] < 0.3
    assert qualities[1.0] == pytest.approx(1.0, abs=0.15)


def test_an_outcome_without_quantiles_or_costs_teaches_nothing():
    selector = a_selector()
    (outcome,) = closed(1, worth=1.0)
    for lacking in ("quantiles", "cost_bps"):
        assert tuple(selector.receive(an_envelope(replace(outcome, **{lacking: floats([])})))) == ()
    assert selector.state.learned_ns == 0


def test_what_is_learned_survives_a_restart_and_a_changed_universe():
    selector = a_selector()
    for outcome in closed(50, worth=0.0):
        selector.receive(an_envelope(outcome))
    again = Selector(SelectorSettings(picks_max=4, cluster_max=4))
    again.restore(codec.decode_state(Selector.state_type(), codec.encode(selector.snapshot())))
    slate = {"mu": (0.02, -0.01, 0.005, np.nan)}
    assert choose(again, **slate) == choose(selector, **slate)
    selector.receive(an_envelope(a_universe_changed(*SYMBOLS, "ADA-EUR", version=2)))
    wider = full(selector, replace(a_slate(width=5, mu=(0.02, -0.01, 0.005, np.nan, np.nan)), universe=2))
    assert [pick.quality for pick in wider.picks] == [pick.quality for pick in choose(again, **slate).picks]


def exploring(*, frozen=False, share=0.05) -> Selector:
    learning = LearningSettings(explore_share=share)
    settings = SelectorSettings(picks_max=2, cluster_max=4)
    selector = Selector(settings, learning, np.random.default_rng)
    selector.receive(an_envelope(a_universe_changed(*SYMBOLS)))
    p = floats([0.1, 0.2, 0.7])
    weather = RegimeState(
        probabilities=p, label="wild", run_bars=1.0, fresh=0.9, flipped=frozen, parameters="x", based_on=(1,)
    )
    selector.receive(an_envelope(weather))
    return selector


def test_exploration_is_rare_logged_and_the_same_again():
    mu = (0.03, 0.025, 0.024, 0.023)
    first, again = exploring(), exploring()
    said = [choose(first, mu=mu) for _ in range(150)]
    assert said == [choose(again, mu=mu) for _ in range(150)]
    explored = [each for each in said if each.picks[-1].symbol != "ETH-EUR"]
    assert 0 < len(explored) / len(said) / 2 <= 0.1
    for each in said:
        assert each.picks[0].propensity == 1.0
        assert 0.0 < each.picks[-1].propensity <= 0.9
        assert sum(pick.propensity for pick in (*each.picks, *each.runners_up)) <= 2.0 + 1e-9


@pytest.mark.parametrize("selector", [exploring(frozen=True), exploring(share=0.0)], ids=["flipped", "no share"])
def test_exploration_freezes_when_the_regime_flips_or_nothing_is_given_to_it(selector):
    for _ in range(100):
        selection = choose(selector, mu=(0.03, 0.025, 0.024, 0.023))
        assert [pick.propensity for pick in selection.picks] == [1.0, 1.0]


def test_a_share_beyond_the_largest_is_refused():
    with pytest.raises(ValueError, match=r"explore_share was 0\.2"):
        LearningSettings(explore_share=0.2)


numbers = st.lists(st.floats(-0.05, 0.05), min_size=4, max_size=4)
counts = st.integers(1, 4)


@given(numbers, counts, counts, st.lists(st.sampled_from(["-1", "0", "1"]), min_size=4, max_size=4), st.booleans())
def test_caps_sides_and_held_positions_hold_whatever_is_believed(mu, picks_max, cluster_max, quantities, can_short):
    selector = a_selector(
        can_short=can_short, picks_max=picks_max, cluster_max=cluster_max, history=closes(width=4, bars=60)
    )
    for symbol, quantity in zip(SYMBOLS, quantities, strict=True):
        hold(selector, symbol, quantity)
    selection = choose(selector, mu=mu)
    held = {symbol for symbol, quantity in zip(SYMBOLS, quantities, strict=True) if quantity != "0"}
    fresh = [pick for pick in selection.picks if not pick.held]
    assert {pick.symbol for pick in selection.picks if pick.held} == held
    assert len({pick.symbol for pick in selection.picks}) == len(selection.picks)
    assert not fresh or len(selection.picks) <= picks_max
    assert all(pick.quality > 0 and pick.gain > 0 for pick in fresh)
    assert can_short or all(pick.side == "buy" for pick in fresh)
    assert not {pick.symbol for pick in selection.runners_up} & {pick.symbol for pick in selection.picks}


@given(numbers)
def test_a_mirrored_slate_is_answered_with_mirrored_sides(mu):
    history = closes(width=4, bars=60)
    straight = choose(a_selector(history=history), mu=mu)
    mirrored = choose(a_selector(history=history), mu=[-each for each in mu])
    other = {"buy": "sell", "sell": "buy"}
    assert sides(mirrored) == {symbol: other[side] for symbol, side in sides(straight).items()}
