"""Accumulators of trades against the same numbers computed from the list of all trades."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.trade_flow import BIG_SHARE, BIG_STEP, SECOND_NS, TradeFlow
from quant.trade_measures import TradeMeasures

START_S = 1_700_000_040
LOT = 0.01


class Event(NamedTuple):
    """A trade where `lots` is not 0, else a quote of the mid `price`."""

    at_ns: int
    price: int
    lots: int
    sign: int


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], int]:
    """Trades and quotes with silences of up to an hour between them, and the time of the question."""
    steps_ms = st.one_of(st.integers(0, 900), st.integers(0, 90_000), st.integers(0, 4_000_000))
    at_ns, events = START_S * SECOND_NS, []
    for step_ms, price, lots, sign in draw(
        st.lists(
            st.tuples(steps_ms, st.integers(990, 1010), st.integers(0, 60), st.sampled_from((1, -1))),
            min_size=1,
            max_size=90,
        )
    ):
        at_ns += step_ms * 1_000_000
        events.append(Event(at_ns, price, lots, sign))
    return events, at_ns + draw(st.integers(0, 400_000)) * 1_000_000


def played(events: list[Event], width: int = 2, column: int = 1) -> TradeFlow:
    flow = TradeFlow(width)
    for event in events:
        if event.lots:
            flow.trade(column, *event)
        else:
            flow.quote(column, event.at_ns, event.price)
    return flow


def measured(events: list[Event], at_ns: int) -> dict[str, float]:
    measures = played(events).measure(at_ns, np.full(2, LOT))
    return {name: float(column[1]) for name, column in measures._asdict().items()}


def ratio(net: float, whole: float) -> float:
    return net / whole if whole else math.nan


def brute_force(events: list[Event], at_ns: int) -> dict[str, float]:
    """The definitions, over the whole list, without any accumulator; all but the volume buckets."""
    trades = [event for event in events if event.lots]

    def simb(unit_s: int, units: int, among: list[Event]) -> float:
        now = at_ns // SECOND_NS // unit_s
        inside = [each for each in among if now - each.at_ns // SECOND_NS // unit_s <= units]
        return ratio(sum(each.sign * each.lots for each in inside), sum(each.lots for each in inside))

    directions: list[bool] = []
    for before, trade in itertools.pairwise(trades):
        if trade.price != before.price or directions:
            directions.append(trade.price > before.price if trade.price != before.price else directions[-1])
    threshold, large = 0.0, []
    for trade in trades:
        if not threshold:
            threshold = float(trade.lots)
        elif trade.lots > threshold:
            large.append(trade)
            threshold *= math.exp(BIG_STEP * (1 - BIG_SHARE))
        else:
            threshold *= math.exp(-BIG_STEP * BIG_SHARE)
    return {
        "simb_60s": simb(1, 60, trades),
        "simb_300s": simb(1, 300, trades),
        "simb_3600s": simb(60, 60, trades),
        "big_imb": simb(1, 300, large),
        "kyle_300": kyle(events, at_ns // SECOND_NS),
        "burst": burst(trades, events[0].at_ns // SECOND_NS, at_ns // SECOND_NS),
        "trade_gap_ms": (at_ns - trades[-1].at_ns) / 1e6 if trades else math.nan,
        "tick_dir_20": sum(directions[-20:]) / 20 if len(directions) >= 20 else math.nan,
    }


def kyle(events: list[Event], now: int) -> float:
    """Slope of the mid's move of each whole second on the signed root volume in it."""
    first = events[0].at_ns // SECOND_NS
    mids: dict[int, float] = {}
    mid = 0.0
    by_second: dict[int, list[Event]] = {}
    for event in events:
        by_second.setdefault(event.at_ns // SECOND_NS, []).append(event)
    for second in range(first, now):
        for event in by_second.get(second, ()):
            mid = float(event.price) if not event.lots else mid
        mids[second] = mid
    x, y = [], []
    for second in range(max(first + 1, now - 300), now):
        if mids[second - 1] and mids[second]:
            x.append(sum(each.sign * math.sqrt(each.lots * LOT) for each in by_second.get(second, ()) if each.lots))
            y.append(1e4 * (mids[second] / mids[second - 1] - 1.0))
    if len(x) < 30 or np.var(x) < 1e-18:
        return math.nan
    return float(np.cov(x, y, bias=True)[0, 1] / np.var(x))


def burst(trades: list[Event], first: int, now: int) -> float:
    """Exponentially weighted trades a second, recent ones against usual ones, over the whole seconds watched."""
    if now - first < 10:
        return math.nan

    def rate(tau_s: float) -> float:
        ages = [now - 1 - each.at_ns // SECOND_NS for each in trades if each.at_ns // SECOND_NS < now]
        weights = sum(math.exp(-age / tau_s) for age in ages) * (1 - math.exp(-1 / tau_s))
        return weights / (1 - math.exp(-(now - first) / tau_s))

    return ratio(rate(10.0), rate(300.0))


@settings(max_examples=60)
@given(histories())
def test_accumulators_equal_the_definitions_over_the_whole_list(history: tuple[list[Event], int]) -> None:
    events, at_ns = history

    found = measured(events, at_ns)

    for name, expected in brute_force(events, at_ns).items():
        assert found[name] == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), name


@settings(max_examples=30)
@given(histories(), st.integers(0, 89))
def test_a_restored_flow_goes_on_bit_for_bit(history: tuple[list[Event], int], cut: int) -> None:
    events, at_ns = history
    whole, half = played(events), played(events[:cut])
    restored = TradeFlow(2)
    restored.load(half.state())
    for event in events[cut:]:
        if event.lots:
            restored.trade(1, *event)
        else:
            restored.quote(1, event.at_ns, event.price)

    lots = np.full(2, LOT)
    assert as_bytes(restored.measure(at_ns, lots)) == as_bytes(whole.measure(at_ns, lots))


def as_bytes(measures: TradeMeasures) -> list[bytes]:
    return [column.tobytes() for column in measures]


@settings(max_examples=30)
@given(histories())
def test_swapping_buyers_and_sellers_turns_the_signs(history: tuple[list[Event], int]) -> None:
    events, at_ns = history
    turned = measured([event._replace(sign=-event.sign) for event in events], at_ns)

    for name, value in measured(events, at_ns).items():
        sign = -1.0 if name.startswith(("simb", "big", "kyle")) else 1.0
        assert turned[name] == pytest.approx(sign * value, nan_ok=True), name


@settings(max_examples=30)
@given(histories())
def test_shares_lie_in_their_ranges(history: tuple[list[Event], int]) -> None:
    found = measured(*history)

    for name in ("simb_60s", "simb_300s", "simb_3600s", "big_imb"):
        assert math.isnan(found[name]) or -1.0 <= found[name] <= 1.0
    for name in ("vpin_50", "tick_dir_20"):
        assert math.isnan(found[name]) or 0.0 <= found[name] <= 1.0


def test_one_instrument_does_not_move_another() -> None:
    events = [Event((START_S + n) * SECOND_NS, 1000 + n % 3, n % 7, 1) for n in range(400)]
    flow = played(events)

    other = flow.measure((START_S + 400) * SECOND_NS, np.full(2, LOT))

    assert all(math.isnan(float(column[0])) for column in other)


def test_a_gap_in_the_feed_is_no_move_of_the_mid() -> None:
    """Prices jump while nobody listens; a slope that took the jump for impact would be wrong for five minutes."""
    flow = TradeFlow(1)
    for second in range(100):
        at_ns = (START_S + second) * SECOND_NS
        if second == 50:
            flow.void_mid(0)
        flow.quote(0, at_ns, 1000.0 if second < 50 else 2000.0)
        flow.trade(0, at_ns, 1000, 1 + second % 5, 1)

    measures = flow.measure((START_S + 100) * SECOND_NS, np.ones(1))

    assert measures.kyle_300.tolist() == [pytest.approx(0.0, abs=1e-12)]


def test_a_state_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="state of 3 instruments, expected 2"):
        TradeFlow(2).load(TradeFlow(3).state())
