"""What shards of agents are worth: signals a second by 1, 2 and 4 processes on one stream, and what a part costs.

Once every process has its part, a stream of a wide universe is published to a real Kafka at once, and they read it as
fast as they can, as they do behind a recording or when they catch up. The rate is that of all processes from their
first block to the last answer; `a_core_each` counts the processor time of the busiest process alone, which is the rate
on a machine that has a core for each. Without the broker's jars (`make test-services` says how to have them) only the
costs of a part are measured.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

from adapters.kafka.role_topics import ensure
from adapters.kafka.sender import Outgoing, Sender
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.stream_records import cut, encode
from bot.assemble import agents_of
from bot.profile import Profile, load
from bot.roles.parts import PartRunner
from bot.roles.wires import wired
from contracts import codec
from contracts.life import Beat, RunStopped
from contracts.market import UniverseChanged
from contracts.stream import StreamBlock, StreamMessage
from tests.kit.belief_chain import closes
from tests.kit.market import a_bar_history, a_feed_status, a_tick, a_trade, a_wide_universe, at
from tests.kit.services import KafkaServer, cannot_have

PROCESSES: Final = (1, 2, 4)
SHAPES: Final = ((64, 12, 200), (64, 96, 200), (250, 96, 100))
"""Instruments, agents, seconds of market with a decision each."""

HISTORY_BARS: Final = 300
KEY: Final = "what proves a record of the bench"
PATIENCE_S: Final = 120.0

Figures = dict[str, float]


def measure(shapes: tuple[tuple[int, int, int], ...] = SHAPES) -> Figures:
    """Milliseconds of CPU of a part; then signals a second by shape and number of processes."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as directory:
        for width, agents, seconds in shapes:
            profile = _profile(Path(directory), agents)
            figures |= _costs(load(str(profile)), width, agents, seconds)
        wanting = cannot_have("kafka")
        if wanting is not None:
            sys.stderr.write(f"no signals a second: {wanting}\n")
            return figures
        with KafkaServer() as server:
            for width, agents, seconds in shapes:
                for processes in PROCESSES:
                    name = f"{width}_instruments_{agents}_agents_{processes}_processes"
                    figures |= _rate(server, Path(directory), width, agents, seconds, processes, name)
    return figures


def _profile(directory: Path, agents: int) -> Path:
    """The canary with its twelve agents several times."""
    shipped = load("canary", {}).agents
    lines = ['extends = "canary"', "[trainer]", "enabled = false"]
    for number in range(agents):
        kind = list(shipped)[number % len(shipped)]
        each = shipped[kind]
        name = kind if number < len(shipped) else f"{kind}_{number // len(shipped)}"
        lines += [f"[agents.{name}]", f'kind = "{each.kind}"', f"horizon_s = {each.horizon_s}"]
        lines += [f"prior = {each.prior}", f"label_s = {each.label_s}"]
    path = directory / f"agents{agents}.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _stream(width: int, seconds: int) -> Iterator[StreamMessage]:
    """A history, then each second two quotes and a trade of every instrument and the beats of a decision."""
    for seq, (at_s, payload) in enumerate(_payloads(width, seconds), start=1):
        source = "cadence" if isinstance(payload, Beat) else "feed"
        yield StreamMessage(seq, at(at_s), source, type(payload).__name__, codec.encode(payload))


def _payloads(width: int, seconds: int) -> Iterator[tuple[float, Any]]:
    universe = a_wide_universe(width=width)
    yield 0.0, UniverseChanged(universe)
    yield 0.0, a_bar_history(close=closes(width=width, bars=HISTORY_BARS), bar_s=60.0, last_close_ns=at(0))
    yield 0.0, a_feed_status(symbols=universe.symbols)
    for second in range(1, seconds + 1):
        for half in (0.3, 0.6):
            for column, symbol in enumerate(universe.symbols):
                bid = 10_000 + (7 * second + 3 * column) % 11
                yield second - 1 + half, a_tick(symbol=symbol, bid=bid, ask=bid + 1)
        for column, symbol in enumerate(universe.symbols):
            yield second - 0.2, a_trade(symbol=symbol, price=10_000 + (second + column) % 11, trade_id=second)
        for kind in ("signal", "decide", "second"):
            yield float(second), Beat(kind=kind, number=second)
    yield float(seconds), RunStopped("the bench is over", 0)


