"""What the orders of a decision take of the limits that they share, counted one by one."""

from bisect import bisect_right
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from actors.risk.case import Case
from actors.risk.checks import usual_size
from actors.risk.proposals import Proposal
from actors.risk.view import View
from contracts.quantities import Nanos
from quant.limits import Exposure


class Said(NamedTuple):
    """An order that was let through: what a duplicate would look like, and when."""

    symbol: str
    side: str
    quantity: Decimal
    limit: Decimal
    at_ns: Nanos
    reduce_only: bool


class WorstCase:
    """The book in its worst case, the notional that is open, and the cash that filling all of it takes."""

    def __init__(self, view: View) -> None:
        self._costs = view.cost
        self.exposure = Exposure(view.position, view.buys, view.sells, view.cluster)
        self.open_notional = self.cash_needed = 0.0
        if np.count_nonzero(view.buys) or np.count_nonzero(view.sells):
            self.open_notional = float(view.buys.sum() + view.sells.sum())
            self.cash_needed = float((view.buys * (1.0 + np.where(view.buys != 0.0, view.cost, 0.0))).sum())

    def take(self, proposal: Proposal) -> None:
        """One more order that may fill."""
        self.exposure.add(proposal.place, *ways(proposal))
        self.open_notional += abs(proposal.added)
        self.cash_needed += self.cash_for(proposal)

    def cash_for(self, proposal: Proposal) -> float:
        """What filling a proposal takes of the cash, its fees included."""
        buy, _ = ways(proposal)
        return buy * (1.0 + float(self._costs[proposal.place])) if buy else 0.0


def ways(proposal: Proposal) -> tuple[float, float]:
    """What a proposal may buy and what it may sell, in the account's currency."""
    size = abs(proposal.added)
    return (size, 0.0) if proposal.side == "buy" else (0.0, size)


def said_of(proposal: Proposal, at_ns: Nanos) -> Said:
    """The proposal as it is remembered."""
    return Said(
        proposal.symbol, proposal.side, proposal.quantity, proposal.limit, at_ns, reduce_only=proposal.reduce_only
    )


class Reserved:
    """What the proposals of this decision have already taken of limits that they share."""

    def __init__(self, case: Case, said: list[Said], free_ns: Nanos) -> None:
        self._view, self._notionals = case.view, case.notionals
        self._usual: float | None = None
        self._counted: WorstCase | None = None
        self._uncounted: list[Proposal] = []
        self.open_count = len(case.orders)
        self.said: list[Said] = []
        self.free_ns = free_ns
        self._alike: dict[tuple[str, str], list[Said]] = {}
        self._adding_ns: list[Nanos] = []
        for each in said:
            self._remember(each)

    @property
    def usual(self) -> float:
        """The usual size of an order (C4)."""
        if self._usual is None:
            self._usual = usual_size(self._notionals)
        return self._usual

    def take(self, proposal: Proposal, at_ns: Nanos, interval_ns: Nanos) -> None:
        """Count a proposal that was let through."""
        self._uncounted.append(proposal)
        self.open_count += 1
        self.free_ns = max(self.free_ns, at_ns) + interval_ns
        self._remember(said_of(proposal, at_ns))

    def worst_case(self) -> WorstCase:
        """Everything that may fill, what was taken so far included; counted when an order that adds asks for it."""
        if self._counted is None:
            self._counted = WorstCase(self._view)
        for proposal in self._uncounted:
            self._counted.take(proposal)
        self._uncounted.clear()
        return self._counted

    def _remember(self, said: Said) -> None:
        self.said.append(said)
        self._alike.setdefault((said.symbol, said.side), []).append(said)
        if not said.reduce_only:
            self._adding_ns.append(said.at_ns)

    def alike(self, proposal: Proposal) -> list[Nanos]:
        """When the same order was said before."""
        return [
            each.at_ns
            for each in self._alike.get((proposal.symbol, proposal.side), ())
            if (each.quantity, each.limit) == (proposal.quantity, proposal.limit)
        ]

    def adding_since(self, at_ns: Nanos) -> int:
        """How many orders that add risk were said after that; they were said in order of time."""
        return len(self._adding_ns) - bisect_right(self._adding_ns, at_ns)
