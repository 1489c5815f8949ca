"""Bars out of quotes and trades."""

import numpy as np

from bot.data.tick_bars import bars_of_ticks
from contracts.history import Dated
from tests.kit.history_data import a_walk
from tests.kit.market import a_tick, a_universe, at

MINUTE = 60 * 10**9


def of(*rows):
    dataset = a_walk(width=1)
    dataset.instruments, dataset.dated = a_universe("BTC-EUR"), rows
    return {symbol: (close_ns, columns) for symbol, close_ns, columns in bars_of_ticks(dataset, 60.0)}


def quote(seconds, bid, ask):
    return Dated(at(seconds), a_tick(bid=bid, ask=ask))


def test_a_bar_covers_what_was_known_before_its_close_and_ends_with_the_quotes_that_stood():
    rows = (quote(0, 100, 102), quote(30, 110, 112), quote(59, 104, 106), quote(60, 200, 202), quote(121, 1, 3))
    close_ns, bars = of(*rows)["BTC-EUR"]
    assert close_ns.tolist() == [at(60), at(120)]
    first = {name: float(values[0]) for name, values in bars.items()}
    np.testing.assert_allclose(
        [first[name] for name in ("open", "high", "low", "close", "bid", "ask")], [1.01, 1.11, 1.01, 1.05, 1.04, 1.06]
    )
    assert bars["close"][1] == 2.01


def test_a_minute_in_which_nothing_was_quoted_or_traded_has_no_bar():
    close_ns, _ = of(quote(0, 100, 102), quote(125, 110, 112), quote(190, 110, 112))["BTC-EUR"]
    assert np.diff(close_ns).tolist() == [2 * MINUTE]


def test_nothing_makes_no_bars():
    assert of(quote(0, 100, 102)) == {}
