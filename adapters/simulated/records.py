"""What the simulated venue remembers: a fold over the facts of its ledger, so a restart is the same fold again."""

from collections import OrderedDict
from typing import Final

from adapters.simulated.account import NONE, Account, Held
from adapters.simulated.ledger import Ended, Fact, Filled, Opened, Placed, Refused
from contracts.trade import Fill, OpenOrder

HISTORY_MAX: Final = 20_000
"""Ended orders, refusals and fills that are remembered; a real venue forgets too."""


class Records:
    """Orders, refusals, fills and the account, as the facts say in their order."""

    def __init__(self) -> None:
        self.account = Account({})
        self.open: dict[str, Held] = {}
        # A plain dictionary walks over all it ever dropped at its front to find its oldest again.
        self.newest: OrderedDict[str, Held] = OrderedDict()
        self.refused: OrderedDict[str, str] = OrderedDict()
        self.placed = 0
        self._fills: list[Fill] = []
        self._fills_forgotten = 0

    @property
    def filled(self) -> int:
        """How many fills there ever were: the next cursor of the drop copy."""
        return self._fills_forgotten + len(self._fills)

    def apply(self, fact: Fact) -> None:
        """Let a fact be true. Asserts what a ledger cannot say: fills beyond the quantity, or of what has ended."""
        if isinstance(fact, Opened):
            self.account = Account(fact.balances)
        elif isinstance(fact, Refused):
            self.refused[fact.client_id] = fact.reason
            if len(self.refused) > HISTORY_MAX:
                self.refused.popitem(last=False)
        elif isinstance(fact, Placed):
            self._place(fact)
        elif isinstance(fact, Filled):
            self._fill(fact)
        else:
            self._end(fact)

    def fills_since(self, cursor: int) -> tuple[Fill, ...]:
        """The fills from a cursor on that are still remembered."""
        return tuple(self._fills[max(0, cursor - self._fills_forgotten) :])

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """What rests or is about to fill, oldest first."""
        return tuple(
            OpenOrder(
                client_id=held.client_id,
                symbol=held.symbol,
                side=held.side,
                quantity=held.quantity,
                filled=held.filled,
                limit=held.limit,
            )
            for held in self.open.values()
        )

    def _place(self, fact: Placed) -> None:
        held = Held(
            venue_id=fact.venue_id,
            client_id=fact.client_id,
            symbol=fact.symbol,
            side=fact.side,
            quantity=fact.quantity,
            limit=fact.limit,
            reduce_only=fact.reduce_only,
            placed_ns=fact.at_ns,
        )
        self.open[held.venue_id] = held
        self.newest.pop(held.client_id, None)
        self.newest[held.client_id] = held
        self.placed += 1
        if len(self.newest) > HISTORY_MAX:
            ended = next((each.client_id for each in self.newest.values() if each.state != "open"), None)
            self.newest.pop(ended or "", None)

    def _fill(self, fact: Filled) -> None:
        held = self.open[fact.venue_id]
        held.filled += fact.quantity
        assert NONE < held.filled <= held.quantity, f"{held.venue_id} filled {held.filled} of {held.quantity}"
        if held.filled == held.quantity:
            held.state = "filled"
            del self.open[fact.venue_id]
        self.account.book(fact)
        self._fills.append(fill_of(fact))
        if len(self._fills) >= 2 * HISTORY_MAX:
            del self._fills[:HISTORY_MAX]
            self._fills_forgotten += HISTORY_MAX

    def _end(self, fact: Ended) -> None:
        held = self.open.pop(fact.venue_id)
        held.state = "cancelled"


def fill_of(fact: Filled) -> Fill:
    """A fill as a client is told of it."""
    return Fill(
        client_id=fact.client_id,
        symbol=fact.symbol,
        trade_id=fact.trade_id,
        side=fact.side,
        quantity=fact.quantity,
        price=fact.price,
        fee=fact.fee,
        fee_asset=fact.fee_asset,
        event_ns=fact.at_ns,
    )