def _costs(profile: Profile, width: int, agents: int, seconds: int) -> Figures:
    """One part with all agents: CPU of a market row, and of a signal beat."""
    runner = PartRunner(profile, agents_of(profile), 0)
    rows: list[float] = []
    beats: list[float] = []
    for piece in cut(_stream(width, seconds), block_bytes=1):
        began_ns = time.thread_time_ns()
        list(runner.hear(StreamBlock("bench", 1, tuple(piece))))
        taken_ms = (time.thread_time_ns() - began_ns) / 1e6
        message = piece[0]
        if message.type == "Tick":
            rows.append(taken_ms)
        elif message.type == "Beat" and b"signal" in message.payload:
            beats.append(taken_ms)
    name = f"{width}_instruments_{agents}_agents"
    return {f"us_row_{name}": 1000 * median(rows), f"ms_signal_beat_{name}": median(beats[len(beats) // 4 :])}


def _rate(
    server: KafkaServer, directory: Path, width: int, agents: int, seconds: int, processes: int, name: str
) -> Figures:
    """So many processes with a part each."""
    environment = {
        **os.environ,
        "BOT__KAFKA__BROKERS": json.dumps([server.bootstrap]),
        "BOT__KAFKA__ENV": f"b{width}-{agents}-{processes}",
        "BOT__KAFKA__SECURITY": "plaintext",
        "BOT__ROLES__PARTS": str(processes),
        "BOT__ROLES__KEY": "env:KEEL_BENCH_KEY",
        "KEEL_BENCH_KEY": KEY,
    }
    path = _profile(directory, agents)
    os.environ["KEEL_BENCH_KEY"] = KEY
    book = load(str(path), environment)
    wires = wired(book)
    command = [sys.executable, "-m", "bot", "run", "--role", "agents", "--profile", str(path), "--speed", "max"]
    started = [
        subprocess.Popen([*command, "--json"], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    try:
        _await_members(server, f"{wires.topics.shards}.agents", processes)
        published = _publish(book, width, seconds)
        told = [json.loads(each.communicate(timeout=PATIENCE_S)[0]) for each in started]
    finally:
        for each in started:
            each.kill()
    # One that came when all was answered has said nothing: its parts were said by the others.
    told = [each for each in told if each["beats"]]
    longest_s = max(each["spoke_s"] for each in told)
    return {
        f"signals_per_s_{name}": sum(each["signals"] for each in told) / longest_s,
        f"signals_per_s_a_core_each_{name}": sum(each["signals"] for each in told)
        / max(each["cpu_s"] for each in told),
        f"times_real_time_{name}": seconds / longest_s,
        f"published_rows_per_s_{name}": published,
    }


def _await_members(server: KafkaServer, group: str, processes: int) -> None:
    """Return when each process has one part."""
    admin = server.admin()
    until_s = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until_s:
        found = admin.describe_consumer_groups([group])[group].result(10)
        parts = [len(each.assignment.topic_partitions) for each in found.members if each.assignment]
        if parts == [1] * processes:
            return
        time.sleep(0.5)
    raise TimeoutError(f"{processes} processes did not share the parts of {group}")


def _publish(profile: Profile, width: int, seconds: int) -> float:
    """The whole stream to the topic; messages a second."""
    wires = wired(profile)
    kafka: KafkaSettings = wires.kafka
    pieces = list(cut(_stream(width, seconds)))

    async def send() -> float:
        topics = await ensure(kafka, profile.roles.parts)
        sender = Sender(kafka, "keel-bench")
        outgoing = []
        began_s = time.perf_counter()
        for piece in pieces:
            value = encode(StreamBlock("bench", 1, tuple(piece)))
            headers = wires.seal.headers(topics.stream, value)
            outgoing.append(Outgoing(topics.stream, 0, value, headers))
        await sender.deliver(outgoing)
        taken_s = time.perf_counter() - began_s
        await sender.close()
        return sum(len(piece) for piece in pieces) / taken_s

    return asyncio.run(send())
