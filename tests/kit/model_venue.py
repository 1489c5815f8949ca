"""A venue small enough to be seen through: what it holds, what is under way to it, what is under way from it.

Nothing happens by itself. A test lets requests arrive, be lost or be late, lets orders fill, and lets answers come
in any order, twice, or never.
"""

from decimal import Decimal
from typing import Any

from contracts.trade import (
    CancelOrder,
    CancelRejected,
    Fill,
    OpenOrder,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderNotSent,
    OrderQuery,
    OrderRejected,
    OrderReport,
    OrderUnknown,
    VenueSnapshot,
)

NONE = Decimal(0)


class Held:
    """One order as the venue has it."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.filled = NONE
        self.state = "open"

    @property
    def left(self) -> Decimal:
        return self.order.quantity - self.filled if self.state == "open" else NONE


class ModelVenue:
    """EUR 500 and instruments that all quote in EUR."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.under_way: list[Order] = []
        self.cancels: list[CancelOrder] = []
        self.queries: list[OrderQuery] = []
        self.answers: list[Any] = []
        self.fills: list[Fill] = []
        self.rejected: list[str] = []
        self.cash = Decimal(500)
        self.positions: dict[str, Decimal] = {}

    def take(self, said: list[Any]) -> None:
        """What the desk said goes under way."""
        for each in said:
            if isinstance(each, Order):
                assert each.client_id not in self.held, f"{each.client_id} was sent twice"
                assert each.client_id not in [order.client_id for order in self.under_way]
                self.under_way.append(each)
            elif isinstance(each, CancelOrder):
                self.cancels.append(each)
            elif isinstance(each, OrderQuery):
                self.queries.append(each)

    def arrive(self, number: int, how: str) -> None:
        """One order under way: `accepted`, `rejected`, `answer_lost`, `request_lost`, `not_sent`, or `late`."""
        order = self.under_way[number % len(self.under_way)]
        if how == "late":
            self.answers.append(OrderUnknown(order.client_id, "no answer"))
            return
        self.under_way.remove(order)
        name = order.client_id
        if how == "not_sent":
            self.answers.append(OrderNotSent(name, "the account is HALTED"))
        elif how == "rejected":
            self.rejected.append(name)
            self.answers.append(OrderRejected(name, "no"))
        else:
            if how != "request_lost":
                self.held[name] = Held(order)
            lost = how in ("request_lost", "answer_lost")
            self.answers.append(OrderUnknown(name, "no answer") if lost else OrderAccepted(name, f"v-{name}"))

    def fill(self, number: int, lots: int, at_ns: int) -> None:
        """Some of one open order fills at its limit."""
        open_orders = [held for held in self.held.values() if held.left]
        if not open_orders:
            return
        held = open_orders[number % len(open_orders)]
        quantity = min(held.left, lots * Decimal("0.001"))
        order = held.order
        fee = (quantity * order.limit * Decimal("0.001")).normalize()
        fill = Fill(
            client_id=order.client_id,
            symbol=order.symbol,
            trade_id=f"t{len(self.fills)}",
            side=order.side,
            quantity=quantity,
            price=order.limit,
            fee=fee,
            fee_asset="EUR",
            event_ns=at_ns,
        )
        signed = quantity if order.side == "buy" else -quantity
        self.positions[order.symbol] = self.positions.get(order.symbol, NONE) + signed
        self.cash -= signed * order.limit + fee
        held.filled += quantity
        if not held.left:
            held.state = "filled"
        self.fills.append(fill)
        self.answers.append(fill)

    def cancel(self, number: int, *, answered: bool) -> None:
        """One request to cancel arrives."""
        cancel = self.cancels.pop(number % len(self.cancels))
        held = self.held.get(cancel.client_id)
        if held is None or held.state != "open":
            answer: Any = CancelRejected(cancel.client_id, "unknown order")
        else:
            held.state = "cancelled"
            answer = OrderCancelled(cancel.client_id, held.filled)
        self.answers.append(answer if answered else OrderUnknown(cancel.client_id, "cancel: no answer"))

    def report(self, number: int, at_ns: int) -> None:
        """One question is answered; the answer may still take its time."""
        query = self.queries.pop(number % len(self.queries))
        name = query.client_id
        held = self.held.get(name)
        state: Any = held.state if held is not None else ("rejected" if name in self.rejected else "absent")
        self.answers.append(
            OrderReport(
                client_id=name,
                state=state,
                filled=held.filled if held is not None else NONE,
                asked_ns=at_ns,
                authoritative=name not in [order.client_id for order in self.under_way],
            )
        )

    def most(self, client_id: str) -> Decimal:
        """The most that may ever be filled of an order, seen from the venue and from what is under way to it."""
        held = self.held.get(client_id)
        if held is not None:
            return held.filled + held.left
        return sum((order.quantity for order in self.under_way if order.client_id == client_id), NONE)

    def snapshot(self, at_ns: int) -> VenueSnapshot:
        """All it knows."""
        return VenueSnapshot(
            asked_ns=at_ns,
            balances={"EUR": self.cash},
            positions={symbol: quantity for symbol, quantity in self.positions.items() if quantity},
            open_orders=tuple(
                OpenOrder(
                    client_id=name,
                    symbol=held.order.symbol,
                    side=held.order.side,
                    quantity=held.order.quantity,
                    filled=held.filled,
                    limit=held.order.limit,
                )
                for name, held in self.held.items()
                if held.left
            ),
        )
