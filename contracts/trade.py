"""Orders and what a venue says of them. Quantities, prices and fees are exact Decimals in the venue's own units.

A venue's silence is a state (`OrderUnknown`), never a rejection; exposure stays reserved until proved gone.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from contracts.quantities import Money, Nanos, Side


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A limit order to be sent; good until cancelled, and never sent after `expires_ns`."""

    client_id: str
    decision: int
    leg: int
    attempt: int
    symbol: str
    side: Side
    quantity: Money
    limit: Money
    reduce_only: bool
    expires_ns: Nanos
    intent_seq: int


class CancelOrder(msgspec.Struct, frozen=True):
    """Ask the venue to cancel what is left of an order; `attempt` counts the askings."""

    client_id: str
    symbol: str
    attempt: int
    reason: str


class OrderQuery(msgspec.Struct, frozen=True):
    """Ask the venue what it knows of an order."""

    client_id: str
    symbol: str
    attempt: int


class OrderNotSent(msgspec.Struct, frozen=True):
    """The order provably never left the process."""

    client_id: str
    reason: str


class OrderAccepted(msgspec.Struct, frozen=True):
    """The venue took the order."""

    client_id: str
    venue_id: str


class OrderRejected(msgspec.Struct, frozen=True):
    """The venue said no; nothing of it will ever fill."""

    client_id: str
    reason: str


class OrderUnknown(msgspec.Struct, frozen=True):
    """The venue said nothing, or nothing that proves anything: the order may live."""

    client_id: str
    reason: str


class OrderCancelled(msgspec.Struct, frozen=True):
    """The venue ended the order with `filled` done in all; late fills may still arrive up to that."""

    client_id: str
    filled: Money


class CancelRejected(msgspec.Struct, frozen=True):
    """The venue did not cancel; the order's true state must be asked for."""

    client_id: str
    reason: str


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution as the venue reported it, perhaps not for the first time; `trade_id` identifies it."""

    client_id: str
    symbol: str
    trade_id: str
    side: Side
    quantity: Money
    price: Money
    fee: Money
    fee_asset: str
    event_ns: Nanos


class FundingPaid(msgspec.Struct, frozen=True, kw_only=True):
    """What a position in a perpetual paid at one settlement, perhaps not told for the first time; `payment_id` is it.

    `amount` of `asset` left the account; one below zero came in. `rate` is the settled rate: above zero longs pay and
    shorts get. `settled_ns` is the instant whose position counts, `event_ns` when the venue booked it.
    """

    symbol: str
    payment_id: str
    asset: str
    amount: Money
    rate: float
    settled_ns: Nanos
    event_ns: Nanos


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """A fill as booked: exactly once, whatever the venue repeats; `late` if its order was already closed."""

    client_id: str
    symbol: str
    trade_id: str
    side: Side
    quantity: Money
    price: Money
    fee: Money
    fee_asset: str
    late: bool
    external: bool
    fill_seq: int


VenueOrderState = Literal["open", "filled", "cancelled", "rejected", "absent"]


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's answer to an `OrderQuery` asked at `asked_ns`.

    `absent` proves something only if `authoritative`: the venue's matching engine itself does not know the order and
    its late-accept window is over. A failed question is no answer and never becomes one of these.
    """

    client_id: str
    state: VenueOrderState
    filled: Money
    asked_ns: Nanos
    authoritative: bool


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that rests at the venue."""

    client_id: str
    symbol: str
    side: Side
    quantity: Money
    filled: Money
    limit: Money


class VenueSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All the venue knows of the account, asked at `asked_ns`; what is missing here is zero there."""

    asked_ns: Nanos
    balances: dict[str, Decimal]
    positions: dict[str, Decimal]
    open_orders: tuple[OpenOrder, ...]


VenueState = Literal["connecting", "live", "down"]


class VenueStatus(msgspec.Struct, frozen=True):
    """The connection to the venue changed its state."""

    venue: str
    state: VenueState
    detail: str


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """The desk's own view of one order after a change; `open` is what may still fill."""

    client_id: str
    symbol: str
    side: Side
    state: Literal["SENDING", "OPEN", "UNKNOWN", "CANCELLING", "FILLED", "CANCELLED", "REJECTED", "NOT_SENT"]
    quantity: Money
    filled: Money
    open: Money
    limit: Money
    decision: int
    leg: int
    reason: str


class Reconciled(msgspec.Struct, frozen=True):
    """A venue snapshot was held against the books; `mismatches` says each difference with both numbers."""

    agreed: bool
    settled: bool
    mismatches: tuple[str, ...]
    snapshot_seq: int
