"""Payments of funding, and what a market says of a perpetual, as the tests of them need it."""

from decimal import Decimal
from typing import Any

from contracts.account import FundingBooked
from contracts.market import Perp
from contracts.trade import FundingPaid
from tests.kit.market import at


def a_payment(number: int = 1, amount: str = "0.5", **changed: Any) -> FundingPaid:
    """What the venue took at the settlement `number` seconds after noon, booked at once."""
    facts: dict[str, Any] = {
        "symbol": "BTC-EUR",
        "payment_id": f"p{number}",
        "asset": "EUR",
        "rate": 0.0001,
        "settled_ns": at(number),
        "event_ns": at(number),
    }
    return FundingPaid(amount=Decimal(amount), **(facts | changed))


def a_booked(amount: str, **changed: Any) -> FundingBooked:
    """Funding as the ledger booked it."""
    facts: dict[str, Any] = {
        "symbol": "BTC-EUR", "payment_id": "p1", "asset": "EUR", "total": Decimal(amount), "rate": 0.0001,
        "settled_ns": at(1), "payment_seq": 1,
    }  # fmt: skip
    return FundingBooked(amount=Decimal(amount), **(facts | changed))


def a_settled(rate: float, second: float, symbol: str = "BTC-EUR", **changed: Any) -> Perp:
    """A settled rate, told at its settlement."""
    facts: dict[str, Any] = {"settled_ns": at(second), "event_ns": at(second), "epoch": 1, "frame": 1}
    return Perp(symbol=symbol, settled=rate, **(facts | changed))


def a_predicted(rate: float, second: float, told: float, symbol: str = "BTC-EUR", **changed: Any) -> Perp:
    """A rate predicted for a settlement, told at another second."""
    facts: dict[str, Any] = {"next_funding_ns": at(second), "event_ns": at(told), "epoch": 1, "frame": 1}
    return Perp(symbol=symbol, funding=rate, **(facts | changed))
