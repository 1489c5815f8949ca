"""The mock broker: a synchronous state machine that is told the time, keeps an account and trades against a market.

Requests are put on an agenda with the time they arrive; `advance` lets everything happen that is due, in order of time,
so a request whose sender gave up still arrives. Facts are in the ledger before anyone can learn of them. Laws: a
position is the sum of its fills, an order never fills beyond its quantity, what has ended never changes again, and an
absence that was called authoritative is never followed by the acceptance of an earlier sending.
"""

import heapq
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from itertools import count
from typing import Final

from adapters.simulated.account import Held
from adapters.simulated.admission import Admission
from adapters.simulated.chance import Stream, uniforms
from adapters.simulated.funding import Funding, Settlement
from adapters.simulated.ledger import Ended, Fact, Filled, LedgerFile, NoLedger, Opened, Placed, Refused
from adapters.simulated.listener import Event, Listener
from adapters.simulated.matching import Piece, take
from adapters.simulated.prices import Prices
from adapters.simulated.records import Records
from adapters.simulated.replica import Replica
from adapters.simulated.settings import BrokerSettings
from contracts.instrument import Universe
from contracts.market import Perp
from contracts.quantities import Bps, Nanos, nanos, sign
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

GRID_NS: Final = 500_000_000
"""How often resting orders are held against a market that was told anew."""

BPS: Final = Decimal("0.0001")

SubmitAnswer = OrderAccepted | OrderRejected | OrderUnknown
CancelAnswer = OrderCancelled | CancelRejected


