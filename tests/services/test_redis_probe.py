"""What `bot doctor` says of a real Redis: with the rights that are shipped, with too few, with too many, and shut."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.redis.probe import probe
from adapters.redis.settings import RedisSettings
from adapters.redis.store import RedisFeatureStore
from tests.kit.command_line import REPOSITORY
from tests.kit.feature_stores import OF, SYMBOLS, some_features
from tests.kit.services import Certificates, RedisServer
from tests.services.conftest import demand

SHIPPED = (REPOSITORY / "deploy/redis/rights.acl").read_text().strip()
PASSWORD = "of-the-features"


@pytest.fixture(scope="module")
def secured(certificates: Certificates) -> Iterator[RedisServer]:
    demand("redis")
    users = {
        "keel": f">{PASSWORD} {SHIPPED}",
        "poor": f">{PASSWORD} ~keel:features:* -@all +mget +set",
        "rich": f">{PASSWORD} ~* +@all",
    }
    with RedisServer(certificates, users) as server:
        yield server


def settings(server: RedisServer, monkeypatch: pytest.MonkeyPatch, user: str = "keel", **changes: Any) -> RedisSettings:
    assert server.certificates
    monkeypatch.setenv("KEEL_TEST_REDIS", changes.pop("said", PASSWORD))
    chosen = {"ca_file": str(server.certificates.ca_file), "connect_s": 2.0, "timeout_s": 2.0} | changes
    return RedisSettings(port=server.port, tls=True, username=user, password="env:KEEL_TEST_REDIS", **chosen)


async def test_the_shipped_rights_are_enough_for_the_store(secured, monkeypatch):
    store = RedisFeatureStore(settings(secured, monkeypatch), "shipped", 60.0)

    await store.connect()
    await store.write(some_features())

    assert (await store.read(OF, SYMBOLS)).present.all()
    assert await store.symbols(OF) == tuple(sorted(SYMBOLS))
    assert await store.clean() == len(SYMBOLS)
    await store.close()


async def test_the_shipped_rights_are_no_more_than_needed(secured, monkeypatch):
    findings = await probe(settings(secured, monkeypatch))

    assert [(finding.name, finding.ok) for finding in findings] == [
        ("redis", True),
        ("redis login", True),
        ("redis commands", True),
        ("redis version", True),
    ]
    assert findings[2].found == "those we need, and no others"


async def test_too_few_rights_are_named(secured, monkeypatch):
    findings = await probe(settings(secured, monkeypatch, "poor"))

    (short,) = (finding for finding in findings if not finding.ok)
    assert short.found == "refused: SCAN, UNLINK"
    assert short.remedy == "give the user +scan +unlink on ~keel:features:*"


async def test_too_many_rights_are_named(secured, monkeypatch):
    findings = await probe(settings(secured, monkeypatch, "rich"))

    (wide,) = (finding for finding in findings if not finding.ok)
    assert "EVAL, SCRIPT, FUNCTION, CONFIG, MODULE, KEYS, keys outside of the prefix" in wide.found
    assert "deploy/redis/rights.acl" in wide.remedy


@pytest.mark.parametrize(
    ("changes", "name", "says"),
    [
        ({"said": "guessed"}, "redis login", "invalid username-password"),
        ({"ca_file": ""}, "redis", "not trusted"),
        ({"host": "127.1"}, "redis", "certificate of another host"),
    ],
)
async def test_what_shuts_us_out_is_told_apart(secured, monkeypatch, changes, name, says):
    findings = await probe(settings(secured, monkeypatch, **changes))

    assert (findings[-1].name, findings[-1].ok) == (name, False)
    assert says in findings[-1].found and "guessed" not in repr(findings)


async def test_a_plain_local_server_is_well_though_it_is_open(redis):
    for chosen in (RedisSettings(port=redis.port), RedisSettings(unix_socket=redis.unix_socket)):
        findings = await probe(chosen)

        assert all(finding.ok for finding in findings), findings
        assert any(finding.found.startswith("also open to us: EVAL") for finding in findings)


async def test_a_hung_server_costs_a_bounded_time(redis):
    redis.pause()
    try:
        findings = await probe(RedisSettings(unix_socket=redis.unix_socket), limit_s=0.2)
    finally:
        redis.resume()

    assert not findings[-1].ok and "took longer than 0.2 s" in findings[-1].found


async def test_a_socket_that_is_not_there_is_told(tmp_path: Path):
    (finding,) = await probe(RedisSettings(unix_socket=str(tmp_path / "none")))

    assert not finding.ok and "No such file" in finding.found
