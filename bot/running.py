"""Running a daemon: open the run, recover, serve under watch and health, and close in order whatever happens."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from bot.assemble import Hooks, assemble
from bot.housekeeping import Housekeeping
from bot.mirror.beside import mirrored
from bot.opening import OpenRun, open_run
from bot.own_code import identity_of
from bot.profile import Profile
from bot.recovery import Recovered, survived, take_up
from bot.roles.fitting import ALONE, Fitting
from bot.runs import RunsUnusable
from bot.system import EXIT_OK, EXIT_TEMPORARY, Ending, System
from bot.warm_start import warmed
from bot.worlds import Played, World, opened_recording, recorded_world, simulated_world
from contracts.decision import GateState, Halt
from contracts.envelope import Envelope
from contracts.life import ClockStepped, RunStarted
from contracts.market import Perp, Tick
from contracts.quantities import SECOND_NS
from contracts.trade import OrderNotSent
from quant.quantile_regression import library
from runtime.seeds import Seeds
from runtime.simloop import SimLoop
from runtime.supervisor import Supervisor

FORCED_EXIT: Final = 128

EXIT_ROLE_LOST: Final = 6
ROLE_LOOK_S: Final = 0.2

CLOCK_BEHIND_NS: Final = SECOND_NS
"""A journal that ends later than this clock says was written by another clock; until it has caught up time stands."""

EPOCHS_PER_PROCESS: Final = 1_000_000
"""No process connects that often, so that connection epochs keep rising over the restarts of a run."""


class NotArmed(Exception):
    """The profile trades real money and was not armed; exit code 6."""


@dataclass(frozen=True)
class RunOptions:
    """How a daemon is started: for how long, on which recording and how fast (None: as fast as it goes)."""

    runs: Path
    duration_s: float | None = None
    recording: Path | None = None
    speed: float | None = 1.0
    fresh: bool = False
    armed: bool = False


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to, and the exit code of its process."""

    ending: Ending
    summary: dict[str, Any]


Started = Callable[[System, OpenRun], tuple[Coroutine[Any, Any, None], ...]]
"""What the face adds to a running system: taps are set at once, the returned coroutines run beside it."""


def run_daemon(profile: Profile, options: RunOptions, started: Started, fitting: Fitting = ALONE) -> RunResult:
    """Run to the end. Raises the errors of opening a run; everything later is an ending."""
    if profile.world == "live" and not options.armed:
        raise NotArmed(
            f"profile {profile.name!r} trades real money and is not armed; "
            "check it with `bot profile show live`, then start it with --arm ACCOUNT_NAME"
        )
    if profile.world == "live":
        raise NotArmed(
            f"profile {profile.name!r} wants a live venue, and this version has none: "
            "it knows the simulated one and recordings"
        )
    played = None
    if options.recording is not None:
        played = opened_recording(profile, options.recording, options.speed)
    virtual = options.speed is None
    passing = virtual or options.recording is not None
    opened = open_run(
        profile, options.runs, identity_of(profile), virtual=virtual, fresh=options.fresh, passing=passing,
        epoch_min=fitting.epoch_min,
    )  # fmt: skip
    try:
        with mirrored(profile, opened.directory), asyncio.Runner(loop_factory=_loop_factory(virtual)) as runner:
            return runner.run(_Running(profile, options, opened, played, started, fitting).serve())
    finally:
        opened.journal.close(seal=False)
        opened.account.close()


