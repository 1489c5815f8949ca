"""Days in virtual time under the weather of the soak profile: a whole bot with a real journal, heard by an oracle.

The market has two instruments, marks come every five seconds and decisions every minute, so that two days fit into a
few minutes of one core. Every hour a snapshot goes to the disk and the living tasks and mailboxes are looked at; a
latched account is resumed, as an operator would. At the end the books are held against the broker's ledger, the journal
is verified and replayed byte for byte, and the last snapshot with its tail must come to the very state in which the run
ended.
"""

import asyncio
import hashlib
import time
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import Any, Final

from actors.sentinel import FLATTEN
from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records, verify
from adapters.journal.snapshots import Snapshots
from adapters.journal.writer import JournalWriter
from adapters.simulated.ledger import LedgerFile
from bot.assemble import Hooks, assemble
from bot.outside import Outside
from bot.profile import Profile
from bot.recovery import IMAGE, store_image
from bot.system import System
from bot.worlds import replayed_bus
from contracts import codec
from contracts.decision import Flatten, GateState, Resume
from contracts.envelope import Envelope
from contracts.quantities import SECOND_NS
from contracts.topics import TABLE
from runtime.bus import Bus, BusImage
from runtime.replay import Comparer, Diverged, Replay
from runtime.seeds import Seeds
from runtime.simloop import SimLoop
from runtime.supervisor import Supervisor
from tests.kit.oracle import Oracle
from tests.kit.worlds import TestWorld, a_profile, a_start
from tests.soak.books import Books

SYMBOLS: Final = ("BTC-EUR", "ETH-EUR")
DECIDE_S: Final = 60
HOUR_S: Final = 3600.0
SETTLING_S: Final = 300.0
FRAME_S: Final = 5.0
TRADING_SHARE_MIN: Final = 0.5
MAILBOX_SHARE_MAX: Final = 0.5


class Watch:
    """Looks at the system every virtual hour, and at the state of the account always."""

    def __init__(self, system: System, outside: Outside, snapshots: Snapshots) -> None:
        self.system, self.outside, self.snapshots = system, outside, snapshots
        self.problems: list[str] = []
        self.resumed: Counter[str] = Counter()
        self.states_s: dict[str, float] = defaultdict(float)
        self.tasks: list[int] = []
        self.snapshots_written = 0
        self._said: tuple[str, int] | None = None
        system.bus.tap(self._on_gate, (GateState,))

    async def run(self) -> None:
        while True:
            await self.outside.clock.sleep_until(self.outside.clock.now() + round(HOUR_S * SECOND_NS))
            self.look()

    def look(self) -> None:
        """No guarded task missing (I26), no mailbox half full (I27), nothing latched for longer than an hour."""
        system = self.system
        self.problems += [f"I26 {name} is not running" for name in system.supervisor.missing]
        for name, outlet in system.outlets.items():
            if outlet.dropped or outlet.depth_max > MAILBOX_SHARE_MAX * outlet.capacity:
                self.problems.append(f"I27 mailbox of {name}: {outlet.depth_max} deep, {outlet.dropped} lost")
        self.tasks.append(len(asyncio.all_tasks()))
        image = system.bus.image()
        if image is not None:
            store_image(image, self.snapshots)
            self.snapshots_written += 1
        latches = system.report.state.latches if system.report.state is not None else ()
        if latches and FLATTEN not in latches:
            self.resumed.update(latches)
            system.admit_as_operator(Resume("soak", "the soak goes on"))

    def _on_gate(self, envelope: Envelope[Any]) -> None:
        if self._said is not None:
            state, since_ns = self._said
            self.states_s[state] += (envelope.at_ns - since_ns) / SECOND_NS
        self._said = (envelope.payload.state, envelope.at_ns)


