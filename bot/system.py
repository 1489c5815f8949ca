"""A running system: gateways under supervision around one bus, until somebody asks for the end."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from bot.builder import Assembly, GatewayPart
from bot.report import Report
from contracts.decision import GateState
from contracts.envelope import Envelope
from contracts.life import ActorFailed, GatewayFailed, RunStopped, Stopping, StopPolicy
from contracts.ports import JournalFailed, VenueSilent
from contracts.quantities import SECOND_NS
from contracts.topics import topic_of
from runtime.actor import Admit, Gateway
from runtime.bus import Misspoken
from runtime.outlet import Outlet
from runtime.supervisor import Supervisor

EXIT_OK: Final = 0
EXIT_MISMATCH: Final = 7
EXIT_GAVE_UP: Final = 9
EXIT_TEMPORARY: Final = 75

DRAIN_STEP_S: Final = 0.05
DRAIN_SHARE: Final = 0.7
HANGING_SHARE: Final = 0.1
"""Of the time an end may take; what is left is for cancelling at the venue what the drain could not."""

CANCEL_RETRY_S: Final = 0.5


class Ending(msgspec.Struct, frozen=True):
    """Why a run ended, and the exit code of its process."""

    reason: str
    exit_code: int


class System:
    """Serves an assembly. `request_stop` ends it in order, within `stop_s`; the first request counts.

    A `dry_run` touches no order at the venue.
    """

    def __init__(
        self,
        assembly: Assembly,
        supervisor: Callable[[Callable[..., None]], Supervisor],
        stop_s: float,
        *,
        dry_run: bool = False,
    ) -> None:
        self.bus = assembly.bus
        self.clock = assembly.outside.clock
        self.report = Report()
        self.supervisor = supervisor(self._gateway_failed)
        self.gateways: dict[str, Gateway] = {}
        self.outlets: dict[str, Outlet] = {}
        self._parts = assembly.gateways
        self._stop_s = stop_s
        self._desk_spent = False
        self._venue = assembly.outside.venue
        self._dry_run = dry_run
        self._ending: Ending | None = None
        self._asked = asyncio.Event()
        self.bus.tap(self.report, Report.kinds)
        self.bus.tap(self._watch_actor, (ActorFailed,))

    @property
    def ending(self) -> Ending | None:
        """Why the run is ending, once it is."""
        return self._ending

    def request_stop(self, reason: str, exit_code: int = EXIT_OK) -> None:
        """Ask for the end; a graver reason than the one given before takes its place."""
        if self._ending is None or (self._ending.exit_code == EXIT_OK and exit_code != EXIT_OK):
            self._ending = Ending(reason, exit_code)
        self._asked.set()

    def leave_the_venue(self) -> None:
        """The account is another process's from now on: this one touches no order any more, at its end neither."""
        self._dry_run = True

    def admit(self, payload: msgspec.Struct) -> Envelope[Any]:
        """Admit a message of the process itself."""
        return self._admit(payload, "process", ("process",))

    def admit_as_venue(self, payload: msgspec.Struct) -> Envelope[Any]:
        """Admit what is proved about an order without asking the venue."""
        return self._admit(payload, "process", ("venue",))

    def admit_as_operator(self, payload: msgspec.Struct) -> Envelope[Any]:
        """Admit an act of a principal."""
        return self._admit(payload, "control", ("operator",))

    async def serve(self, policy: Callable[[], StopPolicy]) -> Ending:
        """Start every gateway, run until asked to end, drain, and say the last word; the journal is still open."""
        for part in self._parts:
            self.supervisor.spawn(part.name, self._serving(part), part.group)
        self.supervisor.spawn_once("giving-up", self._await_giving_up)
        await self._asked.wait()
        assert self._ending is not None
        asked_ns, chosen = self.clock.now(), policy()
        if self._ending.exit_code == EXIT_OK:
            await self._drain(chosen)
        hanging = await self.supervisor.shutdown(HANGING_SHARE * self._stop_s)
        if self._abandons_orders(chosen):
            await self._cancel_all(self._stop_s - (self.clock.now() - asked_ns) / SECOND_NS)
        if chosen == "flatten" and not self.report.is_flat():
            left = f"{self._ending.reason}; asked to flatten, but positions are open"
            self._ending = Ending(left, self._ending.exit_code or EXIT_TEMPORARY)
        return self._said_last(hanging)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Orders whose end is not known: a run with any is left open, so that its next process asks for them.

        A desk that gave up would give up again: its orders are for whoever reads why.
        """
        return () if self._desk_spent else tuple(sorted(self.report.orders))

    def _serving(self, part: GatewayPart) -> Callable[[], Any]:
        async def serve() -> None:
            gateway = part.factory()
            outlet = Outlet(part.name, part.capacity)
            self.gateways[part.name], self.outlets[part.name] = gateway, outlet
            self.bus.connect(outlet, gateway.inputs)
            try:
                await gateway.run(outlet, self._admit_of(part.name, (gateway.role, *gateway.also)))
            finally:
                self.bus.disconnect(outlet)
                outlet.closed = True

        return serve

    def _admit_of(self, source: str, roles: tuple[str, ...]) -> Admit:
        def admit(payload: msgspec.Struct) -> Envelope[Any]:
            return self._admit(payload, source, roles)

        return admit

    def _admit(self, payload: msgspec.Struct, source: str, roles: tuple[str, ...]) -> Envelope[Any]:
        if topic_of(payload).author not in roles:
            raise Misspoken(f"{source} admitted {type(payload).__name__}, which is for {topic_of(payload).author}")
        try:
            return self.bus.admit(payload, source)
        except JournalFailed as error:
            self.request_stop(f"{error}; free or mend the disk and start again", EXIT_TEMPORARY)
            raise

    def _gateway_failed(self, failure: GatewayFailed, error: BaseException | None) -> None:
        if isinstance(error, JournalFailed):
            self.request_stop(f"{error}; free or mend the disk and start again", EXIT_TEMPORARY)
            return
        self.admit(failure)
        if failure.spent and failure.group == "orders":
            # HALTED alone would leave open orders to themselves: nobody is left who could cancel them.
            self.request_stop(f"{failure.gateway} gave up: {failure.error}", EXIT_GAVE_UP)

    def _watch_actor(self, envelope: Envelope[Any]) -> None:
        failed: ActorFailed = envelope.payload
        if failed.spent and failed.group == "desk":
            self._desk_spent = True
            self.request_stop(f"{failed.actor} of the desk gave up: {failed.error}", EXIT_GAVE_UP)

    async def _await_giving_up(self) -> None:
        failure = await self.supervisor.gave_up()
        self.request_stop(f"{failure.gateway} gave up: {failure.error}", EXIT_GAVE_UP)

    async def _drain(self, policy: StopPolicy) -> None:
        """No new risk, then wait until nothing is in flight; the deadline holds whatever the venue does."""
        assert self._ending is not None
        deadline_ns = self.clock.now() + round(DRAIN_SHARE * self._stop_s * SECOND_NS)
        self.admit(Stopping(policy, self._ending.reason))
        while self.clock.now() < deadline_ns and not self._at_rest(policy):
            await self.clock.sleep_until(self.clock.now() + round(DRAIN_STEP_S * SECOND_NS))

    def _abandons_orders(self, policy: StopPolicy) -> bool:
        """Whether nobody looks after open orders any more: the drain was too short, or there was none."""
        assert self._ending is not None
        unresolved = self._ending.exit_code != EXIT_OK or (policy != "keep" and bool(self.report.orders))
        return unresolved and not self._dry_run

    async def _cancel_all(self, within_s: float) -> None:
        """Have the venue cancel every open order."""
        assert self._ending is not None
        try:
            async with asyncio.timeout(within_s):
                await self._insist_on_cancelling()
            outcome = "the venue cancelled all open orders"
        except TimeoutError:
            outcome = "the venue did not confirm that it cancelled the open orders, look there"
            self._ending = Ending(self._ending.reason, self._ending.exit_code or EXIT_TEMPORARY)
        self._ending = Ending(f"{self._ending.reason}; {outcome}", self._ending.exit_code)

    async def _insist_on_cancelling(self) -> None:
        while True:
            try:
                await self._venue.cancel_all()
            except VenueSilent:
                await asyncio.sleep(CANCEL_RETRY_S)
            else:
                return

    def _at_rest(self, policy: StopPolicy) -> bool:
        alive = self.report.orders.values()
        if policy == "keep":
            return all(order.state == "OPEN" for order in alive)
        flat = policy != "flatten" or self.report.is_flat()
        return not alive and flat

    def _said_last(self, hanging: tuple[str, ...]) -> Ending:
        assert self._ending is not None
        if hanging:
            self._ending = Ending(
                f"{self._ending.reason}; tasks that hung: {', '.join(hanging)}", self._ending.exit_code
            )
        state: GateState | None = self.report.state
        if self._ending.exit_code == EXIT_OK and state is not None and "mismatch" in state.latches:
            self._ending = Ending("the venue's books differ from ours, a human must look", EXIT_MISMATCH)
        try:
            self.bus.admit(RunStopped(self._ending.reason, self._ending.exit_code), "process")
        except JournalFailed:
            return self._ending
        return self._ending
