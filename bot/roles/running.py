"""Starting a role: the secret, the topics, the claim, then the daemon with what its role adds to it."""

import asyncio
import secrets
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.kafka.lease import Lease
from adapters.kafka.stream_head import StreamHead, head_of
from adapters.kafka.stream_publisher import StreamPublisher
from adapters.kafka.stream_source import KafkaStream
from bot.opening import OpenRun
from bot.profile import Profile
from bot.roles.fitting import Fitting
from bot.roles.position import position_of
from bot.roles.settings import Role
from bot.roles.wires import Wires, wired
from bot.running import RunOptions, RunResult, Started, run_daemon
from bot.runs import epoch_on_record
from bot.system import EXIT_TEMPORARY, Ending
from bot.worlds import World, simulated_world, streamed_world
from runtime.clock import since_boot_s

PUBLISHED_WITHIN_S: Final = 60.0
INGEST: Final = "-ingest"
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def in_role(profile: Profile, role: Role) -> Profile:
    """The profile of one role; an ingest has an account of its own name, where its runs and its lock are."""
    account = profile.account
    if role == "ingest":
        account = msgspec.structs.replace(account, name=f"{account.name}{INGEST}")
    return msgspec.structs.replace(profile, role=role, account=account)


def run_ingest(profile: Profile, options: RunOptions, started: Started) -> RunResult:
    """Run the feeds and the beats, and publish their record."""
    wires, own = wired(profile), in_role(profile, "ingest")
    lease = _claimed(wires, own, options)
    publishers: list[StreamPublisher] = []

    def publish(opened: OpenRun) -> None:
        journal = opened.directory / "journal"
        publisher = StreamPublisher(wires.kafka, wires.topics, wires.seal, opened.name, lease.epoch, journal)
        publishers.append(publisher)
        publisher.open()

    fitting = Fitting(epoch_min=lease.epoch, opened=publish, over=None if options.speed is None else lambda: lease.lost)
    try:
        result = run_daemon(own, options, started, fitting)
        told = all(each.finish(PUBLISHED_WITHIN_S) for each in publishers)
        return _published(result, publishers, told=told)
    finally:
        for each in publishers:
            each.close()
        lease.close()


def run_desk(profile: Profile, options: RunOptions, started: Started) -> RunResult:
    """Run the desk of an account on a stream; the venue is its own."""
    wires, own = wired(profile), in_role(profile, "desk")
    held = options.speed is None
    head = asyncio.run(head_of(wires.kafka, wires.topics, wires.seal, profile.roles.hold_s)) if held else None
    lease = _claimed(wires, own, options)
    stream = KafkaStream(wires.kafka, wires.topics, wires.seal, profile.roles.parts, held=held)

    fitting = Fitting(
        world_of=lambda run: replace(_world(own, run, head), stream=stream),
        epoch_min=lease.epoch,
        barred=lambda order: lease.objection(),
        position=lambda opened: position_of(opened.disk) if opened.found is not None else None,
        over=None if held else lambda: lease.lost,
    )
    stream.open()
    try:
        result = run_daemon(own, options, started, fitting)
        return msgspec.structs.replace(result, summary={**result.summary, "stream": stream.figures()})
    finally:
        stream.close()
        lease.close()


def _claimed(wires: Wires, own: Profile, options: RunOptions) -> Lease:
    """The claim on the account of a role; raises LeaseHeld where another process has it."""
    account = own.account.name
    holder = holder_of((options.runs / account).absolute())
    lease = Lease(
        wires.kafka, wires.topics, wires.seal, account, holder, own.roles.lease_s, since_boot_s,
        epoch_on_record(options.runs, account),
    )  # fmt: skip
    lease.open()
    return lease


def holder_of(directory: Path, boot: Path = BOOT) -> str:
    """Who holds a claim: the directory whose lock proves that a predecessor is gone, on this start of this machine.

    A name alone is shared by machines that were copied, each with a lock of its own; where nothing tells them apart
    every process is another holder, and waits.
    """
    try:
        start = boot.read_text().strip()
    except OSError:
        start = secrets.token_hex(16)
    return f"{socket.gethostname()}:{directory}#{start}"


def _world(own: Profile, run: Path, head: StreamHead | None) -> World:
    """The venue's side of a desk: on a stream in virtual time, it begins where that begins."""
    if head is None:
        return simulated_world(own, run, virtual=False)
    return streamed_world(own, run, head.start_ns, head.universe, recorded=head.feed.startswith("recorded:"))


def _published(result: RunResult, publishers: list[StreamPublisher], *, told: bool) -> RunResult:
    figures: dict[str, Any] = publishers[-1].figures() if publishers else {}
    summary = {**result.summary, "stream": figures}
    if told or result.ending.exit_code:
        return RunResult(ending=result.ending, summary=summary)
    why = f"{result.ending.reason}; the end of the record was not published, {figures.get('last_error') or 'in time'}"
    return RunResult(ending=Ending(why, EXIT_TEMPORARY), summary={**summary, "ending": why})
