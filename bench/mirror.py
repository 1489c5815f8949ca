"""The mirror beside a bare producer loop of the same client, in pairs; and what it costs a turn that it catches up.

The bare loop has every record ready in memory and does nothing but fill batches and send them: same brokers, topics,
partitions, headers, codec and acks. It runs with the client's own batches, and with those of the mirror, which are
compressed at a quicker level. The mirror reads a journal, makes the records and keeps its cursor. Needs a broker
(`requirements/services.sh`).
"""

import gc
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from adapters.journal.follow import Follower
from adapters.journal.record import DIGEST
from adapters.kafka.admin import Admin
from adapters.kafka.connection import connection, library
from adapters.kafka.cursor import CursorFile
from adapters.kafka.dead_letters import DeadLetters
from adapters.kafka.lanes import partition_of
from adapters.kafka.mirror import Mirror
from adapters.kafka.packed import PackedBatch
from adapters.kafka.producing import BATCH_BYTES, Producer
from adapters.kafka.records import Recorder
from adapters.kafka.settings import KafkaSettings, topic_name
from adapters.kafka.topics import apply, wanted
from bench import turns
from bot.mirror.running import GARBAGE_THRESHOLD
from contracts.topics import Recorded
from runtime.clock import WallClock
from tests.kit.mirrors import a_canary, kafka_environment
from tests.kit.services import KafkaServer, cannot_have

ROUNDS = 5
LENGTH = "20m"
BLOCKS = 6
TICKS = 20_000

Figures = dict[str, float]
Ready = list[tuple[str, int, bytes, bytes, list[tuple[str, bytes]]]]


def measure(rounds: int = ROUNDS, length: str = LENGTH) -> Figures:
    """Medians over paired rounds, and the range of the ratio."""
    wanting = cannot_have("kafka")
    if wanting is not None:
        print(wanting, file=sys.stderr)
        return {}
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as name, KafkaServer() as kafka:
        run = Path(a_canary(Path(name) / "runs", length)["journal"]).parent
        figures: Figures = {}
        for form in ("json", "msgpack"):
            settings = KafkaSettings(brokers=(kafka.bootstrap,), env=form, security="plaintext", format=form)
            _timed(partial(_applied, settings))
            figures |= {f"{form}: {name}": value for name, value in _paired(run, settings, rounds).items()}
        return figures | _beside(run, kafka)


async def _applied(settings: KafkaSettings) -> None:
    async with Admin(settings) as cluster:
        await apply(cluster, settings)


def _paired(run: Path, settings: KafkaSettings, rounds: int) -> Figures:
    ready = _ready(run, settings)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    contenders = {
        "bare": lambda: _bare(ready, settings, packed=False),
        "bare, quick batches": lambda: _bare(ready, settings, packed=True),
        "mirror": lambda: _mirrored(run, settings),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            times[name].append(_timed(work))
    gc.unfreeze()
    count = len(ready)
    figures: Figures = {"records": count}
    for name, taken in times.items():
        figures[f"{name}, records/s"] = count / statistics.median(wall for wall, _ in taken)
        figures[f"{name}, CPU us/record"] = statistics.median(cpu for _, cpu in taken) / count * 1e6
    for name in ("bare", "bare, quick batches"):
        ratios = [bare[0] / mirrored[0] for bare, mirrored in zip(times[name], times["mirror"], strict=True)]
        figures |= {
            f"mirror / {name}": statistics.median(ratios),
            f"mirror / {name}, lowest pair": min(ratios),
            f"mirror / {name}, highest pair": max(ratios),
        }
    return figures


def _timed(work: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[float, float]:
    """Wall and CPU seconds, a new loop each time."""
    wall, cpu = time.perf_counter(), time.process_time()
    uvloop.run(work())
    return time.perf_counter() - wall, time.process_time() - cpu


def _ready(run: Path, settings: KafkaSettings) -> Ready:
    """Every record of the run as the mirror would send it."""
    partitions = {topic.name: topic.partitions for topic in wanted(settings)}
    recorder, follower, ready = Recorder("bench/bench-000001", settings.format), Follower(run / "journal"), []
    while chunk := follower.read():
        for record in chunk:
            kept: Recorded = "full" if record.kept else "digest" if record.flags & DIGEST else "none"
            for each in recorder.of_journal(
                record.seq, record.turn, record.cause, record.at_ns, record.source, record.type, record.payload, kept
            ):
                name = topic_name(settings.env, each.topic)
                ready.append((name, partition_of(each.key, partitions[name]), each.key, each.value, each.headers))
    return ready


async def _bare(ready: Ready, settings: KafkaSettings, *, packed: bool) -> None:
    producer = library().AIOKafkaProducer(
        **connection(settings), enable_idempotence=True, acks="all", compression_type=settings.compression,
        linger_ms=0, max_batch_size=BATCH_BYTES,
    )  # fmt: skip
    await producer.start()
    make = partial(PackedBatch, settings.compression, BATCH_BYTES) if packed else producer.create_batch
    filling: dict[tuple[str, int], Any] = {}
    futures = []
    now_ms = time.time_ns() // 1_000_000
    for topic, partition, key, value, headers in ready:
        lane = (topic, partition)
        batch = filling.get(lane)
        if batch is None:
            batch = filling[lane] = make()
        if batch.append(timestamp=now_ms, key=key, value=value, headers=headers) is None:
            futures.append(await producer.send_batch(batch, topic, partition=partition))
            batch = filling[lane] = make()
            batch.append(timestamp=now_ms, key=key, value=value, headers=headers)
    for (topic, partition), batch in filling.items():
        futures.append(await producer.send_batch(batch, topic, partition=partition))
    for future in futures:
        await future
    await producer.stop()


async def _mirrored(run: Path, settings: KafkaSettings) -> None:
    with tempfile.TemporaryDirectory(dir=run) as name:
        place = Path(name)
        source = Follower(run / "journal")
        mirror = Mirror(
            source, CursorFile(place / "cursor", "bench/bench-000001", settings.env), DeadLetters(place / "dead", 1),
            Producer(settings), settings, WallClock(), follow=False, told=lambda state: None, look=lambda: (0, 0),
        )  # fmt: skip
        state = await mirror.run()
        source.close()
        assert state.state == "ended", state


def _beside(run: Path, kafka: KafkaServer) -> Figures:
    """CPU of a tick turn, in blocks: with a mirror process catching up beside it, and with the same one stopped."""
    variables = kafka_environment(kafka.bootstrap, "json")
    paired: list[tuple[float, float]] = []
    command = [sys.executable, "-m", "bot", "mirror", str(run), "--profile", "canary"]
    loop = f"while true; do rm -rf {run}/mirror; nice -n 10 {' '.join(command)} >/dev/null 2>&1; done"
    child = subprocess.Popen(["bash", "-c", loop], env=os.environ | variables, start_new_session=True)
    try:
        time.sleep(3.0)
        for _ in range(BLOCKS):
            os.killpg(child.pid, signal.SIGSTOP)
            alone = _tick_us()
            os.killpg(child.pid, signal.SIGCONT)
            time.sleep(0.5)
            paired.append((alone, _tick_us()))
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    ratios = [beside / alone for alone, beside in paired]
    return {
        "CPU us per tick turn, mirror stopped": statistics.median(alone for alone, _ in paired),
        "CPU us per tick turn, mirror catching up": statistics.median(beside for _, beside in paired),
        "catching up / stopped": statistics.median(ratios),
        "catching up / stopped, highest pair": max(ratios),
    }


def _tick_us() -> float:
    return turns.measure(widths=(), ticks=TICKS)["us_per_tick_turn_journaled"]
