"""What a run came to: a tap that counts, and the one JSON object that `run --json` prints."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np

from contracts.account import Equity, Position
from contracts.belief import FeatureFrame, SignalFrame
from contracts.decision import DecisionLog, GateState, Intent, Refusal, Selection
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import ActorFailed, ActorRestarted, Beat, GatewayFailed
from contracts.market import UniverseChanged
from contracts.topics import DECISIVE
from contracts.trade import Execution, Order, OrderState, VenueSnapshot
from runtime.replay import DecisionHash

COUNTED: Final[dict[type[msgspec.Struct], str]] = {
    DecisionLog: "decisions",
    Intent: "intents",
    Refusal: "refusals",
    Order: "orders",
    Execution: "fills",
    ActorRestarted: "restarts",
    ActorFailed: "failures",
    Beat: "beats",
}


class Report:
    """Counts what is said and keeps the last of what describes the account."""

    kinds: Final[tuple[type[msgspec.Struct], ...]] = (
        *COUNTED,
        SignalFrame,
        FeatureFrame,
        Equity,
        GateState,
        GatewayFailed,
        OrderState,
        Position,
        Selection,
        UniverseChanged,
        VenueSnapshot,
    )

    def __init__(self) -> None:
        self.counts = dict.fromkeys((*COUNTED.values(), "signals", "gateway_failures"), 0)
        self.refused: dict[str, int] = {}
        self.cold: tuple[str, ...] = ()
        self.equity: Equity | None = None
        self.state: GateState | None = None
        self.universe: Universe | None = None
        self.orders: dict[str, OrderState] = {}
        self.positions: dict[str, Position] = {}
        self.held: dict[str, Decimal] = {}
        self.hash = DecisionHash()
        reactions: dict[type[msgspec.Struct], Callable[[Any], None]] = {
            SignalFrame: self._count_signals,
            FeatureFrame: self._keep_cold,
            Refusal: self._count_reasons,
            Equity: self._keep_equity,
            GateState: self._keep_state,
            GatewayFailed: self._count_failure,
            OrderState: self._keep,
            UniverseChanged: self._keep_universe,
            Position: self._hold,
            VenueSnapshot: self._hold,
        }
        self._of_kind = {kind: (COUNTED.get(kind), kind in DECISIVE, reactions.get(kind)) for kind in self.kinds}

    def __call__(self, envelope: Envelope[Any]) -> None:
        """Take one message, of one of the `kinds`."""
        payload = envelope.payload
        counted, decisive, reaction = self._of_kind[type(payload)]
        if counted is not None:
            self.counts[counted] += 1
        if decisive:
            self.hash.add(payload)
        if reaction is not None:
            reaction(payload)

    def _count_signals(self, frame: SignalFrame) -> None:
        self.counts["signals"] += int(np.isfinite(frame.mu.values).sum())

    def _keep_cold(self, frame: FeatureFrame) -> None:
        self.cold = frame.cold

    def _keep_equity(self, equity: Equity) -> None:
        self.equity = equity

    def _keep_state(self, state: GateState) -> None:
        self.state = state

    def _count_failure(self, failed: GatewayFailed) -> None:
        self.counts["gateway_failures"] += 1

    def _keep_universe(self, changed: UniverseChanged) -> None:
        self.universe = changed.universe

    def _hold(self, said: Position | VenueSnapshot) -> None:
        """What is held is told by bookings, and of the time before this process by the venue alone."""
        if isinstance(said, Position):
            self.positions[said.symbol] = said
            self.held[said.symbol] = said.quantity
        else:
            self.held = dict(said.positions)

    def is_flat(self) -> bool:
        """Whether no position is open, those included that were there before this process was."""
        return not any(self.held.values())

    def as_json(self) -> dict[str, Any]:
        """The counts, and where the account stands; money as text."""
        equity = self.equity
        return {
            **self.counts,
            "refusals_by_control": dict(sorted(self.refused.items())),
            "equity_eur": None if equity is None else str(equity.equity),
            "currency": None if equity is None else equity.currency,
            "equity_complete": None if equity is None else equity.complete,
            "state": None if self.state is None else self.state.state,
            "reasons": () if self.state is None else self.state.reasons,
            "cold": self.cold,
            "decision_hash": self.hash.hexdigest(),
        }

    def _count_reasons(self, refusal: Refusal) -> None:
        for reason in refusal.reasons:
            self.refused[reason.control] = self.refused.get(reason.control, 0) + 1

    def _keep(self, state: OrderState) -> None:
        """Alive orders only, so that a year of orders takes no memory."""
        if state.open > 0:
            self.orders[state.client_id] = state
        else:
            self.orders.pop(state.client_id, None)
