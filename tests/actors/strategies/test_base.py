"""The base of strategies: one way to answer, the same result in every style, and nothing lost by a restart."""

import math
from decimal import Decimal
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategies.base import Bar, Frame, Memory, Quote, Row, Strategy
from actors.strategies.views import Floats
from contracts import codec
from contracts.market import FxMark
from tests.kit.market import NOON_NS, a_bar_frame, a_beat, a_tick, a_universe_changed, an_envelope, at
from tests.kit.orders import a_snapshot, an_equity, round_trips
from tests.kit.strategies import MINUTE_NS, SYMBOLS, a_history, a_position, a_strategy, chance, closes, hear, targets

NAN = math.nan


class Each(Strategy):
    """Fades a running mean, bar by bar."""

    remembers: ClassVar = {"mean": 100.0, "count": 0.0}

    def on_bar(self, bar: Bar, memory: Row) -> float | None:
        memory["count"] += 1.0
        memory["mean"] = memory["mean"] + (bar.close - memory["mean"]) / memory["count"]
        away = (memory["mean"] - bar.close) / (bar.high - bar.low) + 0.5 * bar.position
        return away * bar.equity / bar.worth if np.isfinite(away) else None


class All(Strategy):
    """The same rule over all instruments."""

    remembers: ClassVar = {"mean": 100.0, "count": 0.0}

    def on_frame(self, frame: Frame, memory: Memory) -> Floats:
        memory["count"] += 1.0
        memory["mean"] = memory["mean"] + (frame.close - memory["mean"]) / memory["count"]
        away = (memory["mean"] - frame.close) / (frame.high - frame.low) + 0.5 * frame.position
        return np.where(np.isfinite(away), away * frame.equity / frame.worth, np.nan)


class Middle(Strategy):
    """Holds a unit below 100, nothing above, by the quote."""

    remembers: ClassVar = {"quotes": 0.0}

    def on_tick(self, quote: Quote, memory: Row) -> float | None:
        memory["quotes"] += 1.0
        return float(quote.mid < 100.0) if memory["quotes"] > 1.0 else None


price = st.one_of(st.just(NAN), st.floats(50.0, 150.0))
rows = st.lists(st.tuples(price, price, price), min_size=1, max_size=12)


@settings(max_examples=60)
@given(told=rows, history=rows, held=st.integers(-3, 3), cut=st.integers(0, 12))
def test_asked_one_by_one_or_all_at_once_the_same_rule_wants_the_same(told, history, held, cut) -> None:
    one, whole = a_strategy(Each), a_strategy(All)
    said = []
    for strategy in (one, whole):
        hear(strategy, a_history(*history), an_equity("480"))
        first = closes(strategy, *told[:cut], first=100)
        hear(strategy, a_position("ETH-EUR", held))
        said.append(first + closes(strategy, *told[cut:], first=200))
    assert codec.encode(one.snapshot()) == codec.encode(whole.snapshot())
    assert np.array_equal(said[0], said[1], equal_nan=True)


@settings(max_examples=30)
@given(told=rows, kind=st.sampled_from([Each, All]))
def test_a_strategy_put_back_goes_on_as_if_nothing_had_been(told, kind) -> None:
    first, twin = a_strategy(kind), a_strategy(kind)
    closes(first, *told)
    round_trips(first, twin)
    assert np.array_equal(
        closes(first, (90.0, 91.0, 92.0), first=50), closes(twin, (90.0, 91.0, 92.0), first=50), equal_nan=True
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "X overrides nothing, expected one of on_bar, on_tick, on_frame"),
        ({"on_bar": Each.on_bar, "on_frame": All.on_frame}, "X overrides on_bar and on_frame, expected one of"),
    ],
)
def test_none_or_several_ways_to_answer_are_refused(body, told) -> None:
    with pytest.raises(TypeError, match=told):
        a_strategy(type("X", (Strategy,), body))


