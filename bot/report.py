"""What a run came to: a tap that counts, and the one JSON object that `run --json` prints."""

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

    def __call__(self, envelope: Envelope[Any]) -> None:
        """Take one message."""
        payload = envelope.payload
        self._count(payload)
        match payload:
            case SignalFrame():
                self.counts["signals"] += int(np.isfinite(payload.mu.values).sum())
            case FeatureFrame():
                self.cold = payload.cold
            case Refusal():
                self._count_reasons(payload)
            case Equity():
                self.equity = payload
            case GateState():
                self.state = payload
            case GatewayFailed():
                self.counts["gateway_failures"] += 1
            case OrderState():
                self._keep(payload)
            case UniverseChanged():
                self.universe = payload.universe
            case Position() | VenueSnapshot():
                self._hold(payload)

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

    def _count(self, payload: msgspec.Struct) -> None:
        self.hash.add(payload)
        counted = COUNTED.get(type(payload))
        if counted is not None:
            self.counts[counted] += 1

    def _count_reasons(self, refusal: Refusal) -> None:
        for reason in refusal.reasons:
            self.refused[reason.control] = self.refused.get(reason.control, 0) + 1

    def _keep(self, state: OrderState) -> None:
        """Alive orders only, so that a year of orders takes no memory."""
        if state.open > 0:
            self.orders[state.client_id] = state
        else:
            self.orders.pop(state.client_id, None)
