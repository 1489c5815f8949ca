"""What one decision is judged by."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from actors.risk.view import View
from contracts.account import Equity
from contracts.decision import GateState
from contracts.quantities import Nanos
from contracts.trade import OrderState


class Case(NamedTuple):
    """What one decision is judged by; nothing in here changes while it is."""

    at_ns: Nanos
    view: View
    gate: GateState
    equity: Equity | None
    equity_ns: Nanos
    slate_ns: Nanos
    orders: Sequence[OrderState]
    feeds: dict[str, str]
    rates_ns: dict[str, Nanos]
    positions: dict[str, Decimal]
    notionals: list[float]
    currency: str
    stuck: dict[str, str]
