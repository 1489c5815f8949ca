"""What the risk gate knows: the last of everything it hears, in one state."""

from decimal import Decimal
from typing import Final

import msgspec

from actors.alignment import moved_array, moves
from actors.reacting import Answer, Reacting, Reaction
from actors.risk.planning import PlanningSettings, Question, objection
from actors.risk.reserved import Said
from actors.risk.returns import Returns
from actors.valuation import Prices, Rate
from contracts.account import Equity, Position
from contracts.belief import DriftState, RegimeState, Slate
from contracts.column import Column, floats, rows
from contracts.decision import AllocationPlan, GateState
from contracts.envelope import Envelope
from contracts.life import RunStarted
from contracts.market import BarFrame, BarHistory, FeedStatus, FxMark, MarkFrame, UniverseChanged
from contracts.quantities import Money, Nanos, Seconds, sign
from contracts.trade import OrderState, VenueSnapshot

SAID_KEPT: Final = 1_024
"""Own orders remembered for duplicates and repeats; a window that holds more refuses long before."""


NONE: Final = Decimal(0)


class RiskState(msgspec.Struct, kw_only=True):
    """The whole gate. `closes` are those of each bar, oldest first; `since_ns` when each position was opened,
    `stuck` the positions whose closing the venue rejected, with its words, until they change.
    `leg` is the next one of the last decision; before the first it starts at 1, because 0 of 0 is nobody's order.
    `asked` is the last question of a plan, `plan` the answer that was heard last and not refused yet.
    """

    prices: Prices = msgspec.field(default_factory=Prices)
    frame: MarkFrame | None = None
    frame_seq: int = 0
    closes: list[Column] = []
    feeds: dict[str, str] = {}
    slate: Slate | None = None
    slate_seq: int = 0
    slate_ns: Nanos = 0
    opened: bool = False
    positions: dict[str, Money] = {}
    since_ns: dict[str, Nanos] = {}
    unselected: dict[str, int] = {}
    equity: Equity | None = None
    equity_seq: int = 0
    equity_ns: Nanos = 0
    orders: dict[str, OrderState] = {}
    gate: GateState = GateState("RECOVERING", (), ())
    decision: int = 0
    leg: int = 1
    said: list[Said] = []
    notionals: list[float] = []
    free_ns: Nanos = 0
    flat_refused: dict[str, tuple[str, ...]] = {}
    regime: RegimeState | None = None
    drift: DriftState | None = None
    stuck: dict[str, str] = {}
    asked: Question | None = None
    plan: AllocationPlan | None = None
    plan_seq: int = 0


