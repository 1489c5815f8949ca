from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.marker import Marker, MarkerSettings
from contracts.market import MarkFrame
from tests.kit.market import (
    a_beat,
    a_book_delta,
    a_book_snapshot,
    a_feed_status,
    a_tick,
    a_universe_changed,
    an_envelope,
    at,
    closed_bars,
)


def a_marker(*, frame_s: float = 1.0) -> Marker:
    marker = Marker(MarkerSettings(frame_s=frame_s))
    marker.receive(an_envelope(a_universe_changed("BTC-EUR", "ETH-EUR")))
    return marker


def tell(marker: Marker, *payloads, seq: int = 10, at_ns: int = at(0)) -> None:
    for offset, payload in enumerate(payloads):
        assert tuple(marker.receive(an_envelope(payload, seq=seq + offset, at_ns=at_ns))) == ()


def marks(marker: Marker, *, at_ns: int = at(1), kind="signal") -> MarkFrame:
    (frame,) = marker.receive(an_envelope(a_beat(kind), at_ns=at_ns))
    assert isinstance(frame, MarkFrame)
    return frame


def test_a_quote_becomes_a_mark_that_names_its_tick():
    marker = a_marker()
    tell(marker, a_tick(bid=9_998, ask=10_002), seq=17, at_ns=at(0.5))
    frame = marks(marker)
    assert frame.valid.values.tolist() == [True, False]
    assert (frame.bid[0], frame.ask[0], frame.mid[0]) == (99.98, 100.02, 100.0)
    assert (frame.tick_seq[0], frame.tick_ns[0]) == (17, at(0.5))
    assert np.isnan(frame.mid[1])
    assert frame.tick_seq[1] == 0


@pytest.mark.parametrize(
    ("bid", "ask"), [(10_001, 9_999), (10_000, 10_000), (0, 10_001), (9_999, 0), (0, 0), (-5, 10_001)]
)
def test_a_crossed_locked_or_one_sided_quote_is_no_mark(bid, ask):
    marker = a_marker()
    tell(marker, a_tick(), a_tick(bid=bid, ask=ask))
    frame = marks(marker)
    assert not frame.valid[0]
    assert np.isnan([frame.bid[0], frame.ask[0], frame.mid[0]]).all()


@pytest.mark.parametrize("state", ["gap", "down"])
def test_marks_are_void_after_a_gap_until_the_next_quote(state):
    marker = a_marker()
    tell(marker, a_tick(), a_tick(symbol="ETH-EUR"), a_feed_status(state, symbols=("BTC-EUR",)))
    assert marks(marker).valid.values.tolist() == [False, True]
    tell(marker, a_tick())
    assert marks(marker).valid.values.tolist() == [True, True]


def test_a_stale_feed_keeps_its_marks_because_their_age_is_told():
    marker = a_marker()
    tell(marker, a_tick(), a_feed_status("stale"))
    assert marks(marker).valid[0]


def test_the_end_of_a_connection_that_was_replaced_before_voids_nothing():
    marker = a_marker()
    tell(marker, a_tick(epoch=1), a_tick(epoch=2), a_feed_status("down", epoch=1))
    assert marks(marker).valid[0]


def test_a_late_quote_of_a_dead_connection_changes_nothing():
    marker = a_marker()
    tell(marker, a_tick(epoch=1), a_feed_status("down", epoch=2), a_tick(epoch=1))
    assert not marks(marker).valid[0]
    assert marker.state.old_epoch == 1


def test_a_quote_of_an_unknown_instrument_is_counted():
    marker = a_marker()
    tell(marker, a_tick(symbol="XRP-EUR"))
    assert marker.state.unknown_symbol == 1
    assert not marks(marker).valid.values.any()


def test_before_a_universe_is_known_nothing_is_said():
    assert tuple(Marker(MarkerSettings()).receive(an_envelope(a_beat()))) == ()


def test_marks_are_said_on_each_signal_beat_and_on_the_first_second_of_each_period():
    marker = a_marker(frame_s=5.0)
    said = [
        second
        for second in range(1, 16)
        if tuple(marker.receive(an_envelope(a_beat("second"), at_ns=at(second + 0.01 * (second % 3)))))
    ]
    assert said == [1, 5, 10, 15]
    assert marks(marker, at_ns=at(15.5)).valid.values.tolist() == [False, False]
    assert tuple(marker.receive(an_envelope(a_beat("decide"), at_ns=at(20)))) == ()


def test_a_changed_universe_keeps_known_marks_and_starts_new_ones_empty():
    marker = a_marker()
    tell(marker, a_tick(symbol="ETH-EUR"))
    tell(marker, a_universe_changed("XRP-EUR", "ETH-EUR", "BTC-EUR", version=2))
    frame = marks(marker)
    assert frame.universe == 2
    assert frame.valid.values.tolist() == [False, True, False]


def test_an_instrument_whose_grid_changed_starts_empty():
    marker = a_marker()
    tell(marker, a_tick())
    tell(marker, a_universe_changed("BTC-EUR", "ETH-EUR", version=2, tick=Decimal("0.1")))
    assert not marks(marker).valid.values.any()


