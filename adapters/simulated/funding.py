"""Funding at the simulated venue: which perpetual settles when, at which rate, and what that costs the account.

A settled rate counts at its own instant. Where a venue says none (Binance streams the rate predicted for the coming
settlement, then that for the next one), the rate predicted last for an instant is the one that was charged there; it is
never used before that instant. What counts is the position as it was then, whenever the rate was told.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.simulated.ledger import Settled
from adapters.simulated.prices import Prices
from adapters.simulated.records import Records
from contracts.instrument import Instrument
from contracts.market import Perp
from contracts.quantities import SECOND_NS, Money, Nanos

SAME_NS: Final = 60 * SECOND_NS
"""Stamps of one settlement differ by milliseconds, settlements of one instrument lie an hour apart or more."""


class Settlement(NamedTuple):
    """One instrument settles at an instant; `mark` is what the market said beside the rate, None where it said none."""

    symbol: str
    settled_ns: Nanos
    rate: float
    mark: float | None


class Funding:
    """The settlements of one account; `ignored` counts what could not be settled, by kind.

    `rated` are the symbols that it has heard rates of.
    """

    def __init__(self, instruments: dict[str, Instrument], prices: Prices, records: Records) -> None:
        self._instruments = instruments
        self._prices = prices
        self._records = records
        self._coming: dict[str, tuple[float, Nanos]] = {}
        self.rated: dict[str, None] = {}
        self.ignored: dict[str, int] = {}

    def hear(self, perp: Perp) -> Iterator[Settlement]:
        """What is settled by what the market says of a perpetual."""
        if perp.symbol not in self._instruments:
            self._ignore("funding_of_unlisted_symbol")
            return
        if perp.settled is not None or perp.next_funding_ns is not None:
            self.rated[perp.symbol] = None
        for rate, settled_ns in self._rates(perp):
            if -1.0 < rate < 1.0:
                yield Settlement(perp.symbol, settled_ns, rate, perp.mark)
            else:
                self._ignore("funding_rate_out_of_range")

    def charged(self, due: Settlement, at_ns: Nanos) -> Settled | None:
        """The fact that the account is charged, now; None where nothing was held, or it was charged before."""
        held = self._records.held_at(due.symbol, due.settled_ns)
        if not held:
            return None
        if due.settled_ns < self._records.settled.get(due.symbol, 0) + SAME_NS:
            self._ignore("funding_charged_before")
            return None
        instrument = self._instruments[due.symbol]
        mark = self._mark(instrument, due, at_ns)
        if mark is None:
            self._ignore("funding_without_a_mark")
            return None
        return Settled(
            at_ns=at_ns,
            symbol=due.symbol,
            payment_id=f"{due.symbol}@{due.settled_ns}",
            asset=instrument.quote,
            amount=instrument.funding(held, mark, due.rate),
            rate=due.rate,
            settled_ns=due.settled_ns,
        )

    def _rates(self, perp: Perp) -> Iterator[tuple[float, Nanos]]:
        if perp.settled is not None:
            yield perp.settled, perp.event_ns if perp.settled_ns is None else perp.settled_ns
        next_ns, before = perp.next_funding_ns, self._coming.get(perp.symbol)
        if next_ns is None:
            return
        if before is not None and before[1] < next_ns and before[1] <= perp.event_ns:
            yield before
        if perp.funding is not None:
            self._coming[perp.symbol] = perp.funding, next_ns

    def _mark(self, instrument: Instrument, due: Settlement, at_ns: Nanos) -> Money | None:
        """The venue's own mark where it says one, else the middle of what the account trades against."""
        if due.mark is not None and 0.0 < due.mark < float("inf"):
            return instrument.price_as_written(due.mark)
        middle = self._prices.middle(instrument.symbol, at_ns)
        return None if middle is None else instrument.tick * Decimal(middle)

    def _ignore(self, kind: str) -> None:
        self.ignored[kind] = self.ignored.get(kind, 0) + 1
