"""Processes that die and come back: one life after another on the same run directory, in virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from adapters.simulated.ledger import LedgerFile
from bot.assemble import Hooks, assemble
from bot.opening import OpenRun, open_run
from bot.profile import Profile
from bot.recovery import Recovered, survived, take_up
from bot.replaying import RunIdentity
from bot.system import Ending, System
from contracts.envelope import Envelope
from contracts.life import RunStarted
from contracts.quantities import SECOND_NS
from contracts.topics import BY_TYPE
from contracts.trade import OrderNotSent
from runtime.seeds import Seeds
from runtime.simloop import SimLoop
from runtime.supervisor import Supervisor
from tests.kit.worlds import TestWorld

IDENTITY = RunIdentity(code="test", fingerprint={})
FEED_EPOCHS = 1_000


@dataclass
class Life:
    """One process's life: what it said and heard live, how it ended, and what it found on coming up."""

    profile: Profile
    opened: OpenRun
    system: System
    outside: Any
    ending: Ending | None
    recovered: Recovered | None
    envelopes: list[Envelope[Any]] = field(default_factory=list)

    @property
    def broker(self) -> Any:
        """The venue's own books."""
        return self.outside.venue._venue.broker


def live(
    profile: Profile, runs: Path, *, seconds: float, after_s: float = 0.0, killed: bool = False,
    acts: dict[float, Callable[[Life], Any]] | None = None,
) -> Life:  # fmt: skip
    """A process lives for so many seconds, beginning `after_s` after the profile's start; then it ends or is killed.

    A run that was cut is taken up. The broker keeps its books beside the runs, and so outlives the process. `acts` are
    done to the life at times after its start.
    """
    opened = open_run(profile, runs, IDENTITY, virtual=True, fresh=False)
    ledger = LedgerFile(runs / "broker.jsonl")
    try:
        with asyncio.Runner(loop_factory=SimLoop) as runner:
            return runner.run(_live(profile, opened, ledger, seconds, after_s, killed, acts or {}))
    finally:
        opened.journal.close(seal=not killed)
        opened.account.close()
        ledger.close()


async def _live(
    profile: Profile, opened: OpenRun, ledger: LedgerFile, seconds: float, after_s: float, killed: bool,
    acts: dict[float, Callable[[Life], Any]],
) -> Life:  # fmt: skip
    start_ns = profile.simulated.start_ns + round(after_s * SECOND_NS)
    outside = TestWorld(profile, opened.journal, start_ns=start_ns, ledger=ledger).outside()
    assembly = assemble(profile, outside, Hooks(first_epoch=1 + FEED_EPOCHS * (opened.epoch - 1)))
    chance = Seeds(profile.seed).generator("supervisor")
    system = System(assembly, lambda on_failure: Supervisor(chance, on_failure), profile.process.drain_s)
    life = Life(profile, opened, system, outside, None, None)
    if opened.found is not None:
        life.recovered = take_up(
            system.bus, opened.disk, opened.snapshots, opened.found, opened.journal, opened.directory
        )
    system.bus.tap(life.envelopes.append, BY_TYPE)
    _begin(life)
    for at_s, act in acts.items():
        system.supervisor.spawn_once(f"act-{at_s}", partial(_act, life, at_s, act))
    try:
        async with asyncio.timeout(seconds if killed else None):
            if not killed:
                system.supervisor.spawn_once("end", lambda: _end(life, seconds))
            life.ending = await system.serve(lambda: profile.process.on_stop)
    except TimeoutError:
        life.ending = None
    return life


def _begin(life: Life) -> None:
    opened, profile = life.opened, life.profile
    started = RunStarted(
        run=opened.name,
        epoch=opened.epoch,
        account=profile.account.name,
        account_epoch=opened.account_epoch,
        profile=profile.name,
        profile_digest=profile.digest,
        code=IDENTITY.code,
        seed=profile.seed,
        fingerprint=IDENTITY.fingerprint,
    )
    if life.recovered is not None and life.recovered.poisoned is not None:
        life.system.admit(life.recovered.poisoned)
    life.system.admit(started)
    if life.recovered is not None:
        for client_id in life.recovered.not_sent:
            life.system.admit_as_venue(OrderNotSent(client_id, "the process died before the order could leave"))
        survived(opened.directory)


async def _act(life: Life, at_s: float, act: Callable[[Life], Any]) -> None:
    clock = life.outside.clock
    await clock.sleep_until(clock.now() + round(at_s * SECOND_NS))
    act(life)


async def _end(life: Life, seconds: float) -> None:
    clock = life.outside.clock
    await clock.sleep_until(clock.now() + round(seconds * SECOND_NS))
    life.system.request_stop(f"lived for {seconds:g} s")
