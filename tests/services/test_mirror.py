"""The mirror on a real broker: nothing is lost, altered or disordered, whatever broker and process go through."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command_line import REPOSITORY
from tests.kit.mirrors import Mirrored, a_canary, a_mirror, cursor_of, kafka_environment, until_cursor
from tests.kit.services import KafkaServer

LONGER_THAN_EVERY_TIMEOUT_S = 7.0
MESSAGES = 200_000


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A run of 200,000 messages and more, made once; and how many there are."""
    summary = a_canary(tmp_path_factory.mktemp("runs"), "65m")
    assert summary["messages"] >= MESSAGES
    return Path(summary["journal"]).parent, summary["messages"]


@pytest.fixture
def environment(kafka: KafkaServer, request: pytest.FixtureRequest) -> dict[str, str]:
    """An environment of its own for each test, with its topics."""
    env = f"t{abs(hash(request.node.name)) % 10**9}"
    variables = kafka_environment(kafka.bootstrap, env)
    assert bot("topics", "apply", variables).returncode == 0
    return variables


def bot(*arguments: Any) -> "subprocess.CompletedProcess[str]":
    *words, variables = arguments
    command = [sys.executable, "-m", "bot", *words]
    return subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | variables, capture_output=True, text=True, timeout=120
    )


def test_two_hundred_thousand_messages_survive_a_broker_that_stops_hangs_and_is_killed(
    kafka: KafkaServer, canary: tuple[Path, int], environment: dict[str, str]
) -> None:
    (run, messages), env = canary, environment["BOT__KAFKA__ENV"]
    harm = [(kafka.stop, kafka.start), (kafka.pause, kafka.resume), (kafka.kill, kafka.start)]
    with a_mirror(run, environment, "--follow") as mirror:
        for number, (begin, end) in enumerate(harm):
            until_cursor(run, env, messages * (1 + 2 * number) // 8, mirror)
            begin()
            reached = cursor_of(run, env)
            time.sleep(LONGER_THAN_EVERY_TIMEOUT_S)
            assert cursor_of(run, env) - reached < messages // 4, "nothing is acknowledged meanwhile"
            end()
        out, err = mirror.communicate(timeout=120)
    assert mirror.returncode == 0, err
    state = json.loads(out)
    assert (state["state"], state["acked_seq"], state["dead_letters"]) == ("ended", messages, 0)
    assert state["rebuilds"] >= 1

    mirrored = Mirrored(kafka.bootstrap, env)
    assert mirrored.differences(run) == []
    assert mirrored.copies >= state["records"]


def test_a_mirror_killed_again_and_again_between_acknowledgement_and_cursor_loses_nothing(
    kafka: KafkaServer, canary: tuple[Path, int], environment: dict[str, str]
) -> None:
    (run, messages), env = canary, environment["BOT__KAFKA__ENV"]
    chance, kills = random.Random(5), 0
    while cursor_of(run, env) < messages * 9 // 10 and kills < 40:
        with a_mirror(run, environment, "--follow") as mirror:
            until_cursor(run, env, cursor_of(run, env) + 1, mirror)
            time.sleep(chance.uniform(0.0, 0.3))
            kills += 1
    assert kills >= 3

    with a_mirror(run, environment) as mirror:
        out, err = mirror.communicate(timeout=120)
    assert mirror.returncode == 0, err

    mirrored = Mirrored(kafka.bootstrap, env)
    assert mirrored.differences(run) == []
    assert mirrored.copies > json.loads(out)["records"], "what was acknowledged and not noted came twice"


def test_the_record_of_a_daemon_is_the_same_to_the_byte_whatever_kafka_does(
    kafka: KafkaServer, tmp_path: Path, environment: dict[str, str]
) -> None:
    env = environment["BOT__KAFKA__ENV"]
    with_mirror = environment | {"BOT__KAFKA__MIRROR": "true"}
    lives = {"without": a_canary(tmp_path / "without", "3m")}
    lives["healthy"] = a_canary(tmp_path / "healthy", "3m", **with_mirror)
    kafka.pause()
    try:
        lives["hung"] = a_canary(tmp_path / "hung", "3m", **with_mirror)
    finally:
        kafka.resume()
    kafka.kill()
    try:
        lives["dead"] = a_canary(tmp_path / "dead", "3m", **with_mirror)
    finally:
        kafka.start()

    assert len({life["decision_hash"] for life in lives.values()}) == 1
    assert len({journal_bytes(life) for life in lives.values()}) == 1
    run = Path(lives["healthy"]["journal"]).parent
    assert Mirrored(kafka.bootstrap, env).differences(run) == []


def journal_bytes(life: dict[str, Any]) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(Path(life["journal"]).glob("*.seg")))


def test_a_mirror_beside_a_living_daemon_keeps_up_and_finishes_with_it(
    kafka: KafkaServer, tmp_path: Path, environment: dict[str, str]
) -> None:
    variables = environment | {"BOT__KAFKA__MIRROR": "true"}
    done = bot("run", "--profile", "canary", "--for", "8s", "--runs", str(tmp_path), "--json", "-q", variables)
    assert done.returncode == 0, done.stderr
    run = Path(json.loads(done.stdout)["journal"]).parent

    assert cursor_of(run, environment["BOT__KAFKA__ENV"]) == json.loads(done.stdout)["messages"]
    assert Mirrored(kafka.bootstrap, environment["BOT__KAFKA__ENV"]).differences(run) == []


def test_topics_are_planned_made_and_checked_and_what_differs_is_named(kafka: KafkaServer) -> None:
    variables = kafka_environment(kafka.bootstrap, "topics")
    planned = bot("topics", "plan", "--json", variables)
    missing = json.loads(planned.stdout)
    assert planned.returncode == 0
    assert {row["missing"] for row in missing["differences"]} == {True}
    assert bot("topics", "check", variables).returncode == 4

    kafka.create_topics("keel.topics.market.tick", partitions=2)
    applied = bot("topics", "apply", "--json", variables)

    assert applied.returncode == 4, "what is there is never changed"
    assert {row["topic"] for row in json.loads(applied.stdout)["differences"]} == {"keel.topics.market.tick"}
    checked = bot("topics", "check", variables)
    assert checked.returncode == 4
    assert "keel.topics.market.tick: partitions is 2, expected 8" in checked.stdout


def test_without_topics_the_mirror_says_what_to_do(kafka: KafkaServer, canary: tuple[Path, int]) -> None:
    with a_mirror(canary[0], kafka_environment(kafka.bootstrap, "none")) as mirror:
        _, err = mirror.communicate(timeout=60)

    assert mirror.returncode == 4
    assert "bot topics apply" in err


def test_without_a_broker_a_mirror_that_follows_nothing_gives_up_in_time(canary: tuple[Path, int]) -> None:
    with a_mirror(canary[0], kafka_environment("127.0.0.1:1", "away")) as mirror:
        _, err = mirror.communicate(timeout=60)

    assert mirror.returncode == 75
    assert "took nothing" in err
