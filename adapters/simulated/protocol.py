"""What the broker process and its clients say to each other: one JSON object per line, each with its kind."""

from typing import Final

import msgspec

from contracts.trade import (
    CancelOrder,
    CancelRejected,
    Fill,
    FundingPaid,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderQuery,
    OrderRejected,
    OrderReport,
    OrderUnknown,
    VenueSnapshot,
)

LINE_MAX: Final = 1 << 20
FILLS_PER_LINE: Final = 1_000


class Submit(msgspec.Struct, frozen=True, tag_field="ask", tag="submit"):
    """Send an order."""

    order: Order


class Cancel(msgspec.Struct, frozen=True, tag_field="ask", tag="cancel"):
    """Cancel what is left of an order."""

    cancel: CancelOrder


class CancelAll(msgspec.Struct, frozen=True, tag_field="ask", tag="cancel_all"):
    """Cancel everything open."""


class Query(msgspec.Struct, frozen=True, tag_field="ask", tag="query"):
    """Ask for an order."""

    query: OrderQuery


class Snapshot(msgspec.Struct, frozen=True, tag_field="ask", tag="snapshot"):
    """Ask for balances, positions and open orders."""


class Fills(msgspec.Struct, frozen=True, tag_field="ask", tag="fills"):
    """Ask for the fills from a cursor on."""

    cursor: int


class Stream(msgspec.Struct, frozen=True, tag_field="ask", tag="stream"):
    """Listen on this connection from now on."""


Ask = Submit | Cancel | CancelAll | Query | Snapshot | Fills | Stream


class Accepted(msgspec.Struct, frozen=True, tag_field="say", tag="accepted"):
    """Answer to `Submit`."""

    value: OrderAccepted


class Rejected(msgspec.Struct, frozen=True, tag_field="say", tag="rejected"):
    """Answer to `Submit`."""

    value: OrderRejected


class Unknown(msgspec.Struct, frozen=True, tag_field="say", tag="unknown"):
    """Answer to `Submit`."""

    value: OrderUnknown


class Cancelled(msgspec.Struct, frozen=True, tag_field="say", tag="cancelled"):
    """Answer to `Cancel`, and an event of the stream."""

    value: OrderCancelled


class CancelRefused(msgspec.Struct, frozen=True, tag_field="say", tag="cancel_rejected"):
    """Answer to `Cancel`."""

    value: CancelRejected


class Reported(msgspec.Struct, frozen=True, tag_field="say", tag="report"):
    """Answer to `Query`."""

    value: OrderReport


class Shown(msgspec.Struct, frozen=True, tag_field="say", tag="snapshot"):
    """Answer to `Snapshot`."""

    value: VenueSnapshot


class FillPage(msgspec.Struct, frozen=True, tag_field="say", tag="fills"):
    """Answer to `Fills`: at most FILLS_PER_LINE of them, the payments among them apart, and the cursor after these."""

    value: tuple[Fill, ...]
    cursor: int
    payments: tuple[FundingPaid, ...] = ()


class Filled(msgspec.Struct, frozen=True, tag_field="say", tag="fill"):
    """An event of the stream."""

    value: Fill


class Funded(msgspec.Struct, frozen=True, tag_field="say", tag="funding"):
    """An event of the stream."""

    value: FundingPaid


class Done(msgspec.Struct, frozen=True, tag_field="say", tag="done"):
    """Answer to `CancelAll`, and to `Stream` once the connection listens."""


Say = Accepted | Rejected | Unknown | Cancelled | CancelRefused | Reported | Shown | FillPage | Filled | Funded | Done

_SAID: Final[dict[type[msgspec.Struct], type[msgspec.Struct]]] = {
    OrderAccepted: Accepted,
    OrderRejected: Rejected,
    OrderUnknown: Unknown,
    OrderCancelled: Cancelled,
    CancelRejected: CancelRefused,
    OrderReport: Reported,
    VenueSnapshot: Shown,
    Fill: Filled,
    FundingPaid: Funded,
}
_ENCODER: Final = msgspec.json.Encoder()
_ASKS: Final[msgspec.json.Decoder[Ask]] = msgspec.json.Decoder(Ask)
_SAYS: Final[msgspec.json.Decoder[Say]] = msgspec.json.Decoder(Say)


def line(message: msgspec.Struct) -> bytes:
    """The line of an ask or a say; a message of the contracts is wrapped in the say of its kind."""
    kind = _SAID.get(type(message))
    return _ENCODER.encode(message if kind is None else kind(message)) + b"\n"


def read_ask(data: bytes) -> Ask:
    """The ask in a line; raises msgspec.MsgspecError."""
    return _ASKS.decode(data)


def read_say(data: bytes) -> Say:
    """The say in a line; raises msgspec.MsgspecError."""
    return _SAYS.decode(data)
