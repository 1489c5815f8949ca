"""What the feature store costs: features of fifty instruments read and written, beside a bare client on the same bytes.

Store and client take turns read by read, so that both meet the same neighbours; a ratio is the median over rounds of
the ratio of medians. A real server is started for it; without one there are no figures.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import redis.asyncio
import uvloop

from adapters.redis.settings import RedisSettings
from adapters.redis.store import RedisFeatureStore
from bot.features.storing import set_here
from contracts.stored_features import StoredFeatures, ValueCodec, stored
from tests.kit.services import RedisServer, cannot_have

INSTRUMENTS = 50
ROUNDS, READS = 9, 300
WARM_READS = 200

Figures = dict[str, float]
Ask = Callable[[], Awaitable[Any]]


def measure() -> Figures:
    """Microseconds of a batch read (p50, p99) and write by way of reaching the server, and the ratios to a client."""
    wanting = cannot_have("redis")
    if wanting:
        print(wanting)
        return {}
    rows = _some_rows()
    with RedisServer() as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        unix = runner.run(_by("unix", rows, {"unix_socket": server.unix_socket}, server.unix_socket))
        tcp = runner.run(_by("tcp", rows, {"port": server.port}, None, server.port))
    return {"features": float(rows.of.count), "instruments": float(INSTRUMENTS)} | unix | tcp | _codec(rows)


def _some_rows() -> StoredFeatures:
    of = set_here(60.0, 30)
    symbols = tuple(f"C{number:03d}-EUR" for number in range(INSTRUMENTS))
    values = np.random.default_rng(1).normal(size=(of.count, INSTRUMENTS))
    return stored(of, symbols, values, seq=1, at_ns=1)


async def _by(way: str, rows: StoredFeatures, how: dict[str, Any], path: str | None, port: int = 0) -> Figures:
    store = RedisFeatureStore(RedisSettings(timeout_s=1.0, **how), "bench", 600.0)
    client = redis.asyncio.Redis(
        single_connection_client=True, **({"unix_socket_path": path} if path else {"host": "127.0.0.1", "port": port})
    )
    await store.write(rows)
    keys, _ = store._question(rows.of, rows.symbols)
    assert all(await client.mget(keys)) and (await store.read(rows.of, rows.symbols)).present.all()
    figures = await _side_by_side(
        way, lambda: store.read(rows.of, rows.symbols), lambda: client.mget(keys), lambda: store.write(rows)
    )
    await store.close()
    await client.aclose()
    return figures


async def _side_by_side(way: str, read: Ask, bare: Ask, write: Ask) -> Figures:
    for _ in range(WARM_READS):
        await read()
        await bare()
    ratios, own, other, written = [], [], [], []
    for _ in range(ROUNDS):
        ours, theirs = [], []
        for _ in range(READS):
            ours.append(await _us(read))
            theirs.append(await _us(bare))
        ratios.append(statistics.median(ours) / statistics.median(theirs))
        own += ours
        other += theirs
        written += [await _us(write) for _ in range(READS // 10)]
    return {
        f"us_read_{way}_p50": statistics.median(own),
        f"us_read_{way}_p99": float(np.percentile(own, 99)),
        f"us_bare_mget_{way}_p50": statistics.median(other),
        f"us_bare_mget_{way}_p99": float(np.percentile(other, 99)),
        f"read_to_bare_mget_{way}": statistics.median(ratios),
        f"read_to_bare_mget_{way}_worst_round": max(ratios),
        f"us_write_{way}_p50": statistics.median(written),
    }


async def _us(ask: Ask) -> float:
    began = time.perf_counter_ns()
    await ask()
    return (time.perf_counter_ns() - began) / 1e3


def _codec(rows: StoredFeatures) -> Figures:
    """What encoding and believing fifty values takes, plain and signed."""
    figures: Figures = {}
    for name, key in (("", b""), ("_signed", b"a key")):
        codec = ValueCodec(rows.of, key)
        values = codec.encode(rows)
        figures[f"us_encode{name}"] = _median_us(lambda: codec.encode(rows))  # noqa: B023
        figures[f"us_decode{name}"] = _median_us(lambda: codec.decode(rows.symbols, values))  # noqa: B023
        figures[f"bytes_per_value{name}"] = float(len(values[0]))
    return figures


def _median_us(work: Callable[[], Any]) -> float:
    taken = []
    for _ in range(READS):
        began = time.perf_counter_ns()
        work()
        taken.append((time.perf_counter_ns() - began) / 1e3)
    return statistics.median(taken)
