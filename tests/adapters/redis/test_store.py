"""The store against servers that answer rubbish, too little, or not at all; real ones are in tests/services."""

import asyncio
import sys
import time
from contextlib import asynccontextmanager

import numpy as np
import pytest

from adapters.redis import connections
from adapters.redis.settings import RedisSettings
from adapters.redis.store import RedisFeatureStore
from contracts.ports import StoreUnavailable
from contracts.stored_features import ValueCodec
from tests.kit.feature_stores import OF, SYMBOLS, some_features
from tests.kit.virtual_time import on_a_real_loop

pytestmark = on_a_real_loop


@asynccontextmanager
async def a_server(tmp_path, *answers):
    """Answers each piece that comes with the next of the answers; the last one is said again; None hangs up."""
    said, serving = list(answers), set()

    async def serve(reader, writer):
        serving.add(asyncio.current_task())
        while await reader.read(1 << 20):
            answer = said.pop(0) if len(said) > 1 else said[0]
            if answer is None:
                break
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    path = str(tmp_path / "s")
    server = await asyncio.start_unix_server(serve, path)
    store = RedisFeatureStore(RedisSettings(unix_socket=path, retry_s=0.05), "canary", 60.0)
    try:
        yield store
    finally:
        await store.close()
        server.close()
        await asyncio.wait(serving or {asyncio.create_task(asyncio.sleep(0))})


def an_array(values) -> bytes:
    return b"*%d\r\n" % len(values) + b"".join(b"$%d\r\n%b\r\n" % (len(value), value) for value in values)


async def test_what_the_server_has_is_read(tmp_path):
    kept = some_features()
    async with a_server(tmp_path, an_array(ValueCodec(OF).encode(kept))) as store:
        found = await store.read(OF, SYMBOLS)
        assert np.array_equal(found.values, kept.values, equal_nan=True)
        assert (await store.read(OF, SYMBOLS)).present.all()
        assert store.connected == 1


@pytest.mark.parametrize(
    "answer", [b"$2\r\nno\r\n", b"*1\r\n$2\r\nno\r\n", b"*0\r\n", b":1\r\n", b"$-1\r\n", b"*3\r\n:1\r\n*0\r\n:3\r\n"]
)
async def test_an_answer_to_another_question_is_no_answer(tmp_path, answer):
    async with a_server(tmp_path, answer) as store:
        assert not (await store.read(OF, SYMBOLS)).present.any()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"-NOPERM no rights\r\n", "no rights"),
        (b"-OOM command not allowed\r\n", "command not allowed"),
        (b"?rubbish\r\n", "redis at unix:"),
        (None, "redis at unix:"),
    ],
)
async def test_what_fails_says_so_and_leaves_no_connection(tmp_path, answer, says):
    good = an_array(ValueCodec(OF).encode(some_features()))
    async with a_server(tmp_path, answer, good) as store:
        with pytest.raises(StoreUnavailable, match=says):
            await store.read(OF, SYMBOLS)
        assert (await store.read(OF, SYMBOLS)).present.all()
        assert (store.connected, store.failures, store.is_away) == (2, 1, False)


async def test_a_hung_server_is_given_up_in_time_then_not_asked_then_tried_again(tmp_path):
    good = an_array(ValueCodec(OF).encode(some_features()))
    async with a_server(tmp_path, b"", b"", b"", good) as store:
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="did not answer within 50 ms"):
                await store.read(OF, SYMBOLS)
        assert time.monotonic() - began < 3.0, "the library's own limit is five seconds each"
        assert store.is_away
        with pytest.raises(StoreUnavailable, match="failed 3 times on end"):
            await store.read(OF, SYMBOLS)
        await asyncio.sleep(0.06)
        assert (await store.read(OF, SYMBOLS)).present.all()
        assert not store.is_away


async def test_a_write_is_one_piece_with_an_answer_for_each(tmp_path):
    async with a_server(tmp_path, b"+OK\r\n" * len(SYMBOLS)) as store:
        await store.write(some_features())
        await store.write(some_features())
    async with a_server(tmp_path, b"+OK\r\n-OOM full\r\n+OK\r\n") as store:
        with pytest.raises(StoreUnavailable, match="full"):
            await store.write(some_features())


async def test_who_is_called_away_in_the_middle_leaves_no_answer_for_the_next(tmp_path):
    """The next question must not get the answer to the one before (redis-py #2624, #2665)."""
    good = an_array(ValueCodec(OF).encode(some_features()))
    async with a_server(tmp_path, b"", good) as store:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await store.read(OF, SYMBOLS)
        assert (await store.read(OF, SYMBOLS)).present.all()
        assert (store.connected, store.failures) == (2, 0)


async def test_more_questions_than_connections_are_refused_at_once(tmp_path):
    async with a_server(tmp_path, b"") as store:
        store._connections._busy = 16
        with pytest.raises(StoreUnavailable, match="all 16 connections are busy"):
            await store.read(OF, SYMBOLS)


async def test_nobody_at_the_address_is_unavailable(tmp_path):
    store = RedisFeatureStore(RedisSettings(unix_socket=str(tmp_path / "none")), "canary", 60.0)
    with pytest.raises(StoreUnavailable, match="none"):
        await store.read(OF, SYMBOLS)


async def test_secrets_are_read_where_they_are_and_nowhere_shown(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    settings = RedisSettings(unix_socket=str(tmp_path / "none"), username="keel", password=f"file:{secret}")
    assert connections.options_of(settings, connections.library())["password"] == "hunter2"
    store = RedisFeatureStore(settings, "canary", 60.0)
    with pytest.raises(StoreUnavailable) as failed:
        await store.connect()
    assert "hunter2" not in f"{failed.value!r} {store._connections!r} {settings!r}"


async def test_a_missing_library_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(connections.RedisMissing, match=r"pip install 'keel\[redis\]'"):
        connections.library()
