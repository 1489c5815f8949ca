"""The execution desk owns every order from its intent until the venue has proved its end.

An intent becomes one order under a derived name, one in flight per instrument. A venue's silence makes it UNKNOWN:
its exposure stays reserved and it is asked for at growing intervals. Fills are made unique here and nowhere else.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from actors.execution import answers
from actors.execution.care import DeskSettings, look_after
from actors.execution.intents import objections, order_of
from actors.execution.memory import Memory
from actors.execution.orders import Tracked, adopted, sending, unsent
from actors.reacting import Answer, Reacting, Reaction
from contracts.decision import GateState, Intent
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat, RunStarted, Stopping
from contracts.market import UniverseChanged
from contracts.quantities import Nanos
from contracts.trade import (
    CancelRejected,
    Execution,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderNotSent,
    OrderRejected,
    OrderReport,
    OrderUnknown,
    VenueSnapshot,
)

Change = Callable[[Tracked, Nanos], None]


class DeskState(msgspec.Struct, kw_only=True):
    """The whole desk."""

    account_epoch: int = 0
    gate: GateState = GateState("RECOVERING", (), ())
    universe: Universe | None = None
    keeping: bool = False
    memory: Memory = msgspec.field(default_factory=Memory)


class ExecutionDesk(Reacting[DeskState]):
    """Orders as state machines; the only author of orders, order states and executions."""

    role = "desk"
    kept = DeskState
    beats = ("second",)
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        RunStarted,
        UniverseChanged,
        GateState,
        Intent,
        OrderAccepted,
        OrderRejected,
        OrderUnknown,
        OrderNotSent,
        OrderCancelled,
        CancelRejected,
        OrderReport,
        Fill,
        VenueSnapshot,
        Stopping,
        Beat,
    )

    def __init__(self, settings: DeskSettings) -> None:
        self._settings = settings
        super().__init__(DeskState())

    def reactions(self) -> dict[type[msgspec.Struct], Reaction]:
        return {
            RunStarted: self._on_start,
            UniverseChanged: self._on_universe,
            GateState: self._on_gate,
            Intent: self._on_intent,
            OrderAccepted: self._on_answer,
            OrderRejected: self._on_answer,
            OrderUnknown: self._on_answer,
            OrderNotSent: self._on_answer,
            OrderCancelled: self._on_answer,
            CancelRejected: self._on_answer,
            OrderReport: self._on_answer,
            Fill: self._on_fill,
            VenueSnapshot: self._on_snapshot,
            Stopping: self._on_stopping,
            Beat: self._on_beat,
        }

    def check(self) -> None:
        """Every order's own invariants, and at most one of ours in flight per instrument (I3)."""
        self.state.memory.check()

    def _on_start(self, envelope: Envelope[RunStarted]) -> Answer:
        self.state.account_epoch = envelope.payload.account_epoch
        self.state.keeping = False
        if envelope.payload.epoch > 1:
            for tracked in list(self.state.memory.working.values()):
                yield from self._changed(tracked, self._restarted, envelope.at_ns)
        yield from self._look_after(envelope.at_ns)

    def _restarted(self, tracked: Tracked, at_ns: Nanos) -> None:
        tracked.asks_from(at_ns)
        if tracked.state == "SENDING":
            tracked.step("UNKNOWN", "the process ended while it was being sent")

    def _on_universe(self, envelope: Envelope[UniverseChanged]) -> Answer:
        self.state.universe = envelope.payload.universe
        return ()

    def _on_gate(self, envelope: Envelope[GateState]) -> Answer:
        self.state.gate = envelope.payload
        return self._look_after(envelope.at_ns)

    def _on_intent(self, envelope: Envelope[Intent]) -> Answer:
        state = self.state
        order = order_of(envelope, state.account_epoch)
        version = envelope.payload.instrument_version
        no = objections(order, version, state.account_epoch, state.gate, state.universe, state.memory, envelope.at_ns)
        if no:
            return [unsent(order, "; ".join(no))]
        tracked = sending(order, envelope.at_ns)
        state.memory.take(tracked)
        return [order, tracked.view()]

    def _on_answer(self, envelope: Envelope[Any]) -> Answer:
        tracked = self.state.memory.find(envelope.payload.client_id)
        if tracked is None:
            self.state.memory.ignore(f"{type(envelope.payload).__name__}_of_unknown_order")
            return []
        before = tracked.standing
        _apply(tracked, envelope.payload, envelope.at_ns)
        self.state.memory.take(tracked)
        return [tracked.view()] if tracked.standing != before else []

    def _on_fill(self, envelope: Envelope[Fill]) -> Answer:
        fill, memory = envelope.payload, self.state.memory
        tracked = memory.find(fill.client_id)
        if not memory.is_new(fill, tracked):
            return []
        late = tracked is not None and not tracked.alive
        if tracked is not None:
            answers.filled(tracked, fill.trade_id, fill.quantity, envelope.at_ns)
            memory.take(tracked)
        execution = Execution(
            client_id=fill.client_id,
            symbol=fill.symbol,
            trade_id=fill.trade_id,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
            late=late,
            external=tracked is None or tracked.external,
            fill_seq=envelope.seq,
        )
        return [execution] if tracked is None else [execution, tracked.view()]

    def _on_snapshot(self, envelope: Envelope[VenueSnapshot]) -> Answer:
        snapshot, memory = envelope.payload, self.state.memory
        memory.opened_ns = memory.opened_ns or snapshot.asked_ns
        resting = {each.client_id: each for each in snapshot.open_orders}
        for client_id, order in resting.items():
            tracked = memory.find(client_id)
            if tracked is None:
                memory.take(adopted(order, envelope.at_ns))
                yield memory.working[client_id].view()
            elif snapshot.asked_ns >= tracked.commanded_ns:
                yield from self._changed(tracked, answers.seen_open, envelope.at_ns)
        for client_id, tracked in list(memory.working.items()):
            gone = tracked.acknowledged and snapshot.asked_ns >= tracked.commanded_ns and client_id not in resting
            if gone and tracked.alive and not tracked.query_ns:
                # Missing is no proof of an end: it may have filled since. It is asked for, never dropped.
                tracked.asks_from(envelope.at_ns)
        yield from self._look_after(envelope.at_ns)

    def _on_beat(self, envelope: Envelope[Beat]) -> Answer:
        if envelope.payload.kind != "second":
            return []
        return self._look_after(envelope.at_ns)

    def _changed(self, tracked: Tracked, change: Change, at_ns: Nanos) -> Answer:
        before = tracked.standing
        change(tracked, at_ns)
        self.state.memory.take(tracked)
        if tracked.standing != before:
            yield tracked.view()

    def _on_stopping(self, envelope: Envelope[Stopping]) -> Answer:
        self.state.keeping = envelope.payload.policy == "keep"
        return ()

    def _look_after(self, at_ns: Nanos) -> Answer:
        for tracked in list(self.state.memory.working.values()):
            before = tracked.standing
            said = look_after(tracked, self.state.gate, self._settings, at_ns, keeping=self.state.keeping)
            if tracked.standing != before:
                yield tracked.view()
            yield from said


def _apply(tracked: Tracked, answer: Any, at_ns: Nanos) -> None:
    match answer:
        case OrderAccepted(venue_id=venue_id):
            answers.accepted(tracked, venue_id, at_ns)
        case OrderRejected(reason=reason):
            answers.rejected(tracked, reason, at_ns)
        case OrderUnknown(reason=reason):
            answers.silent(tracked, reason, at_ns)
        case OrderNotSent(reason=reason):
            answers.not_sent(tracked, reason, at_ns)
        case OrderCancelled(filled=filled):
            answers.cancelled(tracked, filled, at_ns)
        case CancelRejected(reason=reason):
            answers.cancel_refused(tracked, reason, at_ns)
        case OrderReport():
            answers.reported(tracked, answer, at_ns)