def virtual(duration_s: float, directory: Path) -> dict[str, Any]:
    """Live so many virtual seconds and check everything; returns figures and `problems`."""
    started, cpu_s = time.monotonic(), time.process_time()
    few = {"simulated__market__symbols": list(SYMBOLS), "cadence__decide_s": DECIDE_S, "marks__frame_s": FRAME_S}
    profile = a_profile("soak", **few)
    disk, snapshots = _disk(directory / "journal"), Snapshots(_disk(directory / "snapshots"))
    world = TestWorld(profile, journal=JournalWriter(disk), ledger=LedgerFile(directory / "broker.jsonl"))
    outside = world.outside()
    oracle = Oracle(profile)
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        system, watch = runner.run(_live(profile, outside, duration_s, oracle, snapshots))
    lived_s = time.process_time() - cpu_s
    world.journal.close()
    books = Books()
    books.read(disk)
    books.check(directory / "broker.jsonl", final=True)
    replayed, divergences = _replayed(profile, disk, snapshots, system.bus)
    share = watch.states_s["TRADING"] / duration_s
    problems = [*oracle.end(), *watch.problems, *books.problems, *divergences]
    problems += [f"I18 {problem.damage()}" for problem in verify(disk).problems]
    if share < TRADING_SHARE_MIN:
        problems.append(f"I31 trading for {share:.0%} of the time, expected {TRADING_SHARE_MIN:.0%} at least")
    return {
        "virtual_s": duration_s,
        "took_s": round(time.monotonic() - started, 1),
        "cpu_s": round(time.process_time() - cpu_s, 1),
        "real_time_factor_of_a_core": round(duration_s / lived_s),
        "turns": system.bus.turn,
        **{name: system.report.counts[name] for name in ("decisions", "orders", "fills", "restarts", "failures")},
        "trading_share": round(share, 3),
        "resumed_after": dict(watch.resumed),
        "tasks_first_and_last_hour": [watch.tasks[0], watch.tasks[-1]] if watch.tasks else [],
        "snapshots": watch.snapshots_written,
        "faults": {"feed": _struck(outside.feed), "venue": _struck(outside.venue)},
        **replayed,
        "problems": problems,
    }


async def _live(
    profile: Profile, outside: Outside, duration_s: float, oracle: Oracle, snapshots: Snapshots
) -> tuple[System, Watch]:
    chance = Seeds(profile.seed).generator("supervisor")
    assembly = assemble(profile, outside, Hooks())
    system = System(assembly, lambda failed: Supervisor(chance, failed), profile.process.drain_s)
    system.bus.tap(oracle.hear, [topic.payload for topic in TABLE])
    watch = Watch(system, outside, snapshots)
    system.admit(a_start(profile))
    system.supervisor.spawn("watch", watch.run, "stores")
    system.supervisor.spawn_once("end", partial(_end, outside, duration_s, system))
    ending = await system.serve(lambda: profile.process.on_stop)
    if ending.exit_code:
        watch.problems.append(f"I29 ended with {ending.exit_code}: {ending.reason}")
    watch.problems += [f"task {name} failed {count} times" for name, count in system.supervisor.failures.items()]
    return system, watch


async def _end(outside: Outside, duration_s: float, system: System) -> None:
    """Go flat some minutes before the end, so that whatever the weather did to the last orders is settled."""
    await outside.clock.sleep_until(outside.clock.now() + round((duration_s - SETTLING_S) * SECOND_NS))
    system.admit_as_operator(Flatten("soak", "the end is near"))
    await outside.clock.sleep_until(outside.clock.now() + round(SETTLING_S * SECOND_NS))
    system.request_stop(f"lived {duration_s:g} s")


def _replayed(profile: Profile, disk: PosixDisk, snapshots: Snapshots, lived: Bus) -> tuple[dict[str, Any], list[str]]:
    """The journal again from the start (I20), and its end again from the last snapshot (I19)."""
    comparer = Comparer()
    problems: list[str] = []
    try:
        whole = _again(profile, comparer, disk, None)
        snapshot = snapshots.latest(lived.seq)
        image = None if snapshot is None else codec.decode_state(BusImage, snapshot.parts[IMAGE])
        tail = _again(profile, Comparer(), disk, image)
    except Diverged as error:
        return {"decisions_identical": comparer.decisions}, [f"I20 {error}"]
    if not _state_hash(lived) == _state_hash(whole) == _state_hash(tail):
        problems.append("I19 the last snapshot with its tail comes to another state than the whole journal")
    return {"decisions_identical": comparer.decisions, "byte_identical": comparer.exact}, problems


def _again(profile: Profile, comparer: Comparer, disk: PosixDisk, image: BusImage | None) -> Bus:
    player = Replay(comparer)
    bus = replayed_bus(profile, comparer, player.now)
    if image is not None:
        bus.load(image)
    from_seq = bus.seq
    player.run(bus, (record for record in records(disk) if record.seq > from_seq))
    return bus


def _state_hash(bus: Bus) -> str:
    image = bus.image()
    assert image is not None, "no actor waits for its restart"
    return hashlib.blake2b(b"".join(cell.state for cell in image.cells), digest_size=16).hexdigest()


def _disk(path: Path) -> PosixDisk:
    path.mkdir()
    return PosixDisk(path)


def _struck(stormy: Any) -> dict[str, int]:
    return dict(stormy.counts)
