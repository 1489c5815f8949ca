"""The book as columns: what is held, ordered or proposed, in the account's currency."""

from decimal import Decimal

import numpy as np
import pytest

from actors.risk.layout import Layouts
from actors.risk.measures import Measures
from actors.risk.returns import Returns
from actors.risk.view import Facts, view_of
from actors.valuation import Prices, Rate
from contracts.column import floats
from tests.kit.beliefs import a_slate
from tests.kit.market import NOON_NS, a_universe
from tests.kit.orders import an_order_state, marks_of
from tests.kit.risk import a_history

D = Decimal


def facts(*, symbols=("BTC-USD", "ETH-USD"), rate="0.5", marks=(100.0, 100.0), **changed):
    prices = Prices()
    prices.turn_to(a_universe(*symbols))
    prices.hear(marks_of(*marks))
    prices.rates["USD"] = Rate(value=D(rate), at_ns=NOON_NS)
    closes = changed.pop("closes", None)
    laid = Returns(1_000)
    laid.hear(0 if closes is None else len(closes))
    given = {
        "prices": prices,
        "frame": marks_of(*marks),
        "currency": "EUR",
        "positions": {},
        "orders": (),
        "slate": a_slate(sigma=[0.01, 0.02]),
        "bars": None if closes is None else laid.of([floats(row) for row in closes]),
        "bar_s": 60.0,
        "risk_horizon_s": 14_400.0,
        "tail_slope": 1.25,
        "at_ns": NOON_NS,
        "layouts": Layouts("EUR"),
        "measures": Measures(changed.pop("cluster_above", 0.7)),
    }
    return Facts(**(given | changed))


def test_positions_and_open_orders_are_worth_account_currency():
    orders = (
        an_order_state(symbol="BTC-USD", open=D(2), limit=D(101)),
        an_order_state("UNKNOWN", symbol="BTC-USD", side="sell", open=D(1), limit=D(99)),
    )
    view = view_of(facts(positions={"BTC-USD": D("-0.5")}, orders=orders), ["ETH-USD"])
    assert view.symbols == ("BTC-USD", "ETH-USD")
    assert view.position.tolist() == [-25.0, 0.0]
    assert view.buys.tolist() == [101.0, 0.0], "a buy may cost its limit"
    assert view.sells.tolist() == [50.0, 0.0], "what is sold is worth the mark"
    assert view.unknown == ()


def test_sigma_is_scaled_by_the_square_root_of_time_and_the_larger_of_belief_and_measure():
    believed = view_of(facts(), ["BTC-USD", "ETH-USD"]).sigma
    assert believed == pytest.approx([0.02, 0.04])
    wild = a_history(sigma=0.01).close
    both = view_of(facts(closes=wild), ["BTC-USD", "ETH-USD"]).sigma
    assert (both > 0.1).all()
    calm = a_history(sigma=1e-6).close
    assert view_of(facts(closes=calm), ["BTC-USD", "ETH-USD"]).sigma == pytest.approx([0.02, 0.04])


def test_a_belief_keeps_its_shape_and_what_has_none_is_marked():
    slate = a_slate(mu=[0.02, 0.02], sigma=[0.01, np.nan])
    view = view_of(facts(slate=slate), ["BTC-USD", "ETH-USD"])
    assert np.isfinite(view.shapes.values[:, 0]).all()
    assert np.isnan(view.shapes.values[:, 1]).all()
    assert np.isnan(view_of(facts(slate=None), ["BTC-USD"]).shapes.values).all()


def test_what_is_quoted_in_another_currency_is_foreign():
    assert view_of(facts(), ["BTC-USD"]).foreign.tolist() == [True]
    assert view_of(facts(symbols=("BTC-EUR",), marks=(100.0,)), ["BTC-EUR"]).foreign.tolist() == [False]


def test_an_unmeasured_pair_is_never_taken_for_a_diversifier():
    corr = view_of(facts(), ["BTC-USD", "ETH-USD"]).corr
    assert corr[0, 1] == 0.5
    assert np.diag(corr).tolist() == [1.0, 1.0]


def test_an_invalid_quote_leaves_the_last_worth_but_no_price():
    known = facts(positions={"BTC-USD": D(1)})
    view = view_of(known._replace(frame=marks_of(float("nan"), 100.0)), [])
    assert view.unit.tolist() == [50.0]
    assert np.isnan(view.mid).all()
    assert view.unknown == ()


@pytest.mark.parametrize(
    ("changed", "unknown"),
    [
        ({"slate": a_slate(sigma=[np.nan, 0.01])}, ("sigma of BTC-USD",)),
        ({"positions": {"SOL-USD": D(1)}}, ("SOL-USD is not in the universe",)),
        ({"marks": (float("nan"), 100.0)}, ("worth of BTC-USD",)),
    ],
)
def test_what_is_held_and_cannot_be_known_is_named(changed, unknown):
    assert view_of(facts(**({"positions": {"BTC-USD": D(1)}} | changed)), ["ETH-USD"]).unknown == unknown


def test_what_is_only_proposed_may_be_unknown():
    assert view_of(facts(slate=a_slate(sigma=[np.nan, 0.01])), ["BTC-USD", "DOGE-USD"]).unknown == ()


def test_an_empty_book_is_an_empty_view():
    view = view_of(facts(), [])
    assert view.symbols == ()
    assert view.corr.shape == (0, 0)


def test_what_is_one_cluster_is_the_profiles_to_say():
    closes = a_history(sigma=0.01).close
    apart = view_of(facts(closes=closes, cluster_above=1.0), ["BTC-USD", "ETH-USD"]).cluster
    together = view_of(facts(closes=closes, cluster_above=-1.0), ["BTC-USD", "ETH-USD"]).cluster
    assert apart[0] != apart[1]
    assert together[0] == together[1]
