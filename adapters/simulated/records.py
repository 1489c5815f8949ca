"""What the simulated venue remembers: a fold over the facts of its ledger, so a restart is the same fold again."""

from collections import OrderedDict
from typing import Final

from adapters.simulated.account import NONE, Account, Held
from adapters.simulated.ledger import Ended, Fact, Filled, Opened, Placed, Refused, Settled
from contracts.quantities import Money, Nanos, sign
from contracts.trade import Fill, FundingPaid, OpenOrder

HISTORY_MAX: Final = 20_000
"""Ended orders, refusals, fills and payments that are remembered; a real venue forgets too."""


class Records:
    """Orders, refusals, fills, funding and the account, as the facts say in their order.

    `settled` is the last settlement that each instrument was charged for.
    """

    def __init__(self) -> None:
        self.account = Account({})
        self.open: dict[str, Held] = {}
        # A plain dictionary walks over all it ever dropped at its front to find its oldest again.
        self.newest: OrderedDict[str, Held] = OrderedDict()
        self.refused: OrderedDict[str, str] = OrderedDict()
        self.placed = 0
        self.settled: dict[str, Nanos] = {}
        self._fills: list[Fill | FundingPaid] = []
        self._fills_forgotten = 0

    @property
    def filled(self) -> int:
        """How many fills and payments there ever were: the next cursor of the drop copy."""
        return self._fills_forgotten + len(self._fills)

    @property
    def told_last(self) -> Fill | FundingPaid:
        """The last fill or payment, as a client is told of it; there must be one."""
        return self._fills[-1]

    def apply(self, fact: Fact) -> None:
        """Let a fact be true. Asserts what a ledger cannot say: fills beyond the quantity, or of what has ended."""
        if isinstance(fact, Placed):
            self._place(fact)
        elif isinstance(fact, Filled):
            self._fill(fact)
        elif isinstance(fact, Opened):
            self.account = Account(fact.balances)
        elif isinstance(fact, Refused):
            self.refused[fact.client_id] = fact.reason
            if len(self.refused) > HISTORY_MAX:
                self.refused.popitem(last=False)
        elif isinstance(fact, Settled):
            self.settled[fact.symbol] = fact.settled_ns
            self.account.pay(fact.asset, fact.amount)
            self._copy(payment_of(fact))
        else:
            self._end(fact)

    def fills_since(self, cursor: int) -> tuple[Fill | FundingPaid, ...]:
        """The fills and payments from a cursor on that are still remembered."""
        return tuple(self._fills[max(0, cursor - self._fills_forgotten) :])

    def held_at(self, symbol: str, at_ns: Nanos) -> Money:
        """The position as it was at an instant: what was filled since is taken back."""
        held = self.account.positions.get(symbol, NONE)
        for told in reversed(self._fills):
            if told.event_ns <= at_ns:
                break
            if isinstance(told, Fill) and told.symbol == symbol:
                held -= told.quantity * sign(told.side)
        return held

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
        self._copy(fill_of(fact))

    def _copy(self, told: Fill | FundingPaid) -> None:
        self._fills.append(told)
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


def payment_of(fact: Settled) -> FundingPaid:
    """A payment of funding as a client is told of it."""
    return FundingPaid(
        symbol=fact.symbol,
        payment_id=fact.payment_id,
        asset=fact.asset,
        amount=fact.amount,
        rate=fact.rate,
        settled_ns=fact.settled_ns,
        event_ns=fact.at_ns,
    )
