"""The shipped strategies do what they say, by hand-written prices."""

import math

import numpy as np
import pytest

from actors.strategies.buy_and_hold import BuyAndHold
from actors.strategies.ema_cross import EmaCross
from actors.strategies.random_trader import RandomTrader
from actors.strategies.settings import StrategySettings
from tests.kit.market import a_universe_changed
from tests.kit.orders import an_equity
from tests.kit.strategies import SYMBOLS, a_history, a_strategy, chance, closes, hear

NAN = math.nan


def test_what_is_bought_first_is_held_for_ever() -> None:
    strategy = a_strategy(BuyAndHold, equity_share=0.3)
    first = closes(strategy, (100.0, NAN, 20.0))[-1]
    assert first[0] == 0.3 * 500 / 3 / 100
    assert math.isnan(first[1])
    hear(strategy, an_equity("800"))
    later = closes(strategy, (50.0, 10.0, 40.0), (70.0, 11.0, 30.0), first=2)
    assert later == [(first[0], 0.3 * 800 / 3 / 10, first[2])] * 2


def test_a_cross_up_buys_for_a_share_of_the_equity_then_and_a_cross_down_sells_all() -> None:
    strategy = a_strategy(EmaCross, fast_bars=2, slow_bars=4, equity_share=0.1)
    path = [10.0, 9.0, 8.0, 7.0, 9.0, 11.0, 12.0, 8.0, 5.0]
    said = [row[0] for row in closes(strategy, *((each,) * 3 for each in path))]
    fast = slow = path[0]
    expected, units = [], 0.0
    for count, close in enumerate(path, 1):
        fast, slow = fast + (close - fast) * 2 / 3, slow + (close - slow) * 2 / 5
        units = (units or 50.0 / close) if fast > slow else 0.0
        expected.append(units if count >= 4 else NAN)
    assert np.array_equal(said, expected, equal_nan=True)
    memory = strategy.snapshot().memory
    assert (memory["fast"][0], memory["slow"][0]) == (fast, slow)
    assert {*said[3:]} > {0.0}


def test_a_cross_of_history_is_traded_at_the_first_bar_with_an_equity() -> None:
    rising = EmaCross(EmaCross.Settings(fast_bars=2, slow_bars=3), chance)
    hear(rising, a_universe_changed(*SYMBOLS), a_history(*((10.0 + each,) * 3 for each in range(5))), an_equity())
    assert closes(rising, (20.0, 20.0, 20.0), first=50) == [(0.1 * 500 / 20,) * 3]


def test_chance_is_that_of_the_seed_and_the_bar() -> None:
    said = closes(a_strategy(RandomTrader, trade_probability=0.5, equity_share=0.2), *[(10.0,) * 3] * 6)
    units, expected = np.zeros(3), []
    for number in range(1, 7):
        whether, how_much = chance(number).random((2, 3))
        units = np.where(whether < 0.5, how_much * 0.2 * 500.0 / 10.0, units)
        expected.append(tuple(units.tolist()))
    assert said == expected
    assert len({*said}) > 2


@pytest.mark.parametrize(
    ("kind", "settings", "told"),
    [
        (EmaCross, {"fast_bars": 50}, "fast_bars was 50, expected less than slow_bars 48"),
        (EmaCross, {"equity_share": 1.5}, "equity_share was 1.5"),
        (BuyAndHold, {"equity_share": 0.0}, "equity_share was 0.0"),
        (RandomTrader, {"trade_probability": NAN}, "trade_probability was nan"),
    ],
)
def test_settings_that_make_no_sense_are_refused(kind, settings, told) -> None:
    with pytest.raises(ValueError, match=told):
        kind.Settings(**settings)
    assert issubclass(kind.Settings, StrategySettings)