class _Running:
    """One process's life with an open run."""

    def __init__(
        self, profile: Profile, options: RunOptions, opened: OpenRun, played: Played | None, started: Started,
        fitting: Fitting,
    ) -> None:  # fmt: skip
        self.profile, self.options, self.opened, self.started = profile, options, opened, started
        self.played, self.fitting = played, fitting
        self.hooks = Hooks(
            finished=self._on_finished,
            lagging=self._is_lagging,
            barred=fitting.barred,
            stream_over=self._on_stream_over,
            stream_position=fitting.position(opened),
            first_epoch=1 + EPOCHS_PER_PROCESS * (opened.epoch - 1),
        )
        self.latches_held = False
        self.warm_start = ""
        self.system: System | None = None
        self.housekeeping: Housekeeping | None = None

    async def serve(self) -> RunResult:
        world = self._world()
        if self.profile.trainer.enabled or world.models.champion():
            library()  # half a second that no turn should wait for when the first model comes
        system = self.system = self._system(world)
        housekeeping = self.housekeeping = Housekeeping(self.profile, self.opened, system, world)
        ending = Ending("", EXIT_OK)
        try:
            beside = self.started(system, self.opened)
            self._listen_to_signals(system)
            self._begin(system)
            self.fitting.opened(self.opened)
            if self.fitting.over is not None:
                system.supervisor.spawn("role", partial(self._mind_the_role, self.fitting.over), "stores")
            housekeeping.open(self.options.duration_s)
            for number, extra in enumerate(beside):
                system.supervisor.spawn_once(f"face-{number}", partial(_same, extra))
            ending = await system.serve(lambda: housekeeping.policy)
        finally:
            housekeeping.close()
            world.close()
        self.opened.journal.close(seal=not system.unsettled)
        return RunResult(ending=ending, summary=self._summary(system, ending))

    def _world(self) -> World:
        run = self.opened.directory
        if self.fitting.world_of is not None:
            return self.fitting.world_of(run)
        if self.played is not None:
            return self._warm(recorded_world(self.profile, self.played, run))
        return self._warm(simulated_world(self.profile, run, virtual=self.options.speed is None))

    def _warm(self, world: World) -> World:
        """The world of a new run, whose history has what the last one's record has, where the profile wants that."""
        if self.profile.warm_start == "none" or self.opened.found is not None:
            return world
        feed, self.warm_start = warmed(world.feed, self.profile, self.opened.directory)
        return replace(world, feed=feed)

    def _system(self, world: World) -> System:
        outside = world.outside(self.opened.journal)
        assembly = assemble(self.profile, outside, self.hooks)
        chance = Seeds(self.profile.seed).generator("supervisor")
        process, dry_run = self.profile.process, self.profile.orders.dry_run
        dry_run = dry_run or self.profile.role == "ingest"
        system = System(assembly, partial(_supervisor, chance), process.drain_s, dry_run=dry_run)
        bus = system.bus
        bus.tap(self._remember_latches, (GateState,))
        if world.on_market is not None:
            on_market = world.on_market
            bus.tap(lambda envelope: on_market(envelope.payload), (Tick, Perp))
        return system

    def _begin(self, system: System) -> None:
        """Recovery is the start-up path: come to where the journal ends, then say that a process took it up."""
        opened, here = self.opened, identity_of(self.profile)
        recovered = None
        if opened.found is not None:
            recovered = take_up(
                system.bus, opened.disk, opened.snapshots, opened.found, opened.journal, opened.directory
            )
            if recovered.poisoned is not None:
                # Nothing may come between the message that was passed over and the word about it: a replay that
                # found only the former would deliver it.
                system.admit(recovered.poisoned)
        system.admit(
            RunStarted(
                run=opened.name,
                epoch=opened.epoch,
                account=self.profile.account.name,
                account_epoch=opened.account_epoch,
                profile=self.profile.name,
                profile_digest=self.profile.digest,
                code=here.code,
                seed=self.profile.seed,
                fingerprint=here.fingerprint,
            )
        )
        behind_ns = system.bus.at_ns - system.clock.now()
        if behind_ns > CLOCK_BEHIND_NS:
            system.admit(ClockStepped(behind_ns))
        if recovered is not None:
            self._finish(system, recovered)
        self._hold_latches(system)

    def _finish(self, system: System, recovered: Recovered) -> None:
        """Orders of the turn that was cut never left, and that turn is over."""
        for client_id in recovered.not_sent:
            system.admit_as_venue(OrderNotSent(client_id, "the process died before the order could leave"))
        survived(self.opened.directory)

    def _hold_latches(self, system: System) -> None:
        """What was latched before holds on in whatever run; only from here on may the account forget a latch.

        A recording or a virtual run trades an account made for it alone: latches neither enter nor leave it.
        """
        if self.played is not None or self.options.speed is None:
            return
        state, before = system.report.state, self.opened.account.record.latches
        known = state.latches if state is not None else ()
        self.latches_held = True
        if any(name not in known for name in before):
            system.admit_as_operator(
                Halt("account", f"latched in an earlier run: {', '.join(before)}; `bot resume` clears it")
            )
        else:
            self.opened.account.latched(known)

    def _remember_latches(self, envelope: Envelope[Any]) -> None:
        if not self.latches_held or self.system is None or self.system.ending is not None:
            return
        try:
            self.opened.account.latched(envelope.payload.latches)
        except RunsUnusable as error:
            # In the middle of a turn nothing may be raised: the turn goes on, the process does not.
            self.system.request_stop(str(error), EXIT_TEMPORARY)

    def _on_finished(self) -> None:
        """The recording is at its end, and so is the run."""
        if self.system is not None:
            self.system.request_stop("the recording is at its end")

    def _on_stream_over(self, why: str) -> None:
        """A stream in virtual time is at its end, and so is the run."""
        if self.system is not None:
            self.system.request_stop(why)

    async def _mind_the_role(self, over: Callable[[], str]) -> None:
        """End where the role is somebody else's now."""
        while True:
            why = over()
            if why and self.system is not None:
                self.system.leave_the_venue()
                self.system.request_stop(why, EXIT_ROLE_LOST)
            await asyncio.sleep(ROLE_LOOK_S)

    def _is_lagging(self) -> bool:
        return self.housekeeping is not None and self.housekeeping.lagging()

    def _listen_to_signals(self, system: System) -> None:
        if self.options.speed is None:
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, partial(_on_signal, system, number))

    def _elsewhere(self, system: System) -> dict[str, Any]:
        """What came of agents in other processes, where there are any."""
        heard = "remote_signals" in system.gateways
        return {"remote": msgspec.to_builtins(self.hooks.remote_counts)} if heard else {}

    def _summary(self, system: System, ending: Ending) -> dict[str, Any]:
        counts = system.report.as_json()
        return {
            "run": self.opened.name,
            "epoch": self.opened.epoch,
            "turns": system.bus.turn,
            "messages": system.bus.seq,
            **counts,
            "journal": str(self.opened.directory / "journal"),
            "feed": msgspec.to_builtins(self.hooks.feed_counts),
            **self._elsewhere(system),
            "ending": ending.reason,
            "exit_code": ending.exit_code,
            **({"warm_start": self.warm_start} if self.warm_start else {}),
        }


def _on_signal(system: System, number: signal.Signals) -> None:
    """The first signal asks for the end in order, the second ends at once."""
    if system.ending is not None:
        os._exit(FORCED_EXIT + number)
    system.request_stop(f"{number.name}")


def _supervisor(chance: np.random.Generator, on_failure: Callable[..., None]) -> Supervisor:
    return Supervisor(chance, on_failure)


async def _same(coroutine: Coroutine[Any, Any, None]) -> None:
    await coroutine


def _loop_factory(virtual: bool) -> Callable[[], asyncio.AbstractEventLoop]:
    if virtual:
        return SimLoop
    import uvloop

    return uvloop.new_event_loop
