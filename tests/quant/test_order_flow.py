"""Order flow by the written-out formula, one change at a time and over a whole history."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.order_flow import Touch, imbalance, measure, microprice, order_flow, order_flows, removed
from tests.kit.recordings import SPOT_BTC, SPOT_ETH, recording

touches = st.builds(
    lambda bid, gap, bid_lots, ask_lots: Touch(bid, bid_lots, bid + gap, ask_lots),
    st.integers(95, 105),
    st.integers(1, 4),
    st.integers(1, 50),
    st.integers(1, 50),
)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (Touch(100, 7, 101, 5), 3),  # bids grew
        (Touch(100, 4, 101, 2), 3),  # asks shrank
        (Touch(101, 6, 102, 9), 6 + 5),  # both prices rose: new bids, and all old asks are gone
        (Touch(99, 6, 100, 9), -4 - 9),  # both fell
        (Touch(100, 4, 101, 5), 0),
        (Touch(0, 0, 101, 5), 0),  # a side is gone: nothing can be said
    ],
)
def test_one_change_of_the_touch_gives_the_written_out_flow(after: Touch, expected: int) -> None:
    assert order_flow(Touch(100, 4, 101, 5), after) == expected


@given(st.lists(touches, min_size=2, max_size=20))
def test_a_history_gives_the_same_flows_one_by_one(quotes: list[Touch]) -> None:
    columns = np.array(quotes, dtype=np.float64).T
    flows = order_flows(*columns)
    assert flows.tolist() == [0.0] + [order_flow(a, b) for a, b in pairwise(quotes)]


@given(touches, touches)
def test_the_mirror_image_of_a_market_has_the_opposite_flow(before: Touch, after: Touch) -> None:
    def mirrored(t: Touch) -> Touch:
        return Touch(1000 - t.ask, t.ask_lots, 1000 - t.bid, t.bid_lots)

    assert order_flow(mirrored(before), mirrored(after)) == -order_flow(before, after)


@given(touches)
def test_the_microprice_lies_between_bid_and_ask_on_the_thinner_side(touch: Touch) -> None:
    bid, bid_lots, ask, ask_lots = (np.array([float(x)]) for x in touch)
    said = measure(bid, bid_lots, ask, ask_lots)
    micro = microprice(bid, bid_lots, ask, ask_lots)[0]
    mid = (touch.bid + touch.ask) / 2.0
    assert touch.bid <= micro <= touch.ask
    assert micro == pytest.approx((bid_lots * ask + ask_lots * bid)[0] / (bid_lots + ask_lots)[0])
    assert said.micro_bps[0] == pytest.approx(1e4 * (micro - mid) / mid, abs=1e-9)
    assert said.imbalance[0] == pytest.approx(imbalance(bid_lots, ask_lots)[0])
    assert said.spread_bps[0] == pytest.approx(1e4 * (touch.ask - touch.bid) / mid)


def test_a_touch_with_an_empty_side_or_crossed_shows_nothing() -> None:
    quotes = [Touch(0, 0, 0, 0), Touch(100, 1, 0, 0), Touch(0, 0, 100, 1), Touch(101, 1, 101, 1), Touch(99, 1, 101, 3)]
    for column in measure(*np.array(quotes).T):
        assert np.isnan(column).tolist() == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (Touch(100, 10, 102, 20), 0),
        (Touch(100, 4, 102, 25), 6),
        (Touch(99, 50, 102, 20), 10),
        (Touch(101, 3, 102, 20), 0),
        (Touch(100, 10, 103, 90), 20),
        (Touch(0, 0, 102, 20), 0),
    ],
)
def test_what_went_from_the_best_levels_is_counted_once(after: Touch, expected: int) -> None:
    assert removed(Touch(100, 10, 102, 20), after) == expected


def test_an_absent_quote_gives_absent_flows_on_both_sides_of_it() -> None:
    bid = np.array([1.0, np.nan, 1.0, 1.0])
    flows = order_flows(bid, np.ones(4), np.full(4, 2.0), np.ones(4))
    assert np.isnan(flows).tolist() == [False, True, True, False]


@pytest.mark.parametrize(("name", "explained"), [(SPOT_BTC, 0.39), (SPOT_ETH, 0.83)])
def test_the_flow_of_ten_seconds_explains_the_move_of_a_real_market_as_it_was_measured(
    name: str, explained: float
) -> None:
    quotes = []
    with gzip.open(recording(name), "rt") as lines:
        for line in lines:
            received, _, frame = line.partition(" ")
            if "@bookTicker" in frame[:40]:
                said = json.loads(frame)["data"]
                quotes.append([float(received) / 1e9, *(float(said[key]) for key in "bBaA")])
    at_s, bid, bid_size, ask, ask_size = np.array(quotes).T
    flow, mid = np.cumsum(order_flows(bid, bid_size, ask, ask_size)), (bid + ask) / 2.0
    edges = np.searchsorted(at_s, np.arange(at_s[0], at_s[-1], 10.0), "right") - 1
    assert np.corrcoef(np.diff(flow[edges]), np.diff(mid[edges]))[0, 1] ** 2 == pytest.approx(explained, abs=0.01)
