import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.book_keeper import BookKeeper, BookKeeperSettings, BookKeeperState
from contracts import codec
from contracts.market import BookFrame
from tests.kit.market import (
    a_beat,
    a_book_delta,
    a_book_snapshot,
    a_feed_status,
    a_tick,
    a_trade,
    a_universe_changed,
    an_envelope,
    at,
)


def a_keeper() -> BookKeeper:
    keeper = BookKeeper(BookKeeperSettings())
    keeper.receive(an_envelope(a_universe_changed("BTC-EUR", "ETH-EUR")))
    return keeper


def tell(keeper: BookKeeper, *payloads, seq: int = 10, second: float = 0.0) -> None:
    for offset, payload in enumerate(payloads):
        assert tuple(keeper.receive(an_envelope(payload, seq=seq + offset, at_ns=at(second)))) == ()
        keeper.check()


def shown(keeper: BookKeeper, *, second: float = 1.0) -> BookFrame:
    (frame,) = keeper.receive(an_envelope(a_beat(), at_ns=at(second)))
    assert isinstance(frame, BookFrame)
    return frame


def is_absent(frame: BookFrame, column: int = 0) -> bool:
    rows = (frame.spread_bps, frame.imbalance_l1, frame.imbalance_l5, frame.micro_bps, frame.ofi, frame.depth)
    return bool(np.isnan([row[column] for row in (*rows, frame.updates)]).all())


def test_a_book_shows_its_spread_imbalance_and_size_weighted_mid():
    keeper = a_keeper()
    tell(
        keeper,
        a_book_snapshot(bids=((9_990, 30), (9_980, 10)), asks=((10_010, 10), (10_020, 30))),
        seq=7,
    )
    frame = shown(keeper)
    assert frame.spread_bps[0] == pytest.approx(20.0)
    assert frame.imbalance_l1[0] == pytest.approx(0.5)
    assert frame.imbalance_l5[0] == pytest.approx(0.0)
    assert frame.micro_bps[0] == pytest.approx(5.0)
    assert frame.depth[0] == pytest.approx(0.020)
    assert frame.ofi[0] == 0.0
    assert frame.book_seq.values.tolist() == [7, 0]
    assert is_absent(frame, 1)


def test_order_flow_counts_what_came_and_went_at_the_best_prices():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(bids=((99, 10),), asks=((101, 10),)))
    tell(keeper, a_book_delta(bids=((99, 15),)))  # five lots of demand came
    tell(keeper, a_book_delta(asks=((101, 4),)))  # six lots of supply went
    tell(keeper, a_book_delta(bids=((100, 8),)))  # a better bid of eight
    frame = shown(keeper)
    mean_lots = ((15 + 10) + (15 + 4) + (8 + 4)) / 6
    assert frame.ofi[0] == pytest.approx((5 + 6 + 8) / mean_lots)
    assert frame.updates[0] == 4


def test_order_flow_is_forgotten_after_ten_seconds():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(), a_book_delta(bids=((9_999, 20),)), second=0.5)
    flows = [shown(keeper, second=second).ofi[0] for second in range(1, 13)]
    assert [flow > 0 for flow in flows] == [True] * 10 + [False] * 2


def test_nothing_of_a_book_survives_its_connection():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(bids=((9_999, 10), (9_998, 50)), epoch=1), a_book_delta(bids=((9_997, 1),), epoch=2))
    assert is_absent(shown(keeper))
    assert keeper.state.no_book == 1
    tell(keeper, a_book_snapshot(bids=((9_990, 10),), epoch=2))
    frame = shown(keeper)
    assert frame.spread_bps[0] == pytest.approx(11.0, rel=1e-2)
    assert frame.imbalance_l5[0] == 0.0
    assert frame.ofi[0] == 0.0


def test_depth_near_the_mid_and_beyond_the_fifth_level_is_shown():
    keeper = a_keeper()
    bids = tuple((9_999 - level, 10) for level in range(30))
    asks = tuple((10_001 + level, 5) for level in range(30))
    tell(keeper, a_book_snapshot(bids=bids, asks=asks))
    frame = shown(keeper)
    assert frame.imbalance_l20[0] == pytest.approx(1 / 3)
    assert frame.dimb_10bp[0] == pytest.approx(1 / 3)
    assert frame.ldepth_10bp[0] == pytest.approx(np.log(10 * (10 + 5) * 0.001))
    assert frame.slope_book[0] == pytest.approx(1.0, rel=1e-2)


def test_flows_of_one_and_of_sixty_seconds_stand_beside_that_of_ten():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(), a_book_delta(bids=((9_999, 20),)), second=0.5)
    frames = [shown(keeper, second=second) for second in range(1, 63)]
    assert [frame.ofi_1s[0] > 0 for frame in frames].count(True) == 1
    assert [frame.ofi[0] > 0 for frame in frames].count(True) == 10
    assert [frame.ofi_60s[0] > 0 for frame in frames].count(True) == 60


def test_trades_tell_what_was_traded_away_and_what_was_taken_back():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(), a_trade(lots=3), a_book_delta(asks=((10_001, 5),)), second=0.5)
    frame = shown(keeper)
    assert frame.cancel_ratio_10s[0] == pytest.approx(2 / 5)
    assert frame.queue_dep[0] == pytest.approx(5 / 35)


def test_a_mid_is_as_old_as_its_last_move_and_sizes_do_not_renew_it():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(), second=0.0)
    tell(keeper, a_book_delta(bids=((9_999, 20),)), second=3.0)
    assert shown(keeper, second=4.0).mid_age_ms[0] == pytest.approx(4_000)
    tell(keeper, a_book_delta(bids=((10_000, 20),)), second=4.5)
    assert shown(keeper, second=5.0).mid_age_ms[0] == pytest.approx(500)


