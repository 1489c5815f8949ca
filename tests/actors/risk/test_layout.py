"""What of a view is of the instruments alone: kept while they are the same, and laid out anew when they are not."""

import numpy as np

from actors.risk.layout import Layouts
from tests.kit.market import a_universe


def test_the_same_symbols_are_laid_out_once_and_others_anew():
    universe, layouts = a_universe("BTC-EUR", "ETH-USD"), Layouts("EUR")
    both = layouts.of(universe, ("BTC-EUR", "ETH-USD"))
    assert layouts.of(universe, ("BTC-EUR", "ETH-USD")) is both
    assert layouts.of(universe, ("ETH-USD",)).symbols == ("ETH-USD",)
    assert layouts.of(universe, ()).instruments == ()


def test_a_changed_universe_is_laid_out_anew_under_the_same_symbols():
    layouts = Layouts("EUR")
    before = layouts.of(a_universe("BTC-EUR", "ETH-EUR"), ("ETH-EUR",))
    after = layouts.of(a_universe("ETH-EUR", "BTC-EUR"), ("ETH-EUR",))
    assert (before.columns.tolist(), after.columns.tolist()) == ([1], [0])


def test_columns_are_those_of_the_universe_whatever_the_order_of_the_symbols():
    universe, frame = a_universe("BTC-EUR", "ETH-USD", "SOL-USD"), np.array([1.0, 2.0, 3.0])
    layouts = Layouts("EUR")
    assert frame[layouts.of(universe, universe.symbols).columns].tolist() == [1.0, 2.0, 3.0]
    turned = layouts.of(universe, ("SOL-USD", "BTC-EUR"))
    assert frame[turned.columns].tolist() == [3.0, 1.0]
    assert turned.places == {"SOL-USD": 0, "BTC-EUR": 1}
    assert turned.foreign.tolist() == [True, False]
    assert [turned.quotes[place] for place in turned.quoted.tolist()] == ["USD", "EUR"]


def test_without_a_universe_there_is_nothing_to_lay_out():
    assert Layouts("EUR").of(None, ()).symbols == ()
