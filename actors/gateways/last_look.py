"""The last look at an order before it leaves: what may have changed since it was decided."""

from typing import ClassVar

import msgspec

from contracts.decision import GateState
from contracts.market import FeedStatus
from contracts.quantities import Nanos
from contracts.trade import Order


class LastLook:
    """Knows the state of the account and of every feed, and says why an order may not leave any more."""

    hears: ClassVar[tuple[type[msgspec.Struct], ...]] = (GateState, FeedStatus)

    def __init__(self) -> None:
        self.state = GateState("RECOVERING", (), ())
        self._feeds: dict[str, str] = {}

    def note(self, said: msgspec.Struct) -> None:
        """Hear a state of the account or of a feed; everything else is passed over."""
        if isinstance(said, GateState):
            self.state = said
        elif isinstance(said, FeedStatus) and said.symbols:
            self._feeds.update(dict.fromkeys(said.symbols, said.state))
        elif isinstance(said, FeedStatus):
            self._feeds = {"": said.state}

    def objection(self, order: Order, now_ns: Nanos) -> str:
        """Why the order may not leave; empty when it may."""
        state = self.state.state
        if not (state == "TRADING" or (state == "REDUCING" and order.reduce_only)):
            return f"the account is {state}"
        late_ns = now_ns - order.expires_ns
        if late_ns >= 0:
            return f"expired {late_ns / 1e9:.3f} s ago"
        feed = self._feeds.get(order.symbol, self._feeds.get("", "live"))
        return f"feed of {order.symbol} is {feed}" if feed != "live" else ""