class Knowing(Reacting[RiskState]):
    """The hearing half of the gate: it takes facts in and says nothing of them."""

    kept = RiskState
    beats = ("second",)
    _bar_s: Seconds
    _bars_kept: int

    def facts(self) -> dict[type[msgspec.Struct], Reaction]:
        """What is heard without an answer."""
        return {
            RunStarted: self._on_start,
            UniverseChanged: self._on_universe,
            MarkFrame: self._on_marks,
            BarFrame: self._on_bars,
            BarHistory: self._on_history,
            FxMark: self._on_rate,
            FeedStatus: self._on_feed,
            VenueSnapshot: self._on_snapshot,
            Position: self._on_position,
            Equity: self._on_equity,
            OrderState: self._on_order,
            GateState: self._on_gate,
            Slate: self._on_slate,
            RegimeState: self._on_regime,
            DriftState: self._on_drift,
            AllocationPlan: self._on_plan,
        }

    def derive(self) -> None:
        """Returns are those of the closes, which may be other ones now."""
        self._returns = Returns(self._bars_kept)

    def check(self) -> None:
        """Only what may still fill is reserved, and every position has its beginning."""
        state = self.state
        assert all(order.open > 0 for order in state.orders.values())
        assert list(state.since_ns) == list(state.positions), "a position without its beginning"
        assert all(quantity for quantity in state.positions.values())
        assert len(state.said) <= SAID_KEPT

    @property
    def universe(self) -> int:
        """The version of the universe, 0 before the first."""
        known = self.state.prices.universe
        return known.version if known is not None else 0

    def believed(self, at_ns: Nanos, planning: PlanningSettings) -> tuple[dict[str, float], str]:
        """The plan that may be looked at, as signed notionals by symbol, or why it is refused: then it is gone."""
        state, plan = self.state, self.state.plan
        if plan is None:
            return {}, ""
        refused = objection(plan, state.asked, self.universe, at_ns, planning)
        looked = state.asked is not None and state.asked.looked
        if refused:
            state.plan = None
            return {}, "" if refused == "stale" and looked else refused
        state.asked = msgspec.structs.replace(state.asked, looked=True) if state.asked is not None else None
        return dict(zip(plan.symbols, plan.notional.values.tolist(), strict=True)), ""

    def _on_start(self, envelope: Envelope[RunStarted]) -> Answer:
        self.state.feeds = {}
        return ()

    def _on_universe(self, envelope: Envelope[UniverseChanged]) -> Answer:
        state, universe = self.state, envelope.payload.universe
        if state.closes:
            to = moves(state.prices.universe, universe)
            state.closes = [floats(moved_array(each.values, to, float("nan"))) for each in state.closes]
            self.derive()
        state.prices.turn_to(universe)
        state.frame = state.slate = None
        return ()

    def _on_marks(self, envelope: Envelope[MarkFrame]) -> Answer:
        state, frame = self.state, envelope.payload
        if state.prices.universe is not None and frame.universe == state.prices.universe.version:
            state.prices.hear(frame)
            state.frame, state.frame_seq = frame, envelope.seq
        return ()

    def _on_bars(self, envelope: Envelope[BarFrame]) -> Answer:
        if self._is_mine(envelope.payload):
            self._add([envelope.payload.close])
        return ()

    def _on_history(self, envelope: Envelope[BarHistory]) -> Answer:
        if self._is_mine(envelope.payload):
            self._add(rows(envelope.payload.close.values))
        return ()

    def _is_mine(self, bars: BarFrame | BarHistory) -> bool:
        universe = self.state.prices.universe
        return bars.bar_s == self._bar_s and universe is not None and bars.universe == universe.version

    def _add(self, closes: list[Column]) -> None:
        known = self.state.closes
        known += closes
        del known[: -self._bars_kept]
        self._returns.hear(len(closes))

    def _on_rate(self, envelope: Envelope[FxMark]) -> Answer:
        rate = envelope.payload
        if rate.rate.is_finite() and rate.rate > 0:
            self.state.prices.rates[rate.currency] = Rate(value=rate.rate, at_ns=envelope.at_ns)
        return ()

    def _on_feed(self, envelope: Envelope[FeedStatus]) -> Answer:
        status = envelope.payload
        if status.symbols:
            self.state.feeds.update(dict.fromkeys(status.symbols, status.state))
        else:
            self.state.feeds = {"": status.state}
        return ()

    def _on_snapshot(self, envelope: Envelope[VenueSnapshot]) -> Answer:
        """The opening; after it positions change only by executions, which the ledger says."""
        if not self.state.opened:
            self.state.opened = True
            for symbol, quantity in envelope.payload.positions.items():
                self._hold(symbol, quantity, envelope.at_ns)
        return ()

    def _on_position(self, envelope: Envelope[Position]) -> Answer:
        self._hold(envelope.payload.symbol, envelope.payload.quantity, envelope.at_ns)
        return ()

    def _hold(self, symbol: str, quantity: Money, at_ns: Nanos) -> None:
        state = self.state
        state.stuck.pop(symbol, None)
        if quantity:
            state.positions[symbol] = quantity
            state.since_ns.setdefault(symbol, at_ns)
            return
        for known in (state.positions, state.since_ns, state.unselected, state.flat_refused):
            known.pop(symbol, None)

    def _on_equity(self, envelope: Envelope[Equity]) -> Answer:
        self.state.equity = envelope.payload
        self.state.equity_ns, self.state.equity_seq = envelope.at_ns, envelope.seq
        return ()

    def _on_order(self, envelope: Envelope[OrderState]) -> Answer:
        order = envelope.payload
        closing = self.state.positions.get(order.symbol, NONE) * sign(order.side) < 0
        if order.state == "REJECTED" and closing:
            self.state.stuck[order.symbol] = order.reason
        if order.open > 0:
            self.state.orders[order.client_id] = order
        else:
            self.state.orders.pop(order.client_id, None)
        return ()

    def _on_gate(self, envelope: Envelope[GateState]) -> Answer:
        self.state.gate = envelope.payload
        return ()

    def _on_slate(self, envelope: Envelope[Slate]) -> Answer:
        self.state.slate = envelope.payload
        self.state.slate_ns, self.state.slate_seq = envelope.at_ns, envelope.seq
        return ()

    def _on_regime(self, envelope: Envelope[RegimeState]) -> Answer:
        self.state.regime = envelope.payload
        return ()

    def _on_drift(self, envelope: Envelope[DriftState]) -> Answer:
        self.state.drift = envelope.payload
        return ()

    def _on_plan(self, envelope: Envelope[AllocationPlan]) -> Answer:
        self.state.plan, self.state.plan_seq = envelope.payload, envelope.seq
        return ()
