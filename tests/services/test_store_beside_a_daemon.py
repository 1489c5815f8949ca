"""A daemon whose Redis hangs, stops, forgets and is forged all the while: its record replays to the byte without it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from adapters.redis.settings import RedisSettings
from adapters.redis.store import RedisFeatureStore
from bot.features.storing import set_here
from contracts.stored_features import stored
from tests.kit.command_line import REPOSITORY, SMALL, bot_process
from tests.kit.services import RedisServer

SYMBOLS = ("BTC-EUR", "ETH-EUR", "SOL-EUR")
SECONDS = 22
OF = set_here(60.0, 30)


@contextmanager
def a_daemon(runs: Path, redis: RedisServer):
    store = {
        "BOT__STORE__KIND": "redis",
        "BOT__STORE__REDIS__PORT": str(redis.port),
        "BOT__STORE__WRITER__CHECK_S": "1",
    }
    command = [sys.executable, "-m", "bot", "run", "--profile", "canary", "--runs", str(runs), "--json"]
    daemon = subprocess.Popen(
        [*command, "--for", f"{SECONDS}s"], cwd=REPOSITORY, env=os.environ | SMALL | store,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield daemon
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()


async def written(store: RedisFeatureStore, limit_s: float) -> bool:
    """Whether all instruments are in the store in time."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if (await store.read(OF, SYMBOLS)).present.all():
            return True
        await asyncio.sleep(0.05)
    return False


async def test_whatever_redis_does_the_record_replays_to_the_byte_without_it(redis: RedisServer, tmp_path: Path):
    store = RedisFeatureStore(RedisSettings(port=redis.port, timeout_s=2.0), "canary", 600.0)
    redis.flush()
    with a_daemon(tmp_path, redis) as daemon:
        assert await written(store, 20.0)
        asked = {"BOT__STORE__KIND": "redis", "BOT__STORE__REDIS__PORT": str(redis.port)}
        felt = bot_process("features", "get", "btc-eur", "--json", **asked)
        assert felt.code == 0 and felt.json["felt"]["features"]["spread_bp"] > 0, felt.err
        assert len(bot_process("features", "stored", "--json", **asked).json["stored"]) == len(SYMBOLS)
        redis.pause()
        await asyncio.sleep(2.0)
        redis.resume()
        redis.flush()
        assert await written(store, 5.0), "back within five seconds of healing"
        nines = np.full((OF.count, len(SYMBOLS)), 9.0)
        await store.write(stored(OF, SYMBOLS, nines, seq=2**40, at_ns=2**62))
        await store.close()
        redis.stop()
        await asyncio.sleep(1.0)
        redis.start()
        assert await written(store, 5.0), "back within five seconds of healing"
        out, err = daemon.communicate(timeout=60)
    await store.close()
    assert daemon.returncode == 0, err.decode()[-2000:]
    summary = json.loads(out)
    run = tmp_path / "canary" / summary["run"]
    replayed = bot_process("replay", run, "--json")
    assert replayed.code == 0, replayed.err
    assert replayed.json["byte_identical"] and replayed.json["decisions"] > 5
    assert not [line for line in err.decode().splitlines() if "GatewayFailed" in line]
