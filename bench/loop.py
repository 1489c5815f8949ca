"""What the machinery costs before any message is said: loops, tasks, figures, probes.

CPU time of this process, best of three.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from runtime.clock import LoopClock
from runtime.health import Status, StatusBoard
from runtime.metrics import MACHINE_METRICS, Metric, Metrics
from runtime.seeds import Seeds
from runtime.simloop import SimLoop
from runtime.supervisor import Supervisor
from runtime.watchdog import BEAT_S, Heartbeat

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "virtual": SimLoop,
    "shuffled": lambda: SimLoop(seed=1),
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}
HOPS = 50_000


def cpu_us(work: Callable[[], object], count: int) -> float:
    """Microseconds of CPU for each of `count` units, best of three."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken) / count * 1e6


def on(loop: str, coroutine: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(coroutine())

    return run


async def hops() -> None:
    """Two tasks, one queue of one place: every message is a change of task."""
    queue: asyncio.Queue[int] = asyncio.Queue(1)

    async def consumer() -> None:
        for _ in range(HOPS):
            await queue.get()

    consuming = asyncio.get_running_loop().create_task(consumer())
    for number in range(HOPS):
        await queue.put(number)
    await consuming


async def timers() -> None:
    """Ten tasks at one beat per virtual second."""
    clock = LoopClock(0)

    async def metronome() -> None:
        for beat in range(1, HOPS // 10):
            await clock.sleep_until(beat * 1_000_000_000)

    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(metronome())


async def spawns() -> None:
    supervisor = Supervisor(Seeds(1).generator("backoff"), lambda failure, error: None)

    async def once() -> None:
        await asyncio.sleep(0)

    for number in range(HOPS // 10):
        await supervisor.spawn_once(str(number), once)


async def idle() -> None:
    """A second of a real loop with nothing but the heartbeat."""
    heartbeat = Heartbeat(asyncio.get_running_loop())
    await asyncio.sleep(2)
    heartbeat.stop()


def figures() -> dict[str, float]:
    table = (
        *MACHINE_METRICS,
        Metric(name="bot_wide_total", kind="counter", label="of", help="x", labels_max=3_000),
        Metric(name="bot_waited_seconds", kind="histogram", help="x"),
    )
    metrics, board = Metrics(table, {"version": "0"}), StatusBoard()
    single, labelled = metrics.single("bot_turns_total"), metrics.labelled("bot_wide_total")
    histogram = metrics.histogram("bot_waited_seconds")
    names = [str(number) for number in range(3_000)]
    for name in names:
        labelled.add(name)

    def count() -> None:
        for _ in range(HOPS):
            single.value += 1

    def count_labelled() -> None:
        for _ in range(HOPS):
            labelled.add("7")

    def observe() -> None:
        for _ in range(HOPS):
            histogram.observe(0.003)

    def publish() -> None:
        for _ in range(HOPS):
            board.publish(Status(ready=True, reasons=(), summary={"turns": 1}))

    return {
        "figures.count us": cpu_us(count, HOPS),
        "figures.count by label us": cpu_us(count_labelled, HOPS),
        "figures.observe us": cpu_us(observe, HOPS),
        "figures.publish status us": cpu_us(publish, HOPS),
        "figures.scrape of 3,000 series us (own thread)": cpu_us(metrics.exposition, 1),
    }


def measure() -> dict[str, float]:
    """All of it."""
    rows = {f"hop.{loop} us": cpu_us(on(loop, hops), HOPS) for loop in LOOPS}
    rows |= {f"timer.{loop} us": cpu_us(on(loop, timers), HOPS) for loop in ("virtual", "shuffled")}
    rows |= {f"spawn and end.{loop} us": cpu_us(on(loop, spawns), HOPS // 10) for loop in LOOPS}
    rows |= figures()
    rows |= {
        f"idle.{loop}: us of CPU per second, beat every {BEAT_S} s": cpu_us(on(loop, idle), 2)
        for loop in ("asyncio", "uvloop")
    }
    return rows