def test_an_instrument_without_a_bar_keeps_its_target_and_its_memory() -> None:
    strategy = a_strategy(All)
    before = closes(strategy, (100.0, 101.0, 102.0), (99.0, 99.0, 99.0))[-1]
    after = closes(strategy, (NAN, 98.0, NAN), first=3)[-1]
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] != before[1]
    assert strategy.snapshot().memory["count"].values.tolist() == [2.0, 3.0, 2.0]


def decided(strategy, *, at_s: float = 0.0):
    """What it says on a decide beat so long after noon."""
    return list(strategy.receive(an_envelope(a_beat("decide"), at_ns=at(at_s))))


def test_nothing_is_said_before_anything_is_wanted_or_held() -> None:
    strategy = a_strategy(Middle)
    assert decided(strategy) == []
    hear(strategy, a_position("ETH-EUR", 1))
    (said,) = decided(strategy)
    assert np.isnan(said.position.values).all()


def test_targets_are_said_on_decide_beats_alone_with_their_number_and_what_they_rest_on() -> None:
    strategy = a_strategy(All)
    assert hear(strategy, a_bar_frame(close=(100.0, 99.0, 98.0), close_ns=NOON_NS + 1), seq=41) == []
    hear(strategy, a_bar_frame(close=(101.0, 98.0, 99.0), close_ns=NOON_NS + 2), seq=42)
    assert hear(strategy, a_beat("signal"), a_beat("second")) == []
    first, second = hear(strategy, a_beat("decide"), a_beat("decide"))
    assert (first.decision, second.decision, first.universe, first.based_on) == (1, 2, 1, (42,))


def test_what_is_wanted_and_held_to_the_lot_is_said_once_more_only_after_an_hour() -> None:
    class Two(Strategy):
        def on_bar(self, bar: Bar, memory: Row) -> float:
            return 2.0004 if bar.symbol == "ETH-EUR" else NAN

    strategy = a_strategy(Two)
    closes(strategy, (1.0, 1.0, 1.0))
    assert len(decided(strategy)) == 1
    assert len(decided(strategy, at_s=60)) == 1, "nothing is held yet"
    hear(strategy, a_position("ETH-EUR", 2))
    closes(strategy, (1.0, 1.0, 1.0), first=2)
    assert decided(strategy, at_s=120) == []
    assert decided(strategy, at_s=60 + 3599) == []
    assert len(decided(strategy, at_s=60 + 3600)) == 1
    hear(strategy, a_position("ETH-EUR", "1.999"))
    assert len(decided(strategy, at_s=60 + 3660)) == 1


def test_a_changed_target_of_a_tick_is_said_at_once_and_an_equal_one_is_not() -> None:
    strategy = a_strategy(Middle)
    cheap, dear = a_tick(bid=9_900, ask=9_902), a_tick(bid=10_100, ask=10_102)
    assert hear(strategy, cheap) == []
    (said,) = hear(strategy, cheap)
    assert said.position[0] == 1.0
    assert hear(strategy, cheap) == []
    (said,) = hear(strategy, dear)
    assert said.position[0] == 0.0
    assert np.isnan(said.position.values[1:]).all()
    assert targets(strategy)[0] == 0.0
    assert decided(strategy, at_s=9_999) == [], "flat is what is wanted"


def test_a_quote_shows_what_is_held_and_its_worth_as_they_are_whatever_came_between() -> None:
    class Seen(Strategy):
        remembers: ClassVar = {"position": NAN, "worth": NAN, "equity": NAN}

        def on_tick(self, quote: Quote, memory: Row) -> None:
            memory["position"], memory["equity"] = quote.position, quote.equity
            memory["worth"] = quote.worth / quote.mid

    strategy = a_strategy(Seen)

    def shown() -> list[float]:
        hear(strategy, a_tick(bid=9_999, ask=10_001))
        memory = strategy.snapshot().memory
        return [memory[name][0] for name in ("position", "worth", "equity")]

    hear(strategy, an_equity("480"))
    assert shown() == [0.0, 1.0, 480.0]
    hear(strategy, a_position("BTC-EUR", "0.5"), an_equity("490"))
    assert shown() == [0.5, 1.0, 490.0]
    hear(strategy, a_universe_changed("ETH-EUR", "BTC-EUR", version=2), a_position("BTC-EUR", "-0.25"))
    hear(strategy, a_tick(bid=9_999, ask=10_001))
    assert strategy.snapshot().memory["position"][1] == -0.25
    strategy.check()