def test_nothing_of_a_trade_survives_a_gap():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(), a_trade(), a_feed_status("gap"), a_book_snapshot(bids=((9_999, 90),)))
    assert np.isnan(shown(keeper).queue_dep[0])


def test_a_restored_keeper_goes_on_byte_for_byte():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(), a_trade(), a_book_delta(bids=((9_998, 7), (9_999, 2))), second=0.5)
    shown(keeper)
    restored = BookKeeper(BookKeeperSettings())
    restored.restore(codec.decode_state(BookKeeperState, codec.encode(keeper.snapshot())))
    for each in (keeper, restored):
        tell(each, a_book_delta(asks=((10_001, 3),)), a_trade(), second=1.5)
    assert codec.encode(shown(restored, second=2.0)) == codec.encode(shown(keeper, second=2.0))


@pytest.mark.parametrize("state", ["gap", "down"])
def test_a_gap_voids_the_book_until_the_next_snapshot(state):
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(), a_feed_status(state), a_book_delta(bids=((9_999, 99),)))
    assert is_absent(shown(keeper))
    tell(keeper, a_book_snapshot())
    assert not is_absent(shown(keeper))


def test_the_end_of_a_connection_that_was_replaced_before_voids_nothing():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(epoch=1), a_book_snapshot(epoch=2), a_feed_status("down", epoch=1))
    assert not is_absent(shown(keeper))


def test_a_late_change_of_a_dead_connection_is_ignored_and_counted():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(epoch=2), a_book_delta(bids=((9_999, 99),), epoch=1), a_tick(epoch=1))
    assert shown(keeper).imbalance_l1[0] == 0.0
    assert keeper.state.old_epoch == 2


def test_a_snapshot_restates_and_is_no_flow():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(bids=((9_999, 10),)), a_book_snapshot(bids=((9_999, 500),)))
    assert shown(keeper).ofi[0] == 0.0


def test_a_feed_without_depth_is_measured_by_its_ticks():
    keeper = a_keeper()
    tell(keeper, a_tick(bid=9_990, ask=10_010, bid_lots=30, ask_lots=10), a_tick(bid=9_990, ask=10_010, bid_lots=50))
    frame = shown(keeper)
    assert frame.imbalance_l1[0] == pytest.approx(40 / 60)
    assert frame.ofi[0] > 0
    assert np.isnan(frame.imbalance_l5[0])


def test_ticks_do_not_touch_an_instrument_that_has_a_book():
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(), a_tick(bid=1, ask=2, bid_lots=7))
    assert shown(keeper).imbalance_l1[0] == 0.0


@pytest.mark.parametrize(
    "touch",
    [((), ((10_001, 1),)), (((9_999, 1),), ()), (((10_001, 1),), ((10_000, 1),)), (((10_000, 1),), ((10_000, 1),))],
)
def test_an_empty_crossed_or_locked_book_shows_nothing(touch):
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(bids=touch[0], asks=touch[1]))
    assert is_absent(shown(keeper))


def test_a_changed_universe_keeps_the_books_of_those_that_stay():
    keeper = a_keeper()
    tell(
        keeper,
        a_book_snapshot(symbol="ETH-EUR", bids=((9_999, 30),)),
        a_universe_changed("XRP-EUR", "ETH-EUR", version=2),
    )
    tell(keeper, a_book_delta(symbol="ETH-EUR", bids=((9_999, 10),)))
    frame = shown(keeper)
    assert frame.universe == 2
    assert is_absent(frame, 0)
    assert frame.imbalance_l1[1] == 0.0


def test_quotes_of_unknown_instruments_are_counted():
    keeper = a_keeper()
    tell(keeper, a_book_delta(symbol="XRP-EUR"))
    assert keeper.state.unknown_symbol == 1


changes = st.lists(
    st.tuples(st.sampled_from(["bid", "ask"]), st.integers(90, 110), st.integers(0, 20), st.sampled_from([1, 1, 1, 2])),
    max_size=40,
)


@given(changes)
def test_imbalances_lie_between_minus_one_and_one_and_the_size_weighted_mid_within_the_spread(rows):
    keeper = a_keeper()
    tell(keeper, a_book_snapshot(bids=((95, 5),), asks=((105, 5),)))
    for side, ticks, lots, epoch in rows:
        level = ((ticks, lots),)
        tell(keeper, a_book_delta(epoch=epoch, **{f"{side}s": level}))
    frame = shown(keeper)
    if not is_absent(frame):
        assert abs(frame.imbalance_l1[0]) <= 1.0
        assert abs(frame.imbalance_l5[0]) <= 1.0
        assert abs(frame.micro_bps[0]) <= 0.5 * frame.spread_bps[0] + 1e-9
        assert frame.depth[0] > 0


@given(changes)
def test_buying_and_selling_pressure_are_mirror_images(rows):
    def flow_of(mirrored):
        keeper = a_keeper()
        tell(keeper, a_book_snapshot(bids=((95, 5),), asks=((105, 5),)))
        for side, ticks, lots, _ in rows:
            seen = {"bid": "ask", "ask": "bid"}[side] if mirrored else side
            tell(keeper, a_book_delta(**{f"{seen}s": ((200 - ticks if mirrored else ticks, lots),)}))
        return shown(keeper).ofi[0]

    assert flow_of(False) == pytest.approx(-flow_of(True), nan_ok=True)
