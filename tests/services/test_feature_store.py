"""Features in a real Redis: the contract, every way to reach it, and a server that stops, hangs, forgets and lies."""

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.redis.settings import RedisSettings
from adapters.redis.store import RedisFeatureStore
from contracts.ports import StoreUnavailable
from tests.kit.feature_stores import OF, SYMBOLS, FeatureStoreContract, some_features
from tests.kit.services import Certificates, RedisServer
from tests.services.conftest import demand

RIGHTS = "~keel:features:* -@all +get +mget +set +scan +unlink +auth +hello +select"
"""All that the daemon asks of Redis: no keyspace but its own, no script, no configuration (S16)."""

LIMIT_S = 0.060
BACK_S = 5.0
space = itertools.count()


def a_store(server: RedisServer, *, ttl_s: float = 60.0, **changes) -> RedisFeatureStore:
    return RedisFeatureStore(RedisSettings(port=server.port, **changes), f"test-{next(space)}", ttl_s)


async def key_of(store, of, symbol) -> str:
    return store._question(of, (symbol,))[0][0].decode()


@pytest.fixture(params=["tcp", "unix"])
async def store(request, redis) -> AsyncIterator[RedisFeatureStore]:
    made = a_store(redis, **({"unix_socket": redis.unix_socket} if request.param == "unix" else {}))
    yield made
    await made.close()


class TestTheContract(FeatureStoreContract):
    async def raw(self, store, of, symbol):
        return (await store._ask(b"*2\r\n$3\r\nGET\r\n" + self.word(await key_of(store, of, symbol)), 1))[0]

    async def put_raw(self, store, of, symbol, value):
        key = self.word(await key_of(store, of, symbol))
        await store._ask(b"*3\r\n$3\r\nSET\r\n" + key + b"$%d\r\n%b\r\n" % (len(value), value), 1)

    async def pass_time(self, seconds):
        raise AssertionError("a server's time cannot be turned")

    test_values_go_after_their_time = None  # the test below lets a moment pass

    def word(self, text: str) -> bytes:
        return b"$%d\r\n%b\r\n" % (len(text), text.encode())


async def test_values_go_after_their_time(redis):
    store = a_store(redis, ttl_s=0.05)
    await store.write(some_features())
    assert (await store.read(OF, SYMBOLS)).present.all()
    await asyncio.sleep(0.1)
    assert not (await store.read(OF, SYMBOLS)).present.any()
    await store.close()


async def test_spaces_do_not_see_or_clean_each_other(redis):
    one, other = a_store(redis), a_store(redis)
    await one.write(some_features())
    assert await other.symbols(OF) == () and await other.clean() == 0
    assert (await one.read(OF, SYMBOLS)).present.all()
    for store in (one, other):
        await store.close()


async def failing_s(store: RedisFeatureStore) -> float:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.read(OF, SYMBOLS)
    return time.monotonic() - began


async def back_after_s(store: RedisFeatureStore) -> float:
    began = time.monotonic()
    while time.monotonic() - began < BACK_S:
        try:
            await store.write(some_features())
            assert (await store.read(OF, SYMBOLS)).present.all()
            return time.monotonic() - began
        except StoreUnavailable:
            await asyncio.sleep(0.05)
    return BACK_S


@pytest.mark.parametrize("fault", ["stopped", "hung", "killed"])
async def test_a_server_that_is_away_is_noticed_in_60_ms_and_back_in_5_s(redis, fault):
    """F90, F92. The median of the failing reads: this machine may look away for longer than a read may take."""
    store = a_store(redis)
    await store.write(some_features())
    {"stopped": redis.stop, "hung": redis.pause, "killed": redis.kill}[fault]()
    try:
        took = [await failing_s(store) for _ in range(20)]
        for _ in range(3):
            await asyncio.sleep(store._settings.retry_s)
            took.append(await failing_s(store))
        assert statistics.median(took) < LIMIT_S and max(took) < 4 * LIMIT_S, took
        assert store.is_away
    finally:
        redis.resume() if fault == "hung" else redis.start()
    assert await back_after_s(store) < BACK_S
    assert not store.is_away
    await store.close()


async def test_a_flushed_server_has_nothing_and_is_filled_again(redis):
    store = a_store(redis)
    await store.write(some_features())
    redis.flush()
    assert not (await store.read(OF, SYMBOLS)).present.any()
    await store.write(some_features())
    assert (await store.read(OF, SYMBOLS)).present.all()
    await store.close()


