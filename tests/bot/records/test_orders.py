"""Orders and their lives, and what their execution cost against the mark they were decided at."""

from decimal import Decimal

import pytest

from contracts.market import MarkFrame
from contracts.trade import CancelOrder, OrderAccepted, OrderUnknown
from tests.kit.market import a_mark_frame, a_universe_changed, at
from tests.kit.orders import a_snapshot, an_intent, an_order
from tests.kit.run_records import a_fill, a_state, an_equity, read_from

OPENING = ((0.0, a_universe_changed("BTC-EUR", "ETH-EUR")), (0.0, a_snapshot()), (0.0, an_equity()))
ID = "k1-000001-00-0"
LIFE = (
    (1.0, a_mark_frame(mid=(100.0, 50.0), spread_bps=4.0)),
    (1.0, an_intent(mark=100.0)),
    (1.0, an_order(intent_seq=6)),
    (1.2, OrderAccepted(ID, "v1")),
    (1.3, a_fill("buy", "0.4", "100.02", trade_id="1", fee=Decimal("0.04"))),
    (1.4, a_fill("buy", "0.6", "100.07", trade_id="2", fee=Decimal("0.06"))),
    (1.4, a_state("FILLED", filled=Decimal(1))),
)


def the_order(*messages, bare=()):
    (order,) = read_from(*OPENING, *messages, bare=bare).tables["orders"]
    return order


def test_an_order_has_its_life_in_one_row() -> None:
    order = the_order(*LIFE)
    assert (order.decided_at, order.ordered_at, order.acknowledged_at) == (at(1.0), at(1.0), at(1.2))
    assert (order.first_fill_at, order.last_fill_at, order.ended_at) == (at(1.3), at(1.4), at(1.4))
    assert (order.filled, order.average_price, order.fills) == (Decimal(1), Decimal("100.05"), 2)
    assert (order.fee_eur, order.notional_eur, order.state) == (Decimal("0.1"), Decimal("100.05"), "FILLED")
    assert (order.mu, order.cvar_eur, order.cvar_max_eur) == (0.001, 1.0, 5.0)


def test_what_a_fill_cost_is_split_into_spread_and_impact() -> None:
    order = the_order(*LIFE)
    assert order.slippage_bps == pytest.approx(5.0)
    assert order.half_spread_bps == pytest.approx(2.0)
    assert (order.spread_eur, order.impact_eur) == (pytest.approx(0.02), pytest.approx(0.03))
    assert order.shortfall_eur == pytest.approx(0.05)


def test_a_seller_pays_by_selling_lower() -> None:
    order = the_order(
        (1.0, an_intent(side="sell", mark=100.0)),
        (1.0, an_order(side="sell", intent_seq=5)),
        (2.0, a_fill("sell", "1", "99.9")),
    )
    assert order.slippage_bps == pytest.approx(10.0)


def test_a_thin_journal_tells_the_whole_cost_but_not_its_parts() -> None:
    read = read_from(*OPENING, *LIFE, bare=(MarkFrame,))
    (order,) = read.tables["orders"]
    assert order.slippage_bps == pytest.approx(5.0)
    assert order.half_spread_bps != order.half_spread_bps and order.impact_eur != order.impact_eur
    assert read.thin and any(lack.startswith("quotes") for lack in read.lacks)


def test_an_order_that_nobody_filled_says_why_and_costs_nothing() -> None:
    order = the_order(
        (1.0, an_order()),
        (2.0, OrderUnknown(ID, "silence")),
        (3.0, CancelOrder(ID, "BTC-EUR", 1, "too old")),
        (4.0, a_state("CANCELLED", reason="too old")),
    )
    assert (order.state, order.reason, order.cancels, order.unknowns) == ("CANCELLED", "too old", 1, 1)
    assert (order.filled, order.average_price, order.slippage_bps) == (Decimal(0), None, None)
    assert (order.decided_at, order.mark, order.ended_at) == (None, None, at(4.0))


def test_a_fee_in_the_base_is_worth_the_price_of_its_fill() -> None:
    order = the_order((1.0, an_order()), (2.0, a_fill("buy", "1", "100", fee=Decimal("0.001"), fee_asset="BTC")))
    assert order.fee_eur == Decimal("0.1")


def test_a_fill_of_an_order_of_nobody_is_no_order() -> None:
    assert read_from(*OPENING, (1.0, a_fill("buy", "1", "100", client_id="theirs"))).tables["orders"] == []
