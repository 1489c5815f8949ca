"""Funding as booked: which payments were booked already, in bounded space, and what each instrument has paid.

Payments come from the stream, again from the drop copy, and all of them again after a restart. Each is booked exactly
once. What the venue booked before the opening was asked for is inside the opening, and a payment as old as one that was
forgotten is a repetition; if it was not, the next reconciliation says so.
"""

from decimal import Decimal
from typing import Final

import msgspec

from actors.execution.exact import plus
from contracts.account import FundingBooked
from contracts.quantities import Money, Nanos
from contracts.trade import FundingPaid

PAYMENTS_KEPT: Final = 1_024
"""Payments kept to recognise repetitions: four hours of 250 instruments that settle every hour."""


class Payments(msgspec.Struct, kw_only=True):
    """`opened_ns` is when the opening was asked for; `known` are the newest payments, with when the venue booked each.

    `totals` are by instrument and asset. `ignored` counts what was not booked, by kind.
    """

    opened_ns: Nanos = 0
    known: dict[str, Nanos] = {}
    forgotten_ns: Nanos = 0
    totals: dict[str, dict[str, Money]] = {}
    ignored: dict[str, int] = {}

    def booked(self, paid: FundingPaid, seq: int) -> FundingBooked | None:
        """The payment as booked; None where it is in the books already, which is counted."""
        key = f"{paid.symbol}/{paid.payment_id}"
        why_not = self._objection(key, paid.event_ns)
        if why_not:
            self.ignored[why_not] = self.ignored.get(why_not, 0) + 1
            return None
        self._remember(key, paid.event_ns)
        totals = self.totals.setdefault(paid.symbol, {})
        totals[paid.asset] = plus(totals.get(paid.asset, Decimal(0)), paid.amount)
        return FundingBooked(
            symbol=paid.symbol,
            payment_id=paid.payment_id,
            asset=paid.asset,
            amount=paid.amount,
            total=totals[paid.asset],
            rate=paid.rate,
            settled_ns=paid.settled_ns,
            payment_seq=seq,
        )

    def _objection(self, key: str, event_ns: Nanos) -> str:
        if not self.opened_ns or event_ns <= self.opened_ns:
            return "funding_before_opening"
        return "funding_repeated" if key in self.known or event_ns <= self.forgotten_ns else ""

    def _remember(self, key: str, event_ns: Nanos) -> None:
        self.known[key] = event_ns
        if len(self.known) > PAYMENTS_KEPT:
            self.forgotten_ns = max(self.forgotten_ns, self.known.pop(next(iter(self.known))))
