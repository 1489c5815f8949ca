"""The desk's memory: every order that may still matter, and which fills were booked already, in bounded space.

Fills come from the stream, again from the drop copy, and again after a restart. Each is booked exactly once (I5):
an order remembers its trade ids; orders are forgotten oldest first once they are settled and more than `ORDERS_KEPT`,
and a fill of an order that was forgotten is a repetition. A fill that is new after all is then missing from the books,
which the next reconciliation says.
"""

from functools import cached_property
from typing import ClassVar, Final

import msgspec

from actors.execution.orders import Tracked
from actors.memory import copied
from contracts.identity import parse_client_order_id
from contracts.quantities import Nanos
from contracts.trade import Fill

ORDERS_KEPT: Final = 512
"""Settled orders kept to recognise repetitions: an hour of one order every seven seconds, about 160 KB of snapshot."""

STRANGERS_KEPT: Final = 1_024
"""Trade ids kept of fills whose orders are not ours."""


class Memory(msgspec.Struct, kw_only=True, dict=True):
    """`working` orders may still fill; `done` ones are settled, oldest first; `forgotten` is the newest dropped.

    `opened_ns` is when the run's opening was asked for: what an unknown order filled before is inside the opening.
    """

    working: dict[str, Tracked] = {}
    done: dict[str, Tracked] = {}
    forgotten: tuple[int, int] = (0, -1)
    opened_ns: Nanos = 0
    strangers: list[str] = []
    strangers_forgotten_ns: Nanos = 0
    stranger_ns: list[Nanos] = []
    ignored: dict[str, int] = {}

    replaces: ClassVar[tuple[str, ...]] = ("done",)
    """What is never changed in place, so that the copies of a memory share it: they were most of a snapshot."""

    @cached_property
    def _own(self) -> dict[str, dict[str, None]]:
        """The names of our working orders by symbol, oldest first; no part of the state, for it follows from it."""
        own: dict[str, dict[str, None]] = {}
        for name, tracked in self.working.items():
            if not tracked.external:
                own.setdefault(tracked.order.symbol, {})[name] = None
        return own

    def find(self, client_id: str) -> Tracked | None:
        """The order; of a done one a copy, which counts once it is taken."""
        tracked = self.working.get(client_id)
        if tracked is None and client_id in self.done:
            tracked = copied(self.done[client_id])
        return tracked

    def take(self, tracked: Tracked) -> None:
        """Put the order where it belongs after a change, and forget the oldest that are settled."""
        name = tracked.order.client_id
        if not tracked.settled:
            if self.working.get(name) is tracked:
                return
            self.done.pop(name, None)
            self.working[name] = tracked
            if not tracked.external:
                self._own.setdefault(tracked.order.symbol, {})[name] = None
            return
        self.working.pop(name, None)
        self._own.get(tracked.order.symbol, {}).pop(name, None)
        self.done[name] = tracked
        while len(self.done) > ORDERS_KEPT:
            oldest = self.done.pop(next(iter(self.done)))
            if not oldest.external:
                identity = parse_client_order_id(oldest.order.client_id)
                self.forgotten = max(self.forgotten, (identity.account_epoch, identity.decision))

    def in_flight(self, symbol: str) -> str:
        """The name of our order that may still fill in that instrument; empty for none."""
        return next(iter(self._own.get(symbol, ())), "")

    def ignore(self, kind: str) -> None:
        """Count what is not acted upon."""
        self.ignored[kind] = self.ignored.get(kind, 0) + 1

    def is_new(self, fill: Fill, tracked: Tracked | None) -> bool:
        """Whether the fill was never seen; a repetition is counted, a stranger's fill remembered."""
        if tracked is not None and not tracked.external:
            if fill.trade_id in tracked.trades:
                self.ignore("fill_repeated")
                return False
            return True
        if tracked is None and self._was_forgotten(fill.client_id):
            self.ignore("fill_of_forgotten_order")
            return False
        if not self.opened_ns or fill.event_ns <= max(self.opened_ns, self.strangers_forgotten_ns):
            self.ignore("fill_before_opening")
            return False
        return self._is_new_stranger(fill)

    def _was_forgotten(self, client_id: str) -> bool:
        try:
            identity = parse_client_order_id(client_id)
        except ValueError:
            return False
        return (identity.account_epoch, identity.decision) <= self.forgotten

    def _is_new_stranger(self, fill: Fill) -> bool:
        key = f"{fill.symbol}/{fill.trade_id}"
        if key in self.strangers:
            self.ignore("fill_repeated")
            return False
        self.strangers.append(key)
        self.stranger_ns.append(fill.event_ns)
        if len(self.strangers) > STRANGERS_KEPT:
            self.strangers.pop(0)
            self.strangers_forgotten_ns = max(self.strangers_forgotten_ns, self.stranger_ns.pop(0))
        return True

    def check(self) -> None:
        """Assert each order and what ties them together."""
        for tracked in self.working.values():
            tracked.check()
            assert not tracked.settled, f"{tracked.order.client_id} is settled and still working"
        for tracked in self.done.values():
            assert tracked.settled, f"{tracked.order.client_id} is done and not settled"
        ours = {name: tracked for name, tracked in self.working.items() if not tracked.external}
        assert {name: symbol for symbol, names in self._own.items() for name in names} == {
            name: tracked.order.symbol for name, tracked in ours.items()
        }, "the names by symbol are those of other orders"
        own = [tracked.order.symbol for tracked in ours.values() if tracked.alive]
        assert len(own) == len(dict.fromkeys(own)), f"two orders in flight for one instrument: {own}"
        assert len(self.done) <= ORDERS_KEPT
        assert len(self.strangers) == len(self.stranger_ns) <= STRANGERS_KEPT
