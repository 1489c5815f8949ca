"""Orders and their lives: from the intent over what the venue said to the end, with what the execution cost."""

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final

import msgspec

from actors.execution.exact import plus, times
from adapters.records import rows
from bot.records.known import Decided, Known
from contracts.envelope import Envelope
from contracts.quantities import Money, Nanos, sign
from contracts.trade import (
    CancelOrder,
    Execution,
    Order,
    OrderAccepted,
    OrderNotSent,
    OrderRejected,
    OrderState,
    OrderUnknown,
)

NONE: Final = Decimal(0)
AVERAGES: Final = Context(prec=38)
"""An average is a division, and rounds; sums and products do not."""


@dataclass
class Life:
    """One order so far."""

    order: Order
    ordered_ns: Nanos
    decided: Decided | None
    acknowledged_ns: Nanos | None = None
    first_fill_ns: Nanos | None = None
    last_fill_ns: Nanos | None = None
    ended_ns: Nanos | None = None
    filled: Money = NONE
    value: Money = NONE
    fills: int = 0
    notional: Money | None = NONE
    fee: Money | None = NONE
    cancels: int = 0
    unknowns: int = 0
    state: str = "SENDING"
    reason: str = ""


class Orders:
    """The orders of a journal, each with its life."""

    kinds: Final[tuple[type[msgspec.Struct], ...]] = (
        Order,
        OrderAccepted,
        OrderRejected,
        OrderNotSent,
        OrderUnknown,
        CancelOrder,
        OrderState,
        Execution,
    )

    def __init__(self, known: Known) -> None:
        self._known = known
        self.lives: dict[str, Life] = {}

    def hear(self, envelope: Envelope[Any]) -> None:
        """Take one message of `kinds`; what is said of an order of nobody is passed over."""
        payload, at_ns = envelope.payload, envelope.at_ns
        if isinstance(payload, Order):
            decided = self._known.decided(payload.intent_seq, payload.client_id)
            self.lives[payload.client_id] = Life(payload, at_ns, decided)
            return
        life = self.lives.get(payload.client_id)
        if life is None:
            return
        match payload:
            case OrderAccepted() | OrderRejected() | OrderNotSent():
                life.acknowledged_ns = life.acknowledged_ns or at_ns
            case OrderUnknown():
                life.unknowns += 1
            case CancelOrder():
                life.cancels += 1
            case OrderState():
                self._on_state(life, payload, at_ns)
            case Execution():
                self._on_execution(life, payload, at_ns)

    def told(self) -> list[rows.OrderRow]:
        """One row for each order, in the order of their decisions."""
        return [_row(life, self._rate(life)) for life in self.lives.values()]

    def _on_state(self, life: Life, said: OrderState, at_ns: Nanos) -> None:
        life.state, life.reason = said.state, said.reason
        if said.open == 0 and life.ended_ns is None:
            life.ended_ns = at_ns

    def _on_execution(self, life: Life, fill: Execution, at_ns: Nanos) -> None:
        life.first_fill_ns = life.first_fill_ns or at_ns
        life.last_fill_ns = at_ns
        life.fills += 1
        value = times(fill.quantity, fill.price)
        life.filled, life.value = plus(life.filled, fill.quantity), plus(life.value, value)
        life.notional = added(life.notional, self._known.in_account(value, self._quote(fill.symbol)))
        life.fee = added(life.fee, fee_in_account(self._known, fill))

    def _quote(self, symbol: str) -> str:
        instrument = self._known.instruments.get(symbol)
        return "" if instrument is None else instrument.quote

    def _rate(self, life: Life) -> float | None:
        """What a unit of quote was worth over the fills of an order."""
        if life.notional is None or not life.value:
            return None
        return float(life.notional) / float(life.value)


def added(total: Money | None, amount: Money | None) -> Money | None:
    """A sum that is unknown as soon as one part of it is."""
    return None if total is None or amount is None else plus(total, amount)


def fee_in_account(known: Known, fill: Execution) -> Money | None:
    """A fee in the account's currency: by the rate of its asset, or at the fill's own price where it is the base."""
    instrument = known.instruments.get(fill.symbol)
    if instrument is not None and fill.fee_asset == instrument.base and fill.fee_asset not in known.rates:
        return known.in_account(times(fill.fee, fill.price), instrument.quote)
    return known.in_account(fill.fee, fill.fee_asset) if fill.fee else NONE


def averaged(value: Money, quantity: Money) -> Money | None:
    """The price at which a quantity was worth that much."""
    return AVERAGES.divide(value, quantity) if quantity else None


def _row(life: Life, rate: float | None) -> rows.OrderRow:
    order, decided = life.order, life.decided
    intent = None if decided is None else decided.intent
    context = rows.Context() if decided is None else decided.context
    average = averaged(life.value, life.filled)
    return rows.OrderRow(
        order=order.client_id,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        limit=order.limit,
        reduce_only=order.reduce_only,
        decision=order.decision,
        leg=order.leg,
        attempt=order.attempt,
        decided_at=None if decided is None else decided.at_ns,
        ordered_at=life.ordered_ns,
        acknowledged_at=life.acknowledged_ns,
        first_fill_at=life.first_fill_ns,
        last_fill_at=life.last_fill_ns,
        ended_at=life.ended_ns,
        filled=life.filled,
        average_price=average,
        fills=life.fills,
        notional_eur=life.notional,
        fee_eur=life.fee,
        mark=context.mark,
        mark_age_s=None if intent is None else intent.mark_age_s,
        mu=context.mu,
        sigma=context.sigma,
        p_up=context.p_up,
        rank=context.rank,
        cvar_eur=context.cvar_eur,
        cvar_max_eur=context.cvar_max_eur,
        cancels=life.cancels,
        unknowns=life.unknowns,
        state=life.state,
        reason=life.reason,
        **_costs(life, average, rate),
    )


def _costs(life: Life, average: Money | None, rate: float | None) -> dict[str, float | None]:
    """The price against the mark of the decision, and what of it half the spread explains."""
    decided = life.decided
    mark = None if decided is None else decided.intent.mark
    if decided is None or not mark or average is None:
        half = None if decided is None else decided.half_spread_bps
        names = ("slippage_bps", "shortfall_eur", "spread_eur", "impact_eur")
        return {"half_spread_bps": half} | dict.fromkeys(names)
    worse = sign(life.order.side) * (float(average) - mark)
    shortfall = None if rate is None else worse * float(life.filled) * rate
    half_spread_bps = decided.half_spread_bps
    spread = None if rate is None else 1e-4 * half_spread_bps * mark * float(life.filled) * rate
    return {
        "slippage_bps": 1e4 * worse / mark,
        "half_spread_bps": half_spread_bps,
        "shortfall_eur": shortfall,
        "spread_eur": spread,
        "impact_eur": None if shortfall is None or spread is None else shortfall - spread,
    }
