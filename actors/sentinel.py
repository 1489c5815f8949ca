"""The sentinel says what the account may do, from RECOVERING to TRADING to HALTED, and every reason why.

Latches (a human's halt, the daily loss, the drawdown, repeated fills, rejects, a mismatch, an impossible fill) are part
of its state: they survive restarts and midnight, and only a principal's `Resume` clears them.
"""

from typing import Any, ClassVar, Final

import msgspec

from actors.execution.answers import TWICE
from actors.execution.exact import plain
from actors.reacting import Answer, Reacting, Reaction
from actors.risk.account import HALTING, SentinelSettings, SentinelState, judge, stands_until, too_much_lost
from actors.risk.breakers import Recent, Verdicts
from actors.risk.fills import insane, is_strange
from actors.risk.windows import Window, parse_window
from contracts.account import Equity
from contracts.decision import Flatten, Halt, Resume
from contracts.envelope import Envelope
from contracts.life import ActorFailed, Beat, ClockStepped, GatewayFailed, LoopStalled, RunStarted, Stopping
from contracts.market import FeedStatus, MarkFrame, UniverseChanged
from contracts.quantities import Nanos, nanos, seconds
from contracts.trade import (
    Execution,
    OrderAccepted,
    OrderRejected,
    OrderState,
    Reconciled,
    VenueSnapshot,
    VenueStatus,
)

FLATTEN: Final = "flatten"
"""The latch of a principal's `Flatten`; a process that ends flat sets it too, and its successor takes it away."""

GATEWAYS: Final = ("feeds", "orders")
"""Groups that every process starts anew; the cell of an actor that was given up is recovered as it was."""

MISMATCH_APART_S: Final = 10.0
"""C18: a disagreeing settled snapshot stops new orders; another this long after it, without agreement between, halts.

A reconnect can ask twice within a second, and a venue may read from a replica that is that far behind.
"""

FREQUENT: Final = dict.fromkeys((Beat, MarkFrame, Equity, OrderState, Execution, OrderAccepted))
"""Of these a judgement can learn a latch, that time stands still or that equity is complete, and nothing else."""


