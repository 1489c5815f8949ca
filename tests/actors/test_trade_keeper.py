"""The trade keeper: what trades show at a beat, and what may not move it."""

import numpy as np
import pytest

from actors.trade_keeper import TradeKeeper, TradeKeeperState
from contracts import codec
from contracts.market import TradeFrame
from contracts.quantities import Side
from tests.kit.market import (
    a_beat,
    a_feed_status,
    a_tick,
    a_trade,
    a_universe_changed,
    an_envelope,
    at,
)


def a_keeper(*symbols: str) -> TradeKeeper:
    keeper = TradeKeeper()
    keeper.receive(an_envelope(a_universe_changed(*(symbols or ("BTC-EUR", "ETH-EUR")))))
    return keeper


def tell(keeper: TradeKeeper, *payloads, second: float = 0.0, seq: int = 10) -> None:
    for offset, payload in enumerate(payloads):
        assert tuple(keeper.receive(an_envelope(payload, seq=seq + offset, at_ns=at(second)))) == ()
        keeper.check()


def shown(keeper: TradeKeeper, *, second: float) -> TradeFrame:
    (frame,) = keeper.receive(an_envelope(a_beat(), at_ns=at(second)))
    assert isinstance(frame, TradeFrame)
    return frame


def lively(keeper: TradeKeeper, *, seconds: int = 120, start: int = 0) -> None:
    for second in range(start, start + seconds):
        side: Side = "buy" if second % 3 else "sell"
        price = 10_000 + second % 7
        tell(keeper, a_tick(bid=price - 1, ask=price + 1), second=second)
        tell(keeper, a_trade(price=price, lots=1 + second % 5, aggressor=side), second=second + 0.5, seq=second + 1)


def test_a_frame_shows_who_pressed_and_how_long_ago() -> None:
    keeper = a_keeper()
    tell(keeper, a_trade(lots=3, aggressor="buy"), a_trade(lots=1, aggressor="sell"), second=0.5, seq=7)

    frame = shown(keeper, second=1.0)

    assert frame.simb_60s[0] == frame.simb_300s[0] == frame.simb_3600s[0] == pytest.approx(0.5)
    assert frame.trade_gap_ms[0] == pytest.approx(500.0)
    assert frame.trade_seq.values.tolist() == [8, 0]
    assert np.isnan([frame.simb_60s[1], frame.trade_gap_ms[1], frame.vpin_50[0], frame.kyle_300[0]]).all()


def test_a_trade_leaves_the_short_window_before_the_long_one() -> None:
    keeper = a_keeper()
    tell(keeper, a_trade(aggressor="sell"), second=0.0)

    assert shown(keeper, second=60.0).simb_60s[0] == -1.0
    late = shown(keeper, second=61.0)
    assert np.isnan(late.simb_60s[0])
    assert late.simb_300s[0] == late.simb_3600s[0] == -1.0


def test_the_time_of_the_venue_moves_nothing() -> None:
    """Rule R2: what counts is when a trade was received."""
    early, late = a_keeper(), a_keeper()
    tell(early, a_trade(event_ns=at(-500)), second=0.5)
    tell(late, a_trade(event_ns=at(500)), second=0.5)

    assert shown(early, second=1.0) == shown(late, second=1.0)


def test_nothing_is_said_before_a_universe_or_on_other_beats() -> None:
    assert tuple(TradeKeeper().receive(an_envelope(a_beat()))) == ()
    keeper = a_keeper()
    tell(keeper, a_beat("decide"), a_beat("second"))


def test_unknown_and_impossible_trades_are_counted_and_left_out() -> None:
    keeper = a_keeper()
    tell(keeper, a_trade(symbol="XXX-EUR"), a_trade(price=0), a_trade(lots=0))

    assert (keeper.state.unknown_symbol, keeper.state.invalid) == (1, 2)
    assert np.isnan(shown(keeper, second=1.0).simb_60s[0])


def test_a_gap_is_no_impact_of_trades() -> None:
    keeper = a_keeper()
    lively(keeper, seconds=60)
    before = shown(keeper, second=60.0).kyle_300[0]
    tell(keeper, a_feed_status("gap"), second=60.0)
    tell(keeper, a_tick(bid=19_999, ask=20_001), second=60.5)
    tell(keeper, a_trade(price=20_000, lots=5), second=60.6)

    assert shown(keeper, second=61.0).kyle_300[0] == before


def test_a_restored_keeper_goes_on_byte_for_byte() -> None:
    keeper = a_keeper()
    lively(keeper)
    restored = TradeKeeper()
    restored.restore(codec.decode_state(TradeKeeperState, codec.encode(keeper.snapshot())))
    for each in (keeper, restored):
        lively(each, seconds=30, start=120)

    assert codec.encode(shown(restored, second=150.0)) == codec.encode(shown(keeper, second=150.0))
    assert codec.encode(restored.snapshot()) == codec.encode(keeper.snapshot())


def test_asking_for_a_snapshot_changes_nothing() -> None:
    asked, left_alone = a_keeper(), a_keeper()
    for second in range(40):
        for each in (asked, left_alone):
            tell(each, a_trade(lots=1 + second % 9), a_trade(lots=2, aggressor="sell"), second=second / 8)
        asked.snapshot()

    assert codec.encode(asked.snapshot()) == codec.encode(left_alone.snapshot())


def test_a_snapshot_of_a_keeper_without_a_universe_is_restored() -> None:
    restored = TradeKeeper()
    restored.restore(codec.decode_state(TradeKeeperState, codec.encode(TradeKeeper().snapshot())))

    assert tuple(restored.receive(an_envelope(a_beat()))) == ()


def test_a_kept_instrument_takes_its_flow_along_and_a_new_one_starts_empty() -> None:
    keeper, alone = a_keeper(), a_keeper()
    lively(keeper)
    lively(alone)
    tell(keeper, a_universe_changed("NEW-EUR", "BTC-EUR", version=2), second=120.0)

    frame, expected = shown(keeper, second=120.0), shown(alone, second=120.0)

    assert frame.universe == 2
    for name in frame.__struct_fields__[1:-1]:
        np.testing.assert_array_equal(getattr(frame, name)[1], getattr(expected, name)[0])
        assert np.isnan(getattr(frame, name)[0])
