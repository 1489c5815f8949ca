"""Round trips: fills of one instrument gathered from flat to flat, exactly, with the contexts of entry and exit."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

import msgspec

from actors.execution.exact import minus, plus, times
from adapters.records import rows
from bot.records.known import Known
from bot.records.orders import AVERAGES, NONE, Orders, added, averaged, fee_in_account
from contracts.account import FundingBooked
from contracts.envelope import Envelope
from contracts.quantities import Money, Nanos, seconds, sign
from contracts.trade import Execution, VenueSnapshot

SHARE: Final = Decimal("1E-18")
NOBODY: Final = rows.Context()


@dataclass
class Leg:
    """One side of a round trip: what was bought or sold in it, in base, in quote and in the account's currency."""

    quantity: Money = NONE
    value: Money = NONE
    value_eur: Money | None = NONE

    def add(self, quantity: Money, price: Money, value_eur: Money | None) -> None:
        """Take one fill."""
        self.quantity = plus(self.quantity, quantity)
        self.value = plus(self.value, times(quantity, price))
        self.value_eur = added(self.value_eur, value_eur)


@dataclass
class Trip:
    """One round trip so far; `direction` is +1 for long, `open_eur` what is still held was entered for on average."""

    number: int
    symbol: str
    direction: int
    entry_ns: Nanos
    entry: Leg
    exit: Leg
    entry_context: rows.Context
    exit_context: rows.Context = NOBODY
    exit_ns: Nanos | None = None
    open_eur: Money | None = NONE
    fees: Money | None = NONE
    funding: Money | None = NONE
    fills: int = 0
    brought: bool = False

    @property
    def open(self) -> Money:
        """What is still held of it, unsigned."""
        return minus(self.entry.quantity, self.exit.quantity)


class Trades:
    """The round trips of a journal.

    Laws: entered less left is what is held; when nothing is held, the profits of all trips are the change of cash.
    Funding belongs to the trip that it is heard in, or to the last one, as a venue tells it a moment after its instant.
    """

    kinds: Final[tuple[type[msgspec.Struct], ...]] = (Execution, FundingBooked, VenueSnapshot)

    def __init__(self, known: Known, orders: Orders) -> None:
        self._known = known
        self._orders = orders
        self._held: dict[str, Trip] = {}
        self._done: list[Trip] = []
        self._last: dict[str, Trip] = {}
        self._begun = 0
        self._opened = False

    def hear(self, envelope: Envelope[Any]) -> None:
        """Take one message of `kinds`."""
        if isinstance(envelope.payload, VenueSnapshot):
            self._open(envelope.payload, envelope.at_ns)
        elif isinstance(envelope.payload, FundingBooked):
            self._charge(envelope.payload)
        else:
            self._book(envelope.payload, envelope.at_ns)

    def told(self) -> list[rows.TradeRow]:
        """One row for each round trip in the order of their entries, those that are still open too."""
        trips = sorted([*self._done, *self._held.values()], key=lambda trip: trip.number)
        return [_row(trip) for trip in trips]

    def _open(self, snapshot: VenueSnapshot, at_ns: Nanos) -> None:
        """What the account held before the run, at a price nobody told."""
        if self._opened:
            return
        self._opened = True
        for symbol, quantity in snapshot.positions.items():
            if quantity:
                trip = self._begin(symbol, 1 if quantity > 0 else -1, at_ns, NOBODY)
                trip.entry.quantity, trip.brought = abs(quantity), True

    def _begin(self, symbol: str, direction: int, at_ns: Nanos, context: rows.Context) -> Trip:
        self._begun += 1
        trip = Trip(self._begun, symbol, direction, at_ns, Leg(), Leg(), context)
        self._held[symbol] = self._last[symbol] = trip
        return trip

    def _charge(self, booked: FundingBooked) -> None:
        trip = self._last.get(booked.symbol)
        if trip is not None:
            trip.funding = added(trip.funding, self._known.in_account(booked.amount, booked.asset))

    def _book(self, fill: Execution, at_ns: Nanos) -> None:
        life = self._orders.lives.get(fill.client_id)
        context = NOBODY if life is None or life.decided is None else life.decided.context
        for part in self._split(fill):
            self._take(part, at_ns, context)

    def _split(self, fill: Execution) -> Iterator[Execution]:
        """A fill through zero as two: what closes one trip, and what begins the next, with their shares of the fee."""
        trip = self._held.get(fill.symbol)
        if trip is None or trip.direction == sign(fill.side) or fill.quantity <= trip.open:
            yield fill
            return
        closing = trip.open
        part = AVERAGES.divide(times(fill.fee, closing), fill.quantity).quantize(SHARE, ROUND_HALF_EVEN)
        yield msgspec.structs.replace(fill, quantity=closing, fee=part)
        yield msgspec.structs.replace(fill, quantity=minus(fill.quantity, closing), fee=minus(fill.fee, part))

    def _take(self, fill: Execution, at_ns: Nanos, context: rows.Context) -> None:
        trip = self._held.get(fill.symbol) or self._begin(fill.symbol, sign(fill.side), at_ns, context)
        instrument = self._known.instruments.get(fill.symbol)
        quote = "" if instrument is None else instrument.quote
        value = self._known.in_account(times(fill.quantity, fill.price), quote)
        leaves = trip.direction != sign(fill.side)
        trip.open_eur = _left(trip, fill.quantity) if leaves else added(trip.open_eur, value)
        (trip.exit if leaves else trip.entry).add(fill.quantity, fill.price, value)
        trip.fees = added(trip.fees, fee_in_account(self._known, fill))
        trip.fills += 1
        if leaves:
            trip.exit_context = context
        if not trip.open:
            trip.exit_ns = at_ns
            self._done.append(self._held.pop(fill.symbol))