def test_a_crossed_quote_and_a_stranger_are_not_shown() -> None:
    strategy = a_strategy(Middle)
    hear(strategy, a_tick(bid=10_002, ask=10_001), a_tick(bid=0), a_tick(symbol="XRP-EUR"))
    assert strategy.snapshot().memory["quotes"].values.tolist() == [0.0, 0.0, 0.0]


def test_an_old_close_and_one_of_another_universe_are_not_shown_again() -> None:
    strategy = a_strategy(All)
    hear(strategy, a_history((100.0,) * 3, (101.0,) * 3), a_history((100.0,) * 3, (101.0,) * 3))
    hear(strategy, a_bar_frame(close=(99.0,) * 3, close_ns=NOON_NS + 9 * MINUTE_NS, universe=2))
    assert strategy.snapshot().memory["count"].values.tolist() == [2.0] * 3


def test_a_new_universe_keeps_what_is_known_of_who_stays() -> None:
    strategy = a_strategy(All)
    closes(strategy, (100.0, 110.0, 120.0), (101.0, 109.0, 119.0))
    kept = strategy.snapshot()
    hear(strategy, a_universe_changed("SOL-EUR", "XRP-EUR", "BTC-EUR", version=2))
    now = strategy.snapshot()
    assert kept.target is not None
    assert now.target is not None
    assert now.memory["mean"].values.tolist() == [kept.memory["mean"][2], 100.0, kept.memory["mean"][0]]
    assert now.target.values[[0, 2]].tolist() == [kept.target[2], kept.target[0]]
    assert math.isnan(now.target[1])


def test_what_is_held_comes_from_the_opening_and_then_from_executions() -> None:
    class Shown(Strategy):
        remembers: ClassVar = {"held": NAN}

        def on_bar(self, bar: Bar, memory: Row) -> float:
            memory["held"] = bar.position
            return NAN

    strategy = Shown(Shown.Settings(), chance)
    hear(strategy, a_universe_changed(*SYMBOLS), a_snapshot(BTC_EUR="0.5"), a_snapshot(BTC_EUR="9"))
    hear(strategy, a_position("SOL-EUR", -2))
    closes(strategy, (1.0, 1.0, 1.0))
    assert strategy.snapshot().memory["held"].values.tolist() == [0.5, 0.0, -2.0]


def test_a_unit_is_worth_its_close_at_the_rate_of_its_quote() -> None:
    class Worth(Strategy):
        def on_bar(self, bar: Bar, memory: Row) -> float:
            return bar.worth

    strategy = Worth(Worth.Settings(), chance)
    hear(strategy, a_universe_changed("BTC-EUR", "ETH-USD", "SOL-GBP"), an_equity())
    hear(strategy, FxMark("USD", Decimal("0.5"), NOON_NS))
    said = closes(strategy, (100.0, 100.0, 100.0))[-1]
    assert said[:2] == (100.0, 50.0)
    assert math.isnan(said[2])


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (np.array([1.0, math.inf, 2.0]), "target of ETH-EUR was inf, expected a finite number"),
        (np.zeros(2), r"the answer is \(2,\), expected \(3,\)"),
    ],
)
def test_an_answer_that_is_no_target_is_told_with_its_instrument(answer, told) -> None:
    odd = type("Odd", (Strategy,), {"on_frame": lambda self, frame, memory: answer})
    with pytest.raises(ValueError, match=told):
        closes(a_strategy(odd), (1.0, 1.0, 1.0))


def test_a_name_that_is_not_remembered_is_told() -> None:
    odd = type("Odd", (Strategy,), {"on_bar": lambda self, bar, memory: memory["fst"], "remembers": {"fast": 0.0}})
    with pytest.raises(KeyError, match="fst"):
        closes(a_strategy(odd), (1.0, 1.0, 1.0))
