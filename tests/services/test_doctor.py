"""`bot doctor` on real servers: all well, then one after the other away, and what it says to do."""

from pathlib import Path

import pytest

from adapters.kafka.topics import wanted
from bot.profile import load
from tests.kit.command_line import bot
from tests.kit.services import KafkaServer, PostgresServer, RedisServer
from tests.kit.services.postgres import PASSWORD


@pytest.fixture
def profile(tmp_path: Path, kafka: KafkaServer, redis: RedisServer) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(
        f"""
extends = "canary"
name = "mine"
[kafka]
brokers = ["{kafka.bootstrap}"]
env = "doctor"
security = "plaintext"
[store]
kind = "redis"
[store.redis]
port = {redis.port}
"""
    )
    return path


@pytest.fixture
def asked(profile: Path, kafka: KafkaServer, postgres: PostgresServer, tmp_path: Path):
    """The checks by name, of a doctor who is told of everything."""
    settings = load(str(profile)).kafka
    assert settings is not None
    kafka.create_topics(*(topic.name for topic in wanted(settings)))
    where = {
        "BOT__SINK__DSN": f"postgresql://keel@{postgres.host}:{postgres.port}/keel",
        "BOT__SINK__PASSWORD": "env:KEEL_TEST_HISTORY",
        "KEEL_TEST_HISTORY": PASSWORD,
    }

    def ask(**changes: str):
        said = bot("doctor", "--profile", profile, "--runs", tmp_path, "--json", **(where | changes))
        assert PASSWORD not in said.out + said.err
        return said.code, {check["name"]: check for check in said.json["checks"]}

    return ask


def test_all_is_well_where_everything_runs(asked, kafka) -> None:
    code, checks = asked()

    assert code == 0, checks
    assert set(checks) >= {
        f"kafka {kafka.bootstrap}", "kafka login", "kafka topics", "redis", "redis login", "history", "history login",
        "history schema", "health port",
    }  # fmt: skip
    assert all(check["ok"] for check in checks.values())


def test_servers_that_are_away_are_told_one_by_one(asked, kafka, redis, postgres) -> None:
    servers = (kafka, redis, postgres)
    for server in servers:
        server.stop()
    try:
        code, checks = asked()
    finally:
        for server in servers:
            server.start()

    assert code == 4
    failed = {name for name, check in checks.items() if not check["ok"]}
    assert failed == {f"kafka {kafka.bootstrap}", "redis", "history"}
    assert all("start it" in checks[name]["remedy"] for name in failed)


def test_servers_that_hang_cost_a_bounded_time(asked, kafka, redis, postgres) -> None:
    servers = (kafka, redis, postgres)
    for server in servers:
        server.pause()
    try:
        code, checks = asked()
    finally:
        for server in servers:
            server.resume()

    assert code == 4
    assert {name for name, check in checks.items() if not check["ok"]} == {
        "kafka login",
        "redis login",
        "history login",
    }


def test_a_wrong_password_of_the_history_is_told_as_such(asked) -> None:
    code, checks = asked(KEEL_TEST_HISTORY="guessed")

    assert code == 4
    assert "password authentication failed" in checks["history login"]["found"]


def test_missing_topics_are_told_with_the_command_that_makes_them(profile, tmp_path) -> None:
    profile.write_text(profile.read_text().replace('env = "doctor"', 'env = "nobody-made"'))

    said = bot("doctor", "--profile", profile, "--runs", tmp_path)

    assert "FAIL  kafka topics" in said.out and "bot topics apply" in said.out