def _row(trip: Trip) -> rows.TradeRow:
    closed = trip.exit_ns is not None
    gross = _gross(trip)
    costs = added(trip.fees, trip.funding)
    pnl = None if gross is None or costs is None else minus(gross, costs)
    notional = None if trip.brought else trip.entry.value_eur
    return rows.TradeRow(
        trade=trip.number,
        symbol=trip.symbol,
        side="long" if trip.direction > 0 else "short",
        state="closed" if closed else "open",
        entry_at=trip.entry_ns,
        exit_at=trip.exit_ns,
        holding_s=None if trip.exit_ns is None else seconds(trip.exit_ns - trip.entry_ns),
        quantity=trip.entry.quantity,
        open_quantity=trip.open,
        entry_price=None if trip.brought else averaged(trip.entry.value, trip.entry.quantity),
        exit_price=averaged(trip.exit.value, trip.exit.quantity),
        notional_eur=notional,
        gross_eur=gross,
        fees_eur=trip.fees,
        funding_eur=trip.funding,
        pnl_eur=pnl,
        return_bps=None if pnl is None or not notional or not closed else 1e4 * float(pnl) / float(notional),
        fills=trip.fills,
        entry=trip.entry_context,
        exit=trip.exit_context,
    )


def _gross(trip: Trip) -> Money | None:
    """What the prices brought on what was left, each fill at the rate of its time; None where one is not known."""
    if trip.brought or trip.entry.value_eur is None or trip.exit.value_eur is None or trip.open_eur is None:
        return None
    entered = minus(trip.entry.value_eur, trip.open_eur)
    return times(minus(trip.exit.value_eur, entered), Decimal(trip.direction))


def _left(trip: Trip, quantity: Money) -> Money | None:
    """What the rest was entered for once so much has left at the average, as the ledger's own books have it."""
    if trip.open_eur is None:
        return None
    if quantity == trip.open:
        return NONE
    part = AVERAGES.divide(times(trip.open_eur, quantity), trip.open).quantize(SHARE, ROUND_HALF_EVEN)
    return minus(trip.open_eur, part)