async def test_a_hundred_readers_share_sixteen_connections(redis):
    store = a_store(redis, timeout_s=2.0)
    await store.write(some_features())

    async def often() -> int:
        told = 0
        for _ in range(20):
            try:
                assert (await store.read(OF, SYMBOLS)).present.all()
                told += 1
            except StoreUnavailable:
                await asyncio.sleep(0.001)
        return told

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(often()) for _ in range(100)]
    assert sum(each.result() for each in asked) >= 16
    assert (store.failures, store.is_away) == (0, False), "no connection free says nothing about the server"
    assert store.connected == 16
    await store.close()


async def test_questions_called_away_never_leave_an_answer_for_the_next(redis):
    """redis-py #2624 and #2665, two hundred times: each value says itself whose it is, so a mix-up would be seen."""
    store = a_store(redis)
    for symbol in SYMBOLS:
        await store.write(some_features((symbol,)))
    for number in range(200):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        try:
            async with asyncio.timeout(0.00005 * (number % 8)):
                await store.read(OF, (symbol,))
        except TimeoutError:
            pass
        assert (await store.read(OF, (SYMBOLS[(number + 1) % len(SYMBOLS)],))).present.all()
    assert store.refused == {}
    await store.close()


@pytest.fixture(scope="module")
def secured(certificates: Certificates) -> Iterator[RedisServer]:
    demand("redis")
    users = {"keel": f">secret-of-keel {RIGHTS}", "reader": ">secret ~keel:features:* -@all +mget +auth"}
    with RedisServer(certificates, users) as server:
        yield server


def by_tls(server: RedisServer, monkeypatch, user: str = "keel", password: str = "secret-of-keel", **changes):
    monkeypatch.setenv("KEEL_TEST_REDIS", password)
    settings = {"tls": True, "ca_file": str(server.certificates.ca_file), "username": user} | changes
    return a_store(server, password="env:KEEL_TEST_REDIS", connect_s=2.0, timeout_s=2.0, **settings)


async def closed(store: RedisFeatureStore) -> None:
    """A connection that was dropped is closed once both sides have said so; the loop must not end before."""
    await store.close()
    await asyncio.sleep(0.3)


async def test_tls_and_a_user_with_the_few_rights_it_needs(secured, monkeypatch):
    store = by_tls(secured, monkeypatch)
    assert (await store.connect()).startswith("7.")
    await store.write(some_features())
    assert (await store.read(OF, SYMBOLS)).present.all()
    assert await store.symbols(OF) == tuple(sorted(SYMBOLS))
    assert await store.clean() == len(SYMBOLS)
    await closed(store)


@pytest.mark.parametrize(
    "command",
    ["EVAL return(1) 0", "SCRIPT LOAD x", "FUNCTION LIST", "CONFIG GET *", "MODULE LIST", "KEYS *", "FLUSHALL",
     "INFO", "SHUTDOWN", "GET other:key", "SET other:key x"],
)  # fmt: skip
async def test_what_those_rights_leave_out_is_refused(secured, monkeypatch, command):
    store = by_tls(secured, monkeypatch)
    words = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in command.encode().split())
    with pytest.raises(StoreUnavailable, match=r"(?i)no permissions"):
        await store._ask(b"*%d\r\n%b" % (len(command.split()), words), 1, 2.0)
    await closed(store)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"password": "wrong"}, "(?i)invalid username-password"),
        ({"user": "nobody"}, "(?i)invalid username-password"),
        ({"ca_file": ""}, "(?i)certificate verify failed"),
        ({"host": "localhost.localdomain"}, "redis at"),
    ],
)
async def test_a_door_that_stays_shut_says_why_and_never_the_password(secured, monkeypatch, changes, says):
    store = by_tls(secured, monkeypatch, **changes)
    with pytest.raises(StoreUnavailable, match=says) as failed:
        await store.connect()
    assert "secret" not in str(failed.value)
    await closed(store)


async def test_a_user_who_may_only_read_is_told_so(secured, monkeypatch):
    store = by_tls(secured, monkeypatch, user="reader", password="secret")
    assert not (await store.read(OF, SYMBOLS)).present.any()
    with pytest.raises(StoreUnavailable, match=r"(?i)no permissions"):
        await store.write(some_features())
    await closed(store)


async def test_a_forged_value_is_absent_where_values_are_signed(redis, monkeypatch):
    monkeypatch.setenv("KEEL_TEST_SIGN", "ours")
    store = a_store(redis, sign_key="env:KEEL_TEST_SIGN")
    await store.write(some_features())
    forger = RedisFeatureStore(RedisSettings(port=redis.port), store._root.split(":")[-2], 60.0)
    assert not (await forger.read(OF, SYMBOLS)).present.any()
    await forger.write(some_features(seed=9))
    assert not (await store.read(OF, SYMBOLS)).present.any()
    assert store.refused == {"damaged": 3}
    for each in (store, forger):
        await each.close()
