"""What a daemon does beside trading: snapshots, flushes, health, control, the watch over its loop, its time limit."""

import asyncio
from typing import Final

from bot.last_word import last_word
from bot.logging import utc
from bot.measures import Measures
from bot.mirror.measuring import MirrorWatch
from bot.opening import OpenRun
from bot.profile import Profile
from bot.recovery import store_image
from bot.system import System
from bot.worlds import World
from contracts.decision import Flatten, Halt, Resume
from contracts.life import ClockStepped, LoopStalled, StopPolicy
from contracts.quantities import SECOND_NS
from runtime.clock import WallClock
from runtime.control import Control, Handler, Request, Response
from runtime.health import HealthServer, StatusBoard
from runtime.watchdog import NOTHING, Heartbeat, InHand, Watchdog

PUBLISH_S: Final = 0.5
POLICIES: Final[tuple[StopPolicy, ...]] = ("keep", "cancel", "flatten")


class Housekeeping:
    """Opens with the run and closes with it; on a virtual clock only snapshots and the time limit remain."""

    def __init__(self, profile: Profile, opened: OpenRun, system: System, world: World) -> None:
        self._profile = profile
        self._opened = opened
        self._system = system
        self._world = world
        self._heartbeat: Heartbeat | None = None
        self._watchdog: Watchdog | None = None
        self._health: HealthServer | None = None
        self._board = StatusBoard()
        self._measures = Measures(system, opened)
        self._mirror = MirrorWatch(profile, opened.directory)
        self.policy: StopPolicy = profile.process.on_stop

    def open(self, duration_s: float | None) -> None:
        """Start everything; raises PortInUse when the health port is taken."""
        spawn = self._system.supervisor.spawn
        if not self._world.virtual:
            self._watch()
            spawn("publisher", self._publish, "stores")
            spawn("flusher", self._flush, "stores")
            control = Control(self._opened.directory, self._verbs())
            spawn("control", control.serve, "control")
        spawn("snapshots", self._snapshot, "stores")
        if duration_s is not None:
            spawn("time-limit", lambda: self._end_after(duration_s), "stores")

    def close(self) -> None:
        """End the threads."""
        if self._health is not None:
            self._health.close()
        if self._watchdog is not None:
            self._watchdog.stop()
        if self._heartbeat is not None:
            self._heartbeat.stop()

    @property
    def health_port(self) -> int | None:
        """Where health is served, once it is."""
        return None if self._health is None else self._health.port

    def lagging(self) -> bool:
        """Whether the loop is or was late: nothing may be sent."""
        return self._watchdog is not None and self._watchdog.lagging

    def _watch(self) -> None:
        process, health = self._profile.process, self._profile.health
        self._heartbeat = Heartbeat(asyncio.get_running_loop())
        self._health = HealthServer(
            self._board,
            self._heartbeat.lag_s,
            self._measures.metrics.exposition,
            host=health.host,
            port=health.port,
            lag_s_max=health.lag_s_max,
            allow_remote=health.allow_remote,
        )
        self._watchdog = Watchdog(
            self._heartbeat,
            self._opened.directory,
            self._in_hand,
            lag_s_max=process.lag_s_max,
            stall_s_max=process.stall_s_max,
            end=last_word(self._opened.directory, process.stall_s_max),
        )

    def _in_hand(self) -> InHand:
        envelope = self._system.bus.in_hand
        if envelope is None:
            return NOTHING
        return InHand(seq=envelope.seq, what=type(envelope.payload).__name__)

    async def _publish(self) -> None:
        """Twice a second: figures and status for the other threads, and what the watch has seen for the record."""
        assert self._heartbeat is not None and self._watchdog is not None
        while True:
            # The loop is never late at the moment it says so: what counts is the worst since the last time.
            self._board.publish(self._measures.look(self._heartbeat.worst_s))
            self._mirror.measure(self._measures.metrics)
            lag_s = self._watchdog.take_lag()
            if lag_s > 0:
                self._system.admit(LoopStalled(lag_s))
                self._measures.metrics.single("bot_loop_stalls_total").value += 1
            clock = self._world.clock
            stepped_ns = clock.stepped() if isinstance(clock, WallClock) else 0
            if stepped_ns:
                self._measures.metrics.single("bot_clock_skew_seconds").value = stepped_ns / SECOND_NS
                self._system.admit(ClockStepped(-stepped_ns))
            await asyncio.sleep(PUBLISH_S)

    async def _flush(self) -> None:
        """Market rows wait at most this long before the operating system has them."""
        while True:
            await asyncio.sleep(self._profile.process.flush_s)
            self._opened.journal.flush()

    async def _snapshot(self) -> None:
        clock, every_ns = self._world.clock, round(self._profile.process.snapshot_s * SECOND_NS)
        while True:
            await clock.sleep_until(clock.now() + every_ns)
            image = self._system.bus.image()
            if image is not None:
                # A disk that is slow to sync must not hold up the loop: the watchdog would take it for a hanging turn.
                await self._opened.journal.durable(image.seq)
                await asyncio.to_thread(store_image, image, self._opened.snapshots)

    async def _end_after(self, duration_s: float) -> None:
        clock = self._world.clock
        await clock.sleep_until(clock.now() + round(duration_s * SECOND_NS))
        self._system.request_stop(f"ran for {duration_s:g} s")
        await asyncio.Event().wait()

    def _verbs(self) -> dict[str, Handler]:
        return {
            "status": self._on_status,
            "stop": self._on_stop,
            "halt": self._on_halt,
            "resume": self._on_resume,
            "flatten": self._on_flatten,
        }

    def _on_status(self, request: Request) -> Response:
        report, bus = self._system.report, self._system.bus
        positions = {name: str(each.quantity) for name, each in report.positions.items() if each.quantity}
        return Response(
            result={
                "run": self._opened.name,
                "at": utc(self._world.clock.now()),
                "last_message_at": utc(bus.at_ns),
                "turns": bus.turn,
                "health_port": self.health_port,
                "tasks": len(asyncio.all_tasks()),
                "missing": self._system.supervisor.missing,
                **report.as_json(),
                "positions": positions,
                "open_orders": sorted(report.orders),
                "mirror": self._mirror.told(),
            }
        )

    def _on_stop(self, request: Request) -> Response:
        policy = request.fields.get("policy") or self.policy
        if policy not in POLICIES:
            return Response(error=f"policy was {policy!r}, expected one of {', '.join(POLICIES)}")
        self.policy = policy
        self._system.request_stop(f"asked by {_principal(request)}")
        return Response(result={"said": f"stopping with on_stop={policy}, at most {self._profile.process.drain_s:g} s"})

    def _on_halt(self, request: Request) -> Response:
        self._system.admit_as_operator(Halt(_principal(request), _reason(request)))
        return Response(result={"said": "halted: no new order until `bot resume`"})

    def _on_resume(self, request: Request) -> Response:
        self._system.admit_as_operator(Resume(_principal(request), _reason(request)))
        return Response(result={"said": "latches cleared"})

    def _on_flatten(self, request: Request) -> Response:
        self._system.admit_as_operator(Flatten(_principal(request), _reason(request)))
        return Response(result={"said": "flattening: every position is closed, nothing new is opened"})


def _principal(request: Request) -> str:
    return f"uid {request.principal.uid}"


def _reason(request: Request) -> str:
    return str(request.fields.get("reason", ""))