class Sentinel(Reacting[SentinelState]):
    """One state of the account out of everything that can go wrong with it."""

    role = "sentinel"
    kept = SentinelState
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        RunStarted,
        UniverseChanged,
        MarkFrame,
        FeedStatus,
        VenueStatus,
        VenueSnapshot,
        Reconciled,
        Equity,
        OrderAccepted,
        OrderRejected,
        OrderState,
        Execution,
        Halt,
        Resume,
        Flatten,
        ActorFailed,
        GatewayFailed,
        LoopStalled,
        ClockStepped,
        Stopping,
        Beat,
    )

    def __init__(self, settings: SentinelSettings) -> None:
        self._settings = settings
        self._windows: tuple[Window, ...] = tuple(parse_window(text) for text in settings.windows)
        super().__init__(SentinelState())

    def reactions(self) -> dict[type[msgspec.Struct], Reaction]:
        heard = (
            self._on_start,
            self._on_universe,
            self._on_marks,
            self._on_feed,
            self._on_venue,
            self._on_snapshot,
            self._on_reconciled,
            self._on_equity,
            self._on_accepted,
            self._on_rejected,
            self._on_order,
            self._on_execution,
            self._on_halt,
            self._on_resume,
            self._on_flatten,
            self._on_actor_failed,
            self._on_gateway_failed,
            self._on_stall,
            self._on_clock,
            self._on_stopping,
            self._on_beat,
        )
        return dict(zip(self.inputs, heard, strict=True))

    def derive(self) -> None:
        self._heard_ns = self._judged_ns = self._stands_ns = 0
        self._weighed: tuple[Equity | None, dict[str, str]] = (None, {})

    def receive(self, envelope: Envelope[Any]) -> Answer:
        """Take the message, then say the state if it or a reason has changed."""
        state, kind, at_ns = self.state, type(envelope.payload), envelope.at_ns
        self._heard_ns = at_ns
        self._reactions[kind](envelope)
        if kind in FREQUENT and self._judged_ns <= at_ns < self._stands_ns:
            return ()
        self._judged_ns, self._stands_ns = at_ns, stands_until(state, self._windows, at_ns)
        now = judge(state, self._windows, at_ns)
        if now == state.said and kind is not RunStarted:
            return ()
        state.said = now
        return (now,)

    def check(self) -> None:
        """What was said follows from the state: a halting latch is never said as anything but HALTED (I12)."""
        said = self.state.said
        assert said is not None
        assert said == judge(self.state, self._windows, self._heard_ns), "a judgement stood that is none any more"
        assert said.latches == tuple(self.state.latches)
        assert said.state == "HALTED" or not any(name in HALTING for name in self.state.latches)

    def _latch(self, name: str, text: str) -> None:
        if name not in self.state.latches:
            self.state.latches[name], self._stands_ns = text, 0

    def _on_start(self, envelope: Envelope[RunStarted]) -> Answer:
        """What a dead process knew of connections and stalls says nothing now; latches and spent actors stay."""
        state = self.state
        state.started, state.account_epoch = True, envelope.payload.account_epoch
        state.recovering, state.reconciled = envelope.payload.epoch > 1, False
        state.feeds, state.venues = {}, {}
        state.spent = {name: group for name, group in state.spent.items() if group not in GATEWAYS}
        state.quiet, state.quiet_until_ns = "", 0
        if state.latches.get(FLATTEN) == state.stopping:
            del state.latches[FLATTEN]
        state.stopping = ""
        return ()

    def _on_universe(self, envelope: Envelope[UniverseChanged]) -> Answer:
        self.state.prices.turn_to(envelope.payload.universe)
        return ()

    def _on_marks(self, envelope: Envelope[MarkFrame]) -> Answer:
        self.state.prices.hear(envelope.payload)
        return ()

    def _on_feed(self, envelope: Envelope[FeedStatus]) -> Answer:
        status = envelope.payload
        known = self.state.feeds.setdefault(status.feed, {})
        known.update(dict.fromkeys(status.symbols or (*known, ""), status.state))
        return ()

    def _on_venue(self, envelope: Envelope[VenueStatus]) -> Answer:
        status = envelope.payload
        self.state.venues[status.venue] = status.state
        if status.state != "live":
            # What happened while the connection was away must be proved as after a start.
            self.state.reconciled = False
        return ()

    def _on_snapshot(self, envelope: Envelope[VenueSnapshot]) -> Answer:
        self.state.recovering = False
        return ()

    def _on_reconciled(self, envelope: Envelope[Reconciled]) -> Answer:
        state, reconciled = self.state, envelope.payload
        if reconciled.agreed:
            state.reconciled, state.mismatch_ns = True, 0
        elif reconciled.settled:
            state.reconciled = False
            state.mismatch_ns = state.mismatch_ns or envelope.at_ns
            if envelope.at_ns - state.mismatch_ns >= nanos(MISMATCH_APART_S):
                self._latch("mismatch", f"books and venue differ: {'; '.join(reconciled.mismatches)}")
        return ()

    def _on_equity(self, envelope: Envelope[Equity]) -> Answer:
        state, equity = self.state, envelope.payload
        if equity is not self._weighed[0]:  # the ledger says an account at rest in the same words
            self._weighed = equity, too_much_lost(equity, self._settings)
        if equity.complete != state.equity_complete:
            state.equity_complete, self._stands_ns = equity.complete, 0
        for name, text in self._weighed[1].items():
            self._latch(name, text)
        return ()

    def _on_accepted(self, envelope: Envelope[OrderAccepted]) -> Answer:
        self.state.verdicts.add(True, self._settings.rejects_window)
        return ()

    def _on_rejected(self, envelope: Envelope[OrderRejected]) -> Answer:
        settings, verdicts = self._settings, self.state.verdicts
        verdicts.add(False, settings.rejects_window)
        tripped = verdicts.tripped(settings.rejects_in_row_max, settings.rejects_ratio_max, settings.rejects_window)
        if tripped:
            self._latch("rejects", tripped)
        return ()

    def _on_order(self, envelope: Envelope[OrderState]) -> Answer:
        order, settings = envelope.payload, self._settings
        if order.state == "SENDING":
            count = self.state.orders.count(envelope.at_ns, nanos(settings.repeat_window_s), settings.orders_max)
            if count > settings.orders_max:
                self._latch(
                    "repeats", f"{count} orders in {settings.repeat_window_s:.0f} s, at most {settings.orders_max}"
                )
        if order.filled > order.quantity:
            self._latch("fills", f"{order.client_id} filled {plain(order.filled)} of {plain(order.quantity)}")
        if order.state in ("REJECTED", "NOT_SENT") and order.filled:
            self._latch("fills", f"{order.client_id} is {order.state} and filled {plain(order.filled)}")
        if order.reason.startswith(TWICE):
            self._latch("fills", f"{order.client_id}: {order.reason}")
        return ()

    def _on_execution(self, envelope: Envelope[Execution]) -> Answer:
        execution, settings = envelope.payload, self._settings
        self._repeated("fills", self.state.fills, settings.fills_max, envelope.at_ns)
        if settings.external_halts and is_strange(execution, self.state.account_epoch):
            self._latch("external", f"{execution.client_id} of {execution.symbol} is not ours and was filled")
        impossible = insane(
            execution,
            self.state.prices,
            band_ratio_max=settings.fill_band_ratio_max,
            fee_ratio_max=settings.fee_ratio_max,
        )
        if impossible:
            self._latch("fills", "; ".join(impossible))
        return ()

    def _repeated(self, what: str, recent: Recent, most: int, at_ns: Nanos) -> None:
        window_s = self._settings.repeat_window_s
        count = recent.count(at_ns, nanos(window_s), most)
        if count > most:
            self._latch("repeats", f"{count} {what} in {window_s:.0f} s, at most {most}")

    def _on_halt(self, envelope: Envelope[Halt]) -> Answer:
        self._latch("halt", f"halted by {envelope.payload.principal}: {envelope.payload.reason}")
        return ()

    def _on_resume(self, envelope: Envelope[Resume]) -> Answer:
        state = self.state
        state.latches, state.mismatch_ns = {}, 0
        state.orders, state.fills, state.verdicts = Recent(), Recent(), Verdicts()
        return ()

    def _on_flatten(self, envelope: Envelope[Flatten]) -> Answer:
        self._latch(FLATTEN, f"flattened by {envelope.payload.principal}: {envelope.payload.reason}")
        return ()

    def _on_actor_failed(self, envelope: Envelope[ActorFailed]) -> Answer:
        failed = envelope.payload
        vital = failed.group in ("market", "choice") or (
            failed.group == "beliefs" and failed.actor.startswith("feature")
        )
        if failed.spent and vital:
            self.state.spent[failed.actor] = failed.group
        return ()

    def _on_gateway_failed(self, envelope: Envelope[GatewayFailed]) -> Answer:
        failed = envelope.payload
        if failed.group == "orders":
            self.state.venues = dict.fromkeys(self.state.venues, "down")
            self.state.reconciled = False
        if failed.spent and failed.group in GATEWAYS:
            self.state.spent[failed.gateway] = failed.group
        return ()

    def _on_stall(self, envelope: Envelope[LoopStalled]) -> Answer:
        return self._be_quiet(f"the loop stood still for {envelope.payload.lag_s:.3f} s", envelope.at_ns)

    def _on_clock(self, envelope: Envelope[ClockStepped]) -> Answer:
        back_s = seconds(envelope.payload.back_ns)
        way = "back" if back_s > 0 else "forward"
        return self._be_quiet(f"the clock went {way} by {abs(back_s):.3f} s", envelope.at_ns)

    def _on_stopping(self, envelope: Envelope[Stopping]) -> Answer:
        """No new risk from here on; to end flat is what a principal's `Flatten` does, for this process only."""
        stopping = envelope.payload
        self.state.stopping = f"the process is ending: {stopping.reason}"
        if stopping.policy == "flatten":
            self._latch(FLATTEN, self.state.stopping)
        return ()

    def _be_quiet(self, why: str, at_ns: Nanos) -> Answer:
        self.state.quiet, self.state.quiet_until_ns = why, at_ns + nanos(self._settings.quiet_s)
        return ()

    def _on_beat(self, envelope: Envelope[Beat]) -> Answer:
        """Beats come in passing time; where their instants are equal, the clock went back and the bus holds its own."""
        state, kind, at_ns = self.state, envelope.payload.kind, envelope.at_ns
        still = at_ns <= state.beats.get(kind, 0)
        state.beats[kind] = at_ns
        if still != state.still:
            state.still, self._stands_ns = still, 0
        return ()
