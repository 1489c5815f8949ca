import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.bar_builder import BarBuilder, BarBuilderSettings
from contracts.market import BarFrame
from tests.kit.market import a_beat, a_tick, a_trade, a_universe_changed, an_envelope, at, closed_bars


def a_builder(*, bar_s: float = 60.0, gap_bars_max: int = 240) -> BarBuilder:
    builder = BarBuilder(BarBuilderSettings(bar_s=bar_s, gap_bars_max=gap_bars_max))
    builder.receive(an_envelope(a_universe_changed("BTC-EUR", "ETH-EUR"), at_ns=at(0)))
    return builder


def play(builder: BarBuilder, *events) -> list[BarFrame]:
    """Tell (second, payload) pairs; what was said."""
    said: list[BarFrame] = []
    for seq, (second, payload) in enumerate(events, start=2):
        said.extend(builder.receive(an_envelope(payload, seq=seq, at_ns=at(second))))
        builder.check()
    return said


def quote(mid: int, symbol: str = "BTC-EUR"):
    return a_tick(symbol=symbol, bid=mid - 1, ask=mid + 1)


def test_a_bar_tells_first_highest_lowest_and_last_mid_and_names_its_last_message():
    (bar,) = play(
        a_builder(),
        (1, quote(100)),
        (2, quote(130)),
        (3, quote(90)),
        (59, quote(110)),
        (60, a_beat()),
    )
    assert (bar.open[0], bar.high[0], bar.low[0], bar.close[0]) == (1.0, 1.3, 0.9, 1.1)
    assert (bar.close_ns, bar.bar_s, bar.tick_seq[0]) == (at(60), 60.0, 5)
    assert np.isnan(bar.close[1])
    assert bar.tick_seq[1] == 0


def test_what_comes_at_the_close_belongs_to_the_next_bar():
    first, second = play(a_builder(), (1, quote(100)), (60, quote(200)), (61, a_beat()), (120, a_beat("second")))
    assert first.close[0] == 1.0
    assert second.open[0] == 2.0


def test_a_bar_is_said_on_the_first_beat_after_its_end_even_without_a_later_quote():
    builder = a_builder()
    assert play(builder, (1, quote(100)), (59.9, a_beat("second"))) == []
    assert len(play(builder, (60.1, a_beat("second")))) == 1
    assert play(builder, (61, a_beat())) == []


def test_trades_make_volume_and_count_but_prices_only_where_nothing_was_quoted():
    (bar,) = play(
        a_builder(),
        (1, quote(100)),
        (2, a_trade(price=500, lots=3)),
        (3, a_trade(price=500, lots=4)),
        (4, a_trade(symbol="ETH-EUR", price=700, lots=1)),
        (60, a_beat()),
    )
    assert bar.close.values.tolist() == [1.0, 7.0]
    assert bar.volume.values.tolist() == [pytest.approx(0.007), pytest.approx(0.001)]
    assert bar.trades.values.tolist() == [2, 1]


def test_a_crossed_or_one_sided_quote_is_not_in_a_bar_and_is_counted():
    builder = a_builder()
    (bar,) = play(builder, (1, a_tick(bid=101, ask=100)), (2, a_tick(bid=0, ask=100)), (60, a_beat()))
    assert np.isnan(bar.close.values).all()
    assert builder.state.invalid_price == 2


def test_a_silence_is_told_bar_by_bar_in_order():
    bars = play(a_builder(), (1, quote(100)), (241, a_beat()))
    assert [bar.close_ns for bar in bars] == [at(60), at(120), at(180), at(240)]
    assert [bool(np.isnan(bar.close[0])) for bar in bars] == [False, True, True, True]


def test_a_silence_beyond_every_window_is_told_by_its_last_bars_only():
    bars = play(a_builder(gap_bars_max=3), (1, quote(100)), (60 * 1000 + 1, a_beat()))
    assert [bar.close_ns for bar in bars] == [at(60 * 998), at(60 * 999), at(60 * 1000)]
    assert all(np.isnan(bar.close[0]) for bar in bars)


def test_a_changed_universe_lays_out_the_open_bar_and_those_not_yet_said():
    (first, second) = play(
        a_builder(),
        (1, quote(100)),
        (61, quote(200)),
        (62, a_universe_changed("XRP-EUR", "BTC-EUR", version=2)),
        (120, a_beat()),
    )
    assert (first.universe, second.universe) == (2, 2)
    assert (first.close[1], second.close[1]) == (1.0, 2.0)
    assert np.isnan([first.close[0], second.close[0]]).all()


@pytest.mark.parametrize(("name", "value"), [("bar_s", 0.0), ("bar_s", float("nan")), ("gap_bars_max", 0)])
def test_settings_that_make_no_bars_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} was"):
        BarBuilderSettings(**{name: value})


moments = st.lists(
    st.tuples(st.floats(0.0, 400.0), st.sampled_from(["BTC-EUR", "ETH-EUR"]), st.integers(90, 110), st.booleans()),
    max_size=40,
).map(sorted)


@given(moments, st.floats(0.0, 400.0))
def test_no_bar_depends_on_anything_after_its_close(events, cut_s):
    def bars_of(told):
        messages = [
            (second, quote(mid, symbol) if quoted else a_trade(symbol=symbol, price=mid))
            for second, symbol, mid, quoted in told
        ]
        return play(a_builder(), *messages, (500, a_beat()))

    whole = [bar for bar in bars_of(events) if bar.close_ns <= at(cut_s)]
    prefix = [bar for bar in bars_of([event for event in events if event[0] < cut_s]) if bar.close_ns <= at(cut_s)]
    assert whole == prefix


@given(moments)
def test_a_bar_lies_within_its_extremes_and_every_trade_is_counted_once(events):
    messages = [
        (second, quote(mid, symbol) if quoted else a_trade(symbol=symbol, price=mid))
        for second, symbol, mid, quoted in events
    ]
    bars = play(a_builder(), *messages, (500, a_beat()))
    for bar in bars:
        known = ~np.isnan(bar.close.values)
        for row in (bar.open, bar.close):
            assert (bar.low.values[known] <= row.values[known]).all()
            assert (row.values[known] <= bar.high.values[known]).all()
    traded = sum(1 for *_, quoted in events if not quoted)
    assert sum(int(bar.trades.values.sum()) for bar in bars) == traded


def test_told_bars_are_said_on_the_beat_and_none_is_built_beside_them():
    builder = a_builder()
    (first, second) = play(
        builder,
        (60, closed_bars(close=[100.0, np.nan], trades=[7.0, np.nan], close_ns=at(60))),
        (60, quote(130)),
        (180, closed_bars(close=[101.0, 10.0], close_ns=at(180))),
        (180, a_beat()),
    )
    assert [(bar.close_ns, bar.close[0]) for bar in (first, second)] == [(at(60), 100.0), (at(180), 101.0)]
    assert np.isnan(first.close[1])
    assert first.trades.values.tolist() == [7, 0]
    assert first.tick_seq.values.tolist() == [2, 0]
    assert play(builder, (300, a_beat())) == []