class Broker:
    """The venue's engine for one account; times it is told never go backwards."""

    def __init__(
        self, settings: BrokerSettings, universe: Universe, prices: Prices, ledger: LedgerFile | NoLedger
    ) -> None:
        self.settings = settings
        self.records = Records()
        self._instruments = {instrument.symbol: instrument for instrument in universe.instruments}
        self._prices = prices
        self._ledger = ledger
        self._drawn = uniforms(settings.seed, Stream.BROKER)
        self._agenda: list[tuple[Nanos, int, Callable[[Nanos], None]]] = []
        self._ticket = count(1)
        self._now_ns: Nanos = 0
        self._listeners: list[Listener] = []
        self._admission = Admission(settings, self._instruments, prices, self.records)
        self.funding = Funding(self._instruments, prices, self.records)
        self._replica = Replica(self.records, nanos(settings.recv_window_s))
        for fact in ledger.facts:
            self.records.apply(fact)
        for held in self.records.newest.values():
            held.placed_ns = 0  # whatever lag a read has, it has caught up with an earlier life
        if not ledger.facts:
            self._note(Opened(at_ns=0, balances=settings.balances))

    @property
    def busy(self) -> bool:
        """Whether anything can still happen without being asked."""
        return bool(self._agenda or self.records.open)

    @property
    def next_ns(self) -> Nanos | None:
        """When something happens next without being asked; None while nothing is under way or looked for."""
        due_ns = self._agenda[0][0] if self._agenda else None
        if not (self.records.open and self._looking()):
            return due_ns
        grid_ns = (self._now_ns // GRID_NS + 1) * GRID_NS
        return grid_ns if due_ns is None else min(due_ns, grid_ns)

    def latency_ns(self, *about: object) -> tuple[Nanos, Nanos]:
        """The way there and the way back of a request; together within the settings, short ones more often than long.

        They depend on the seed and on what the request is alone (Kumaraswamy 1980, by its closed inverse), so that the
        same orders meet the same venue in a paper run and in a backtest.
        """
        low, high = self.settings.latency_ms_min, self.settings.latency_ms_max
        total = low + (high - low) * (1.0 - (1.0 - self._drawn("latency", *about)) ** 0.25) ** (1.0 / 1.2)
        there = 0.3 + 0.4 * self._drawn("there", *about)
        return nanos(total * there / 1e3), nanos(total * (1 - there) / 1e3)

    def send(self, order: Order, sent_ns: Nanos, arrive_ns: Nanos) -> list[SubmitAnswer]:
        """Put an order on the way; the list holds the answer once time has come there."""
        answer: list[SubmitAnswer] = []
        self._at(arrive_ns, lambda at_ns: answer.append(self._receive(order, sent_ns, at_ns)))
        return answer

    def send_cancel(self, cancel: CancelOrder, arrive_ns: Nanos) -> list[CancelAnswer]:
        """Put a cancellation on the way."""
        answer: list[CancelAnswer] = []
        self._at(arrive_ns, lambda at_ns: answer.append(self._cancel(cancel.client_id, at_ns)))
        return answer

    def send_query(self, query: OrderQuery, asked_ns: Nanos, arrive_ns: Nanos) -> list[OrderReport]:
        """Put a question on the way; what it is told is what a lagging replica knows when it arrives."""
        answer: list[OrderReport] = []
        self._at(arrive_ns, lambda at_ns: answer.append(self.query(query, asked_ns)))
        return answer

    def send_cancel_all(self, arrive_ns: Nanos) -> None:
        """Put the cancellation of everything open on the way."""
        self._at(arrive_ns, self._cancel_all)

    def advance(self, now_ns: Nanos) -> None:
        """Let everything happen that is due by now: arrivals, pieces of fills, resting orders the market came to."""
        never = now_ns + 1
        while self._agenda or self.records.open:
            due_ns = self._agenda[0][0] if self._agenda else never
            # A market that moved while the venue was down did not trade with it: the grid begins at the first call.
            grid_ns = (self._now_ns // GRID_NS + 1) * GRID_NS if self._now_ns and self._looking() else never
            if due_ns > now_ns and grid_ns > now_ns:
                break
            self._now_ns = max(self._now_ns, min(due_ns, grid_ns))
            if due_ns <= grid_ns:
                heapq.heappop(self._agenda)[2](self._now_ns)
            else:
                for held in self._looking():
                    self._match(held, self._now_ns)
        self._now_ns = max(self._now_ns, now_ns)

    def query(self, query: OrderQuery, asked_ns: Nanos) -> OrderReport:
        """What a lagging replica knows of an order."""
        lag = self._drawn("lag", query.client_id, query.attempt, asked_ns)
        lag_ns = nanos(self.settings.read_lag_ms_max / 1e3 * lag)
        return self._replica.report(query, asked_ns, self._now_ns, lag_ns)

    def snapshot(self, asked_ns: Nanos) -> VenueSnapshot:
        """Balances, positions that are not zero, and open orders, as the engine itself has them."""
        account = self.records.account
        return VenueSnapshot(
            asked_ns=asked_ns,
            balances=dict(account.balances),
            positions={symbol: quantity for symbol, quantity in account.positions.items() if quantity},
            open_orders=self.records.open_orders(),
        )

    def hear(self, perp: Perp) -> None:
        """Hear what the market says of a perpetual now, and settle what is due of it."""
        for due in self.funding.hear(perp):
            self._at(max(due.settled_ns, self._now_ns), partial(self._settle, due))
        self.advance(self._now_ns)

    def fills_since(self, cursor: int) -> tuple[tuple[Fill | FundingPaid, ...], int]:
        """The fills and payments from a cursor on, counted from 0 over the life of the account."""
        return self.records.fills_since(cursor), self.records.filled

    def listen(self) -> Listener:
        """A private stream of what happens from now on."""
        listener = Listener()
        self._listeners.append(listener)
        return listener

    def forget(self, listener: Listener) -> None:
        """The stream is gone."""
        self._listeners.remove(listener)

    def _at(self, at_ns: Nanos, action: Callable[[Nanos], None]) -> None:
        heapq.heappush(self._agenda, (at_ns, next(self._ticket), action))

    def _note(self, fact: Fact) -> None:
        self._ledger.append(fact)
        self.records.apply(fact)

    def _looking(self) -> list[Held]:
        """The resting orders for which there may be something now; in a market as it was in vain there is not."""
        told = self._prices.told()
        return [held for held in self.records.open.values() if held.resting and (told is None or told != held.in_vain)]

    def _receive(self, order: Order, sent_ns: Nanos, at_ns: Nanos) -> SubmitAnswer:
        known = self.records.newest.get(order.client_id)
        if self.settings.client_ids == "strict":
            if known is not None:
                return OrderAccepted(order.client_id, known.venue_id)
            if order.client_id in self.records.refused:
                return OrderRejected(order.client_id, self.records.refused[order.client_id])
        elif known is not None and known.state == "open":
            # "Duplicate" says nothing against the first order, so it must not be read as a rejection of the id.
            return OrderUnknown(order.client_id, f"duplicate of open order {known.venue_id}")
        reasons = self._admission.refusals(order, sent_ns, at_ns)
        if reasons:
            self._note(Refused(at_ns=at_ns, client_id=order.client_id, reason="; ".join(reasons)))
            return OrderRejected(order.client_id, "; ".join(reasons))
        return OrderAccepted(order.client_id, self._accept(order, at_ns))

    def _accept(self, order: Order, at_ns: Nanos) -> str:
        venue_id = f"V{self.records.placed + 1:08d}"
        placed = Placed(
            at_ns=at_ns,
            venue_id=venue_id,
            client_id=order.client_id,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            limit=order.limit,
            reduce_only=order.reduce_only,
        )
        self._note(placed)
        held = self.records.open[venue_id]
        split = self._drawn("split", order.client_id) < self.settings.split_rate
        held.pieces, held.resting = 2 + (self._drawn("pieces", order.client_id) >= 0.5) if split else 1, False
        self._match(held, at_ns)
        return venue_id

    def _match(self, held: Held, at_ns: Nanos) -> None:
        """Execute the next piece, or all that can be had; what finds nothing to take rests until the market comes."""
        levels, instrument = self._prices.levels(held.symbol, held.side, at_ns), self._instruments[held.symbol]
        if levels is None or held.state != "open":
            return
        lots = instrument.lots(held.left)
        if held.pieces > 1:
            lots = max(1, int(lots * (0.2 + 0.5 * self._drawn("piece", held.client_id, held.pieces))))
        queue = self.settings.queue_ticks * sign(held.side) if held.resting else 0
        pieces = take(levels, held.side, instrument.ticks(held.limit) - queue, lots)
        for piece in pieces:
            self._execute(held, piece, at_ns)
        held.pieces -= 1
        # A look takes a share while more pieces are to come, so each of those counts, what it finds or not.
        held.in_vain = None if pieces or held.pieces > 1 else self._prices.told()
        if held.left and pieces and held.pieces > 0 and not held.resting:
            later = 0.1 + 0.9 * self._drawn("later", held.client_id, held.pieces)
            self._at(at_ns + nanos(self.settings.split_ms_max / 1e3 * later), partial(self._match, held))
        else:
            held.resting = True

    def _execute(self, held: Held, piece: Piece, at_ns: Nanos) -> None:
        """One fill. A resting order gets its own limit and pays as a maker; a fee is exact, in the quote asset."""
        instrument = self._instruments[held.symbol]
        price = held.limit if held.resting else instrument.price(piece.ticks)
        bps = instrument.fee_maker_bps if held.resting else instrument.fee_taker_bps
        quantity = instrument.quantity(piece.lots)
        filled = Filled(
            at_ns=at_ns,
            venue_id=held.venue_id,
            client_id=held.client_id,
            symbol=held.symbol,
            trade_id=f"T{self.records.filled + 1:08d}",
            side=held.side,
            quantity=quantity,
            price=price,
            fee=quantity * price * _ratio(bps),
            fee_asset=instrument.quote,
        )
        self._note(filled)
        self._prices.taken(held.symbol, held.side, piece.lots)
        self._tell(self.records.told_last, at_ns, filled.client_id, held.filled)

    def _settle(self, due: Settlement, at_ns: Nanos) -> None:
        charged = self.funding.charged(due, at_ns)
        if charged is not None:
            self._note(charged)
            self._tell(self.records.told_last, at_ns, charged.payment_id)

    def _cancel(self, client_id: str, at_ns: Nanos) -> CancelAnswer:
        held = self.records.newest.get(client_id)
        if held is None:
            return CancelRejected(client_id, "unknown order")
        if held.state != "open":
            return CancelRejected(client_id, f"order is {held.state}")
        return self._end(held, at_ns)

    def _cancel_all(self, at_ns: Nanos) -> None:
        for held in list(self.records.open.values()):
            self._end(held, at_ns)

    def _end(self, held: Held, at_ns: Nanos) -> OrderCancelled:
        self._note(Ended(at_ns=at_ns, venue_id=held.venue_id, client_id=held.client_id))
        cancelled = OrderCancelled(held.client_id, held.filled)
        self._tell(cancelled, at_ns, held.client_id, "ended")
        return cancelled

    def _tell(self, event: Event, at_ns: Nanos, *about: object) -> None:
        deliver_ns = at_ns + nanos(self.settings.stream_ms_max / 1e3 * self._drawn("stream", *about))
        for listener in self._listeners:
            listener.put(deliver_ns, next(self._ticket), event)


@lru_cache
def _ratio(bps: Bps) -> Decimal:
    """What a share written in bps is, exactly."""
    return Decimal(repr(bps)) * BPS
