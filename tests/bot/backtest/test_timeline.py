"""History in order of time."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulated.bar_prices import FillSettings
from bot.backtest.timeline import BarStep, bar_steps, history_of, moments
from contracts.history import BarBlock, Dated
from tests.kit.history_data import a_walk
from tests.kit.market import NOON_NS, a_tick

FILLS = FillSettings(half_spread_bps=1.0, impact_bps=0.0, participation_max=0.1, path="open")


def steps(data, **changed):
    blocks = [block._replace(**changed) for block in data.bars(data.bar_s, 0, 2**62)]
    return list(bar_steps(blocks, data.instruments, data.bar_s, FILLS))


def test_what_the_venue_trades_in_is_the_next_bar_whatever_the_blocks_are():
    data = a_walk(times=250)
    found = steps(data)
    assert [step.closed.close_ns for step in found] == data.block.close_ns.tolist()
    assert [step.coming.open.tolist() for step in found[:-1]] == data.block.open[1:].tolist()
    assert found[-1].coming is None
    data.stamps = 7
    again = steps(data)
    assert [each.closed for each in again] == [each.closed for each in found]
    assert [each.coming.half.tolist() for each in again[:-1]] == [each.coming.half.tolist() for each in found[:-1]]


def test_a_source_without_quotes_is_quoted_around_its_close_on_the_grid():
    (step, *_) = steps(a_walk(times=2, width=1))
    close = step.closed.close[0]
    assert step.closed.bid[0] <= close * (1 - 1e-4) < step.closed.bid[0] + 0.01 + 1e-9
    assert step.closed.ask[0] >= close * (1 + 1e-4) > step.closed.ask[0] - 0.01 - 1e-9
    assert np.isclose(step.coming.half[0], close * 1e-4)


def test_quotes_of_the_source_are_told_as_they_are():
    data = a_walk(times=2, width=1)
    bid, ask = data.block.close - 0.05, data.block.close + 0.07
    (step, *_) = steps(data, bid=bid, ask=ask)
    assert (step.closed.bid[0], step.closed.ask[0]) == (bid[0, 0], ask[0, 0])
    assert np.isclose(step.coming.half[0], 0.06)


def test_an_instrument_without_a_bar_has_neither_quote_nor_market():
    data = a_walk(times=3, width=2)
    holes = {name: getattr(data.block, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for column in holes.values():
        column[1, 0] = np.nan
    first, second, _ = steps(data, **holes)
    assert np.isnan(second.closed.bid[0])
    assert np.isnan(first.coming.open[0])
    assert np.isfinite(first.coming.open[1])


@given(st.lists(st.integers(0, 900), max_size=12))
def test_bars_come_before_rows_of_the_same_instant_and_time_never_falls(seconds):
    data = a_walk(times=3, width=1)
    rows = [Dated(NOON_NS + each * 10**9, a_tick(frame=number)) for number, each in enumerate(sorted(seconds))]
    told = list(moments(steps(data), rows))
    assert [at_ns for at_ns, _ in told] == sorted(at_ns for at_ns, _ in told)
    assert [each for each in told if not isinstance(each[1], BarStep)] == rows
    for (earlier_ns, earlier), (later_ns, later) in pairwise(told):
        assert not (earlier_ns == later_ns and isinstance(later, BarStep) and not isinstance(earlier, BarStep))


def test_the_history_before_the_first_beat_is_the_last_bars_of_all_blocks():
    data = a_walk(times=250)
    history = history_of(data.bars(data.bar_s, 0, 2**62), data.instruments, data.bar_s, 120)
    assert history.close_ns.values.tolist() == data.block.close_ns[-120:].tolist()
    assert history.close.values.tolist() == data.block.close[-120:].tolist()
    assert history_of((), data.instruments, data.bar_s, 120) is None
    assert history_of([BarBlock(*(each[:0] for each in data.block))], data.instruments, data.bar_s, 5) is None
