"""The ledger: what is owned, exactly: the opening plus every execution and every payment of funding, and nothing else.

Balances are kept per asset; a position per symbol. A buy takes price x quantity of the quote asset, a fee or funding is
taken in its own asset (invariant I6). The opening is the first venue snapshot of the run; every later one is held
against the books. Equity is in the account's currency, through the last valid marks and rates; what is missing or too
old is named.
"""

from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec

from actors.execution.books import Book, booked
from actors.execution.exact import differences, minus, rounded, times
from actors.execution.payments import Payments
from actors.reacting import Answer, Reacting, Reaction
from actors.settings import more_than_zero
from actors.valuation import Prices, Rate, Valuation
from actors.worths import Worths
from contracts.account import Equity, Position
from contracts.envelope import Envelope
from contracts.instrument import Instrument
from contracts.life import Beat
from contracts.market import FxMark, MarkFrame, UniverseChanged
from contracts.quantities import Money, Nanos, Seconds, sign
from contracts.trade import Execution, FundingPaid, OrderState, Reconciled, VenueSnapshot

DAY_NS: Final = 86_400 * 1_000_000_000
EQUITY_STEP: Final = Decimal("0.0001")
"""Between decisions equity is said only when it moved by a basis point: a loss stop need not hear less."""

NONE: Final = Decimal(0)


class LedgerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account's currency, and how old a mark or an exchange rate may be before equity is called incomplete.

    Raises:
        ValueError: no currency, or an age that is no positive finite number.
    """

    currency: str
    mark_age_s_max: Seconds
    rate_age_s_max: Seconds

    def __post_init__(self) -> None:
        if not self.currency:
            raise ValueError("ledger: currency was empty, expected an asset such as EUR")
        more_than_zero("ledger", mark_age_s_max=self.mark_age_s_max, rate_age_s_max=self.rate_age_s_max)


class LedgerState(msgspec.Struct, kw_only=True):
    """The whole ledger. `parked` are executions of symbols whose instrument is not known yet: never dropped."""

    prices: Prices = msgspec.field(default_factory=Prices)
    opened_ns: Nanos = 0
    opening_cash: dict[str, Money] = {}
    opening_quantity: dict[str, Money] = {}
    cash: dict[str, Money] = {}
    books: dict[str, Book] = {}
    parked: list[Execution] = []
    payments: Payments = msgspec.field(default_factory=Payments)
    restless: dict[str, str] = {}
    booked_ns: Nanos = 0
    day: int = 0
    day_start: Money | None = None
    peak: Money | None = None
    complete_equity: Money | None = None
    said_equity: Money | None = None
    said_complete: bool = False


class Ledger(Reacting[LedgerState]):
    """Books executions and funding, values the account, and holds the venue's snapshots against both."""

    role = "ledger"
    kept = LedgerState
    beats = ("decide", "second")
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        UniverseChanged,
        MarkFrame,
        FxMark,
        OrderState,
        Execution,
        FundingPaid,
        VenueSnapshot,
        Beat,
    )

    def __init__(self, settings: LedgerSettings) -> None:
        self._settings = settings
        super().__init__(LedgerState())

    def reactions(self) -> dict[type[msgspec.Struct], Reaction]:
        return {
            UniverseChanged: self._on_universe,
            MarkFrame: self._on_marks,
            FxMark: self._on_rate,
            OrderState: self._on_order,
            Execution: self._on_execution,
            FundingPaid: self._on_funding,
            VenueSnapshot: self._on_snapshot,
            Beat: self._on_beat,
        }

    def derive(self) -> None:
        self._worths = Worths(self._settings.currency)
        self._resting: Valuation | None = None
        self._looked_at: Valuation | None = None
        self._told: tuple[tuple[Any, ...], Equity] | None = None

    def check(self) -> None:
        """Every fill has an instrument, nothing is booked before the opening, and the peak is a peak."""
        state = self.state
        assert all(symbol in state.prices.instruments for symbol, book in state.books.items() if book.entry)
        assert state.opened_ns or not (state.cash or state.books), "booked before the opening"
        if state.complete_equity is not None:
            assert state.peak is not None
            assert state.peak >= state.complete_equity
            assert state.day_start is not None

    def _on_universe(self, envelope: Envelope[UniverseChanged]) -> Answer:
        state = self.state
        state.prices.turn_to(envelope.payload.universe)
        parked, state.parked = state.parked, []
        return [said for execution in parked for said in self._book(execution, envelope)]

    def _on_marks(self, envelope: Envelope[MarkFrame]) -> Answer:
        self.state.prices.hear(envelope.payload)
        return ()

    def _on_rate(self, envelope: Envelope[FxMark]) -> Answer:
        rate = envelope.payload
        if rate.rate.is_finite() and rate.rate > 0:
            self.state.prices.rates[rate.currency] = Rate(value=rate.rate, at_ns=envelope.at_ns)
        return ()

    def _on_order(self, envelope: Envelope[OrderState]) -> Answer:
        order = envelope.payload
        at_rest = order.state == "OPEN" or (order.state not in ("SENDING", "UNKNOWN", "CANCELLING") and order.open == 0)
        if at_rest:
            self.state.restless.pop(order.client_id, None)
        else:
            self.state.restless[order.client_id] = order.state
        return ()

    def _on_execution(self, envelope: Envelope[Execution]) -> Answer:
        return self._book(envelope.payload, envelope)

    def _book(self, execution: Execution, envelope: Envelope[Any]) -> list[msgspec.Struct]:
        state = self.state
        self._resting = None
        instrument = state.prices.instruments.get(execution.symbol)
        if instrument is None:
            state.parked.append(execution)
            return []
        signed = execution.quantity * sign(execution.side)
        self._pay(instrument.quote, times(signed, execution.price))
        self._pay(execution.fee_asset, execution.fee)
        book = booked(state.books.get(execution.symbol, Book()), signed, execution.price, _fee(execution, instrument))
        state.books[execution.symbol] = book
        self._worths.note(execution.symbol)
        state.booked_ns = envelope.at_ns
        position = Position(
            symbol=execution.symbol,
            quantity=book.quantity,
            entry=book.entry,
            realised=book.realised,
            fees=book.fees,
            execution_seq=envelope.seq,
        )
        return [position, *self._equity(envelope.at_ns, always=True)]

    def _on_funding(self, envelope: Envelope[FundingPaid]) -> Answer:
        """Cash alone moves, so the instrument need not be known."""
        state = self.state
        booked = state.payments.booked(envelope.payload, envelope.seq)
        if booked is None:
            return ()
        self._resting = None
        self._pay(booked.asset, booked.amount)
        state.booked_ns = envelope.at_ns
        return [booked, *self._equity(envelope.at_ns, always=True)]

    def _pay(self, asset: str, amount: Money) -> None:
        self.state.cash[asset] = minus(self.state.cash.get(asset, NONE), amount)

    def _on_beat(self, envelope: Envelope[Beat]) -> Answer:
        kind = envelope.payload.kind
        return self._equity(envelope.at_ns, always=kind == "decide") if kind != "signal" else ()

    def _equity(self, at_ns: Nanos, *, always: bool) -> list[msgspec.Struct]:
        state = self.state
        if not state.opened_ns:
            return []
        value = self.value(at_ns)
        if value is self._looked_at and at_ns // DAY_NS == state.day:
            # Remembered already, and found not to have moved.
            if not always:
                return []
            if self._told is not None and self._told[0][0] is value and self._told[0][3] == state.day:
                return [self._told[1]]
        self._looked_at = self._resting
        equity, complete = value.cash + value.net, not value.missing
        if value.unknown:
            # A part that never had a value would look like a loss: what was said last stands until it has one.
            if state.said_equity is None:
                return []
            equity = state.said_equity
        self._remember(equity, at_ns, complete=complete)
        if not (always or complete != state.said_complete or self._moved(equity)):
            return []
        state.said_equity, state.said_complete = equity, complete
        return [self._say(value, equity)]

    def _moved(self, equity: Money) -> bool:
        """Whether equity is away from what was said last."""
        before = self.state.said_equity
        return before is None or abs(equity - before) > abs(before) * EQUITY_STEP

    def _say(self, value: Valuation, equity: Money) -> Equity:
        state = self.state
        peak = equity if state.peak is None else state.peak
        day_start = equity if state.day_start is None else state.day_start
        of = (value, equity, peak, state.day, day_start)
        if self._told is None or self._told[0] != of:
            said = Equity(
                currency=self._settings.currency,
                equity=rounded(equity),
                cash=rounded(value.cash),
                gross=rounded(value.gross),
                net=rounded(value.net),
                unrealised=rounded(value.unrealised),
                peak=rounded(peak),
                day=state.day,
                day_start=rounded(day_start),
                complete=not value.missing,
                missing=tuple(value.missing),
            )
            self._told = (of, said)
        return self._told[1]

    def _remember(self, equity: Money, at_ns: Nanos, *, complete: bool) -> None:
        state = self.state
        today = at_ns // DAY_NS
        if today > state.day:
            # A day's loss counts from what was owned when the day before ended, not from the first quote after it.
            state.day, state.day_start = today, state.complete_equity
        if complete:
            state.complete_equity = equity
            state.peak = equity if state.peak is None else max(state.peak, equity)
            state.day_start = equity if state.day_start is None else state.day_start

    def value(self, at_ns: Nanos) -> Valuation:
        """The account at this instant in its own currency.

        While it holds its own currency alone, no mark, rate or age is in it: it stands until something is paid.
        """
        if self._resting is not None:
            return self._resting
        state, settings = self.state, self._settings
        value = Valuation(
            state.prices,
            settings.currency,
            at_ns,
            mark_age_s_max=settings.mark_age_s_max,
            rate_age_s_max=settings.rate_age_s_max,
        )
        for asset, amount in state.cash.items():
            value.hold(asset, amount)
        value.own_all(state.books, self._worths)
        for execution in state.parked:
            value.knows_nothing_of(f"instrument {execution.symbol}")
        if not (value.gross or value.missing or any(each != settings.currency for each in state.cash)):
            self._resting = value
        return value

    def _on_snapshot(self, envelope: Envelope[VenueSnapshot]) -> Answer:
        state, snapshot = self.state, envelope.payload
        if not state.opened_ns:
            self._open(snapshot, envelope.at_ns)
            agreed = Reconciled(agreed=True, settled=True, mismatches=(), snapshot_seq=envelope.seq)
            return [agreed, *self._equity(envelope.at_ns, always=True)]
        here = {symbol: book.quantity for symbol, book in state.books.items()}
        mismatches = [*differences(state.cash, snapshot.balances), *differences(here, snapshot.positions)]
        # An execution booked after the venue was asked is not in its answer: that difference proves nothing.
        settled = not state.restless and not state.parked and state.booked_ns < snapshot.asked_ns
        return [
            Reconciled(
                agreed=not mismatches,
                settled=settled,
                mismatches=tuple(mismatches),
                snapshot_seq=envelope.seq,
            )
        ]

    def _open(self, snapshot: VenueSnapshot, at_ns: Nanos) -> None:
        state = self.state
        assert not state.cash, "booked before the opening"
        state.opened_ns = at_ns
        state.payments.opened_ns = snapshot.asked_ns
        state.opening_cash = dict(snapshot.balances)
        state.opening_quantity = dict(snapshot.positions)
        state.cash = dict(snapshot.balances)
        self._resting = None
        state.books = {symbol: Book(quantity=quantity) for symbol, quantity in snapshot.positions.items()}


def _fee(execution: Execution, instrument: Instrument) -> Money:
    """The fee in quote as far as this one fill can tell: a fee in a third asset is in the cash of that asset alone."""
    if execution.fee_asset == instrument.quote:
        return execution.fee
    return times(execution.fee, execution.price) if execution.fee_asset == instrument.base else NONE
