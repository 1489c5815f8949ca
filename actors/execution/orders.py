"""One order from intent to its proven end: the table of legal steps, and what of it may still fill."""

from decimal import Decimal
from typing import Final, Literal

import msgspec

from contracts.quantities import SECOND_NS, Money, Nanos
from contracts.trade import OpenOrder, Order, OrderState

State = Literal["SENDING", "OPEN", "UNKNOWN", "CANCELLING", "FILLED", "CANCELLED", "REJECTED", "NOT_SENT"]

ALIVE: Final[tuple[State, ...]] = ("SENDING", "OPEN", "UNKNOWN", "CANCELLING")
"""States in which all that is not yet filled may still fill."""

LEGAL: Final[dict[State, tuple[State, ...]]] = {
    "SENDING": ("OPEN", "UNKNOWN", "CANCELLING", "FILLED", "CANCELLED", "REJECTED", "NOT_SENT"),
    "OPEN": ("UNKNOWN", "CANCELLING", "FILLED", "CANCELLED"),
    "UNKNOWN": ("OPEN", "FILLED", "CANCELLED", "REJECTED", "NOT_SENT"),
    "CANCELLING": ("OPEN", "UNKNOWN", "FILLED", "CANCELLED", "REJECTED", "NOT_SENT"),
    "FILLED": (),
    "CANCELLED": (),
    "REJECTED": (),
    "NOT_SENT": (),
}
"""Invariant I7: an order only ever steps along this graph, and a closed one stays closed."""

NONE: Final = Decimal(0)

FILLS_DUE_NS: Final = 60 * SECOND_NS
"""The drop copy brings a fill the stream has lost within its period, half of this; later than that it is asked for."""


class Tracked(msgspec.Struct, kw_only=True):
    """What the desk knows of one order.

    `ceiling` is the most that can ever be filled as far as is proved: the whole quantity while the order is alive,
    what the venue said when it closed. `acknowledged` once the venue has shown that it knows the order.
    `commanded_ns` is the last instant at which we told the venue something about it: an older answer is no answer.
    `query_ns` is when to ask for it next (0: no need), `cancel_ns` the earliest next request to cancel. `revived`: it
    showed life after its end, and has to be ended at the venue.
    """

    order: Order
    state: State
    filled: Money
    ceiling: Money
    trades: list[str]
    acknowledged: bool
    external: bool
    sent_ns: Nanos
    commanded_ns: Nanos
    venue_id: str = ""
    queries: int = 0
    query_ns: Nanos = 0
    cancels: int = 0
    cancel_ns: Nanos = 0
    revived: bool = False
    reason: str = ""

    @property
    def alive(self) -> bool:
        """Whether the venue may still work on it."""
        return self.state in ALIVE

    @property
    def open(self) -> Money:
        """What may still fill."""
        left = self.ceiling - self.filled
        return left if left > 0 else NONE

    @property
    def standing(self) -> tuple[State, Money, Money, str]:
        """All of what is said of an order that can change."""
        return self.state, self.filled, self.open, self.reason

    @property
    def settled(self) -> bool:
        """Closed, and every fill the venue spoke of has arrived."""
        return self.state not in ALIVE and self.filled >= self.ceiling

    def step(self, state: State, reason: str = "") -> None:
        """Move along the graph; standing still is allowed, anything else asserts."""
        assert state == self.state or state in LEGAL[self.state], f"{self.order.client_id}: {self.state} to {state}"
        self.state = state
        self.reason = reason
        if state == "UNKNOWN":
            assert self.query_ns > 0, f"{self.order.client_id} is UNKNOWN and nobody asks"

    def close(self, state: State, filled: Money, at_ns: Nanos, reason: str = "") -> None:
        """The venue ended the order with `filled` done in all; what has not arrived of that stays reserved."""
        self.step(state, reason)
        self.claim(filled, at_ns)

    def claim(self, filled: Money, at_ns: Nanos) -> None:
        """A closed order ends at `filled`; fills that are due and do not come are asked for after a while."""
        self.ceiling = max(filled, self.filled)
        self.revived = False
        if self.settled:
            self.query_ns = 0
        else:
            self.asks_from(at_ns + FILLS_DUE_NS)

    def asks_from(self, at_ns: Nanos) -> None:
        """From now on the venue is asked for the order until it has proved its state."""
        self.queries = 0
        self.query_ns = at_ns

    def check(self) -> None:
        """Assert what ties these fields together."""
        name = f"{self.order.client_id} {self.state}"
        assert self.filled >= 0, f"{name}: filled {self.filled}"
        if self.alive:
            assert self.ceiling == self.order.quantity, f"{name}: ceiling {self.ceiling} of {self.order.quantity}"
            assert self.filled < self.order.quantity, f"{name}: filled {self.filled} of {self.order.quantity}"
        if self.state == "UNKNOWN":
            assert self.query_ns > 0, f"{name}: nobody asks"
        if not self.external:
            assert bool(self.trades) == (self.filled > 0), f"{name}: {len(self.trades)} trades make {self.filled}"

    def view(self) -> OrderState:
        """The order as the desk says it."""
        order = self.order
        return OrderState(
            client_id=order.client_id,
            symbol=order.symbol,
            side=order.side,
            state=self.state,
            quantity=order.quantity,
            filled=self.filled,
            open=self.open,
            limit=order.limit,
            decision=order.decision,
            leg=order.leg,
            reason=self.reason,
        )


def sending(order: Order, at_ns: Nanos) -> Tracked:
    """An order of ours on its way to the gateway."""
    return Tracked(
        order=order,
        state="SENDING",
        filled=NONE,
        ceiling=order.quantity,
        trades=[],
        acknowledged=False,
        external=False,
        sent_ns=at_ns,
        commanded_ns=at_ns,
    )


def adopted(resting: OpenOrder, at_ns: Nanos) -> Tracked:
    """An order that rests at the venue and that nobody here has sent: exposure, but no credit to any decision."""
    return Tracked(
        order=Order(
            client_id=resting.client_id,
            decision=0,
            leg=0,
            attempt=0,
            symbol=resting.symbol,
            side=resting.side,
            quantity=resting.quantity,
            limit=resting.limit,
            reduce_only=False,
            expires_ns=0,
            intent_seq=0,
        ),
        state="OPEN",
        filled=resting.filled,
        ceiling=resting.quantity,
        trades=[],
        acknowledged=True,
        external=True,
        sent_ns=at_ns,
        commanded_ns=at_ns,
        reason="unknown here: adopted from the venue",
    )


def unsent(order: Order, reason: str) -> OrderState:
    """The whole life of an intent that never became an order."""
    return OrderState(
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        state="NOT_SENT",
        quantity=order.quantity,
        filled=NONE,
        open=NONE,
        limit=order.limit,
        decision=order.decision,
        leg=order.leg,
        reason=reason,
    )