@pytest.mark.parametrize("frame_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_period_that_is_no_time_is_refused(frame_s):
    with pytest.raises(ValueError, match="frame_s was"):
        MarkerSettings(frame_s=frame_s)


@given(st.lists(st.tuples(st.sampled_from(["BTC-EUR", "ETH-EUR"]), st.integers(0, 5), st.integers(0, 5)), max_size=30))
def test_a_frame_tells_the_last_quote_of_each_instrument_and_nothing_else(quotes):
    marker = a_marker()
    tell(marker, *(a_tick(symbol=symbol, bid=bid, ask=ask) for symbol, bid, ask in quotes))
    last = {symbol: (bid, ask) for symbol, bid, ask in quotes}
    frame = marks(marker)
    for column, symbol in enumerate(("BTC-EUR", "ETH-EUR")):
        bid, ask = last.get(symbol, (0, 0))
        assert frame.valid[column] == (0 < bid < ask)
        if frame.valid[column]:
            assert frame.mid[column] == pytest.approx((bid + ask) / 200)


def test_an_instrument_without_ticks_is_quoted_by_its_book():
    marker = a_marker()
    tell(marker, a_book_snapshot(bids=((9_990, 5), (9_980, 5)), asks=((10_010, 5),)), seq=20)
    tell(marker, a_book_delta(bids=((9_990, 0),)), seq=21, at_ns=at(0.5))
    frame = marks(marker)
    assert (frame.bid[0], frame.ask[0]) == (99.80, 100.10)
    assert (frame.tick_seq[0], frame.tick_ns[0]) == (21, at(0.5))


def test_the_first_tick_takes_over_from_the_book():
    marker = a_marker()
    tell(marker, a_book_snapshot(), a_tick(bid=9_000, ask=9_002), a_book_delta(bids=((9_001, 5),)), a_book_snapshot())
    assert marks(marker).mid[0] == 90.01
    assert marker.snapshot().books == {}


@pytest.mark.parametrize("end", [a_feed_status("gap"), a_feed_status("down"), a_book_delta(epoch=2)])
def test_a_book_quotes_nothing_after_its_epoch(end):
    marker = a_marker()
    tell(marker, a_book_snapshot(), end, a_book_delta(bids=((9_999, 7),)))
    assert not marks(marker).valid[0]
    tell(marker, a_book_snapshot(epoch=2))
    assert marks(marker).valid[0]


def test_a_book_stays_with_its_instrument_when_the_universe_changes():
    marker = a_marker()
    tell(marker, a_book_snapshot(symbol="ETH-EUR"), a_universe_changed("ETH-EUR", "XRP-EUR", version=2))
    tell(marker, a_book_delta(symbol="ETH-EUR", bids=((10_000, 5),)))
    assert marks(marker).mid[0] == pytest.approx(100.005)


def test_the_quotes_at_the_close_of_a_told_bar_are_marks_and_stand_where_the_next_bar_has_none():
    marker = a_marker()
    tell(marker, closed_bars(bid=[99.98, 9.99], ask=[100.02, 10.01]), seq=17, at_ns=at(0.5))
    tell(marker, closed_bars(bid=[99.99, np.nan], ask=[100.03, np.nan]), seq=18, at_ns=at(60))
    frame = marks(marker, at_ns=at(60))
    assert frame.bid.values.tolist() == [99.99, 9.99]
    assert frame.ask.values.tolist() == [100.03, 10.01]
    assert frame.tick_seq.values.tolist() == [18, 17]
    assert frame.tick_ns.values.tolist() == [at(60), at(0.5)]


ONE_ROW = (
    a_tick(symbol="BTC-EUR", bid=10_001, ask=10_005),
    a_book_snapshot(symbol="BTC-EUR", bids=((10_001, 1),), asks=((10_005, 1),)),
    closed_bars(bid=[100.01, np.nan], ask=[100.05, np.nan]),
)


@pytest.mark.parametrize("row", ONE_ROW, ids=lambda row: type(row).__name__)
def test_quotes_that_were_told_as_columns_stand_where_a_row_changes_one(row):
    marker, again = a_marker(), a_marker()
    tell(marker, closed_bars(bid=[99.98, 9.99], ask=[100.02, 10.01]), row, seq=17)
    again.restore(marker.snapshot())
    for frame in (marks(marker), marks(again)):
        assert frame.bid.values.tolist() == [100.01, 9.99]
        assert frame.mid.values.tolist() == [100.03, 10.0]
        assert frame.tick_seq.values.tolist() == [18, 17]
    marker.check()


def test_a_gap_voids_what_was_told_as_columns():
    marker = a_marker()
    tell(marker, closed_bars(bid=[99.98, 9.99], ask=[100.02, 10.01]))
    tell(marker, a_feed_status(state="gap", epoch=1, symbols=("BTC-EUR",)))
    frame = marks(marker)
    assert frame.valid.values.tolist() == [False, True]
    assert np.isnan(frame.bid[0])


def test_quotes_between_two_frames_are_in_a_snapshot_and_give_way_to_what_comes_after_them():
    tick, later = a_tick(bid=9_990, ask=9_994), a_tick(bid=9_991, ask=9_995)
    marker = a_marker()
    tell(marker, a_tick(), tick, seq=20)
    again = a_marker()
    again.restore(marker.snapshot())
    assert marks(again) == marks(marker)
    tell(marker, later, closed_bars(bid=[99.98, 9.99], ask=[100.02, 10.01]), seq=30)
    assert marks(marker).bid.values.tolist() == [99.98, 9.99]
    tell(marker, later, a_feed_status(state="gap"))
    assert not marks(marker).valid[0]
    tell(marker, later, seq=40)
    frame = marks(marker)
    assert (frame.bid[0], frame.tick_seq[0]) == (99.91, 40)
