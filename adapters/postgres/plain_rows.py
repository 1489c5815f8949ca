"""Rows of messages that say all they say by themselves: decisions, orders, fills, the account."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from contracts.account import Equity, Position
from contracts.decision import DecisionLog, Refusal
from contracts.trade import Execution, Order, OrderState

Row = tuple[Any, ...]
Told = Iterable[tuple[str, Row]]
"""Rows without their beginning (run, seq, at), each with the name of its table."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def instant(at_ns: int) -> datetime:
    """Nanoseconds as a time to the microsecond below; raises OverflowError beyond the year 9999."""
    return EPOCH + timedelta(microseconds=at_ns // 1000)


def plain(value: float) -> float | None:
    """A number, None where there is none."""
    return None if math.isnan(value) else value


def decision(m: DecisionLog) -> Told:
    """The whole of a decision in figures."""
    counts = (len(m.intent_seqs), len(m.refusal_seqs), m.slate_seq, m.verdict_seq)
    yield "decisions", (m.decision, m.state, m.equity, plain(m.cvar_after), plain(m.cvar_max), *counts)


def refusal(m: Refusal) -> Told:
    """What was refused, with every control that refused it."""
    controls, reasons = [each.control for each in m.reasons], [each.text for each in m.reasons]
    yield "refusals", (m.decision, m.leg, m.symbol, m.side, controls, reasons)


def order(m: Order) -> Told:
    """What was to be sent."""
    yield (
        "orders",
        (
            m.client_id, m.decision, m.leg, m.attempt, m.symbol, m.side, m.quantity, m.limit, m.reduce_only,
            instant(m.expires_ns), m.intent_seq,
        ),
    )  # fmt: skip


def order_state(m: OrderState) -> Told:
    """The desk's view of an order after a change."""
    yield (
        "order_states",
        (m.client_id, m.symbol, m.side, m.state, m.quantity, m.filled, m.open, m.limit, m.decision, m.reason),
    )


def fill(m: Execution) -> Told:
    """What was filled, as booked: once each."""
    yield (
        "fills",
        (
            m.client_id, m.symbol, m.trade_id, m.side, m.quantity, m.price, m.fee, m.fee_asset, m.late, m.external,
            m.fill_seq,
        ),
    )  # fmt: skip


def position(m: Position) -> Told:
    """A position after a booking."""
    yield "positions", (m.symbol, m.quantity, m.entry, m.realised, m.fees, m.execution_seq)


def equity(m: Equity) -> Told:
    """The account after a booking, or at a beat."""
    money = (m.equity, m.cash, m.gross, m.net, m.unrealised, m.peak, m.day_start)
    yield "equity", (m.currency, *money, m.complete)
