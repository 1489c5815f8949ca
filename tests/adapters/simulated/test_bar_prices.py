"""The market a backtest trades in: what of a bar an order meets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulated.bar_prices import BarPrices, ComingBar, FillSettings
from adapters.simulated.prices import Depth, middle_of
from contracts.instrument import Universe
from tests.kit.market import an_instrument, at

ONE = Universe(version=1, instruments=(an_instrument(symbol="BTC-EUR"),))


def a_bar(*, open_=100.0, high=110.0, low=95.0, close=105.0, volume=1000.0, half=0.05) -> ComingBar:
    rows = (np.array([each]) for each in (open_, high, low, close, volume, half))
    return ComingBar(at(0), at(60), *rows)


def prices(bar: ComingBar | None, *, path="open", impact_bps=0.0, participation_max=0.1) -> BarPrices:
    settings = FillSettings(half_spread_bps=5.0, impact_bps=impact_bps, participation_max=participation_max, path=path)
    found = BarPrices(ONE, settings)
    found.turn_to(bar)
    return found


def depth_of(market: BarPrices, at_ns: int) -> Depth | None:
    bids, asks = (market.levels("BTC-EUR", taker, at_ns) for taker in ("sell", "buy"))
    return None if bids is None or asks is None else Depth(tuple(bids), tuple(asks))


def test_an_order_meets_the_open_of_the_next_bar_half_a_spread_away():
    depth = depth_of(prices(a_bar()), at(30))
    assert depth.asks[0][0] == 10_005
    assert depth.bids[0][0] == 9_995


@pytest.mark.parametrize(
    ("second", "mid"), [(-5, 100.0), (0, 100.0), (20, 95.0), (40, 110.0), (60, 105.0), (50, 107.5)]
)
def test_on_the_path_the_nearer_extreme_comes_first(second, mid):
    depth = depth_of(prices(a_bar(half=0.0), path="ohlc"), at(second))
    assert (depth.bids[0][0], depth.asks[0][0]) == (round(mid * 100), round(mid * 100))


def test_more_volume_costs_more_and_no_more_than_the_share_can_be_taken():
    depth = depth_of(prices(a_bar(volume=1000.0), impact_bps=100.0), at(1))
    assert [ticks for ticks, _ in depth.asks] == [10_015, 10_037, 10_105]
    lot = float(ONE.instruments[0].lot)
    assert sum(lots for _, lots in depth.asks) * lot == pytest.approx(100.0)


def test_where_there_is_no_bar_there_is_no_market():
    assert depth_of(prices(None), at(1)) is None
    assert depth_of(prices(a_bar(open_=np.nan)), at(1)) is None


def test_a_bar_without_volume_shows_one_lot_and_an_unknown_volume_limits_nothing():
    assert depth_of(prices(a_bar(volume=0.0)), at(1)).asks == ((10_005, 1),)
    unlimited = depth_of(prices(a_bar(volume=np.nan), participation_max=1.0), at(1)).asks
    assert sum(lots for _, lots in unlimited) * float(ONE.instruments[0].lot) == float(ONE.instruments[0].quantity_max)


@given(
    st.floats(1.0, 1e4),
    st.floats(0.0, 1e6),
    st.floats(0.0, 500.0),
    st.floats(0.0, 60.0),
    st.sampled_from(["open", "ohlc"]),
)
def test_the_book_is_never_crossed_and_never_better_behind(mid, volume, impact_bps, second, path):
    bar = a_bar(open_=mid, high=mid * 1.01, low=mid * 0.99, close=mid, volume=volume, half=mid * 1e-4)
    depth = depth_of(prices(bar, path=path, impact_bps=impact_bps), at(second))
    bids, asks = [each[0] for each in depth.bids], [each[0] for each in depth.asks]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


@pytest.mark.parametrize(
    ("changed", "what"), [({"half_spread_bps": -1.0}, "half_spread_bps"), ({"participation_max": 0.0}, "participation")]
)
def test_an_impossible_assumption_is_refused_by_name(changed, what):
    settings = {"half_spread_bps": 1.0, "impact_bps": 1.0, "participation_max": 0.1, "path": "open"} | changed
    with pytest.raises(ValueError, match=what):
        FillSettings(**settings)


def test_what_was_taken_is_gone_until_the_next_bar():
    market = prices(a_bar(volume=1000.0), impact_bps=100.0)
    whole = depth_of(market, at(1))
    first = whole.asks[0][1]
    market.taken("BTC-EUR", "buy", first + 1)
    left = depth_of(market, at(2))
    assert left.asks == ((whole.asks[1][0], whole.asks[1][1] - 1), whole.asks[2])
    assert left.bids == whole.bids
    market.taken("BTC-EUR", "buy", 10**9)
    assert depth_of(market, at(2)).asks == ()
    market.turn_to(a_bar(volume=1000.0))
    assert depth_of(market, at(61)) == whole


def test_middles_move_when_a_bar_comes_and_where_something_was_taken():
    market = prices(a_bar())
    assert market.moved() is None
    assert market.moved() == []
    market.taken("BTC-EUR", "buy", 1)
    assert market.moved() == ["BTC-EUR"]
    market.turn_to(a_bar())
    assert market.moved() is None


def test_the_middle_is_that_of_the_whole_book():
    market = prices(a_bar(), impact_bps=100.0)
    for lots in (0, 1_000, 10**9):
        market.taken("BTC-EUR", "buy", lots)
        assert market.middle("BTC-EUR", at(1)) == middle_of(depth_of(market, at(1)))
    assert prices(None).middle("BTC-EUR", at(1)) is None


def test_on_a_path_middles_move_all_the_time():
    market = prices(a_bar(), path="ohlc")
    assert [market.moved(), market.moved()] == [None, None]
