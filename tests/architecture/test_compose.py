"""deploy/compose.yaml keeps its promises on paper: hardened, pinned, and speaking only of what is there."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

from adapters.postgres.settings import settings_of
from bot.cli.app import app
from bot.endpoints import SINK_DSN, SINK_PASSWORD
from bot.environment import OF_A_VERB
from bot.profile import load
from tests.architecture.source import REPOSITORY
from tests.architecture.test_delivery import PROJECT, pins, text, unpinned

DEPLOY = REPOSITORY / "deploy"


def yaml(name: str) -> Any:
    return YAML(typ="safe").load(DEPLOY / name)


COMPOSE = yaml("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"].startswith("keel:")}


def test_the_file_is_one_that_compose_can_read() -> None:
    checker = str(Path(sys.executable).with_name("check-jsonschema"))
    command = [checker, "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_hardened(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].partition(":")[0]) > 0
    assert service["mem_limit"] and service["pids_limit"]
    assert not {"privileged", "pid", "ipc", "devices"} & set(service)
    assert service.get("network_mode", "none") == "none"


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - OURS.keys()))
def test_images_of_others_are_of_one_release(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+(-\w+)?$", SERVICES[name]["image"]), SERVICES[name]["image"]


def test_no_password_is_written_down() -> None:
    for name, service in SERVICES.items():
        environment = service.get("environment", {})
        secret = [environment[key] for key in environment if "PASSWORD" in key or "SECRET" in key]
        assert all(place.removeprefix("file:").startswith("/run/secrets/") for place in secret), name


def test_every_secret_is_made_by_the_script_and_is_no_part_of_the_repository() -> None:
    made = {
        f"{door}.{holder}"
        for door, holders in re.findall(r"^secret (\w+) (.+)$", text("deploy/prepare.sh"), re.MULTILINE)
        for holder in re.findall(r"(\w+):\d+", holders)
    }
    used = {secret["source"] for service in SERVICES.values() for secret in service.get("secrets", [])}

    assert used <= set(COMPOSE["secrets"]) <= made
    assert {each["file"] for each in COMPOSE["secrets"].values()} == {f"secrets/{name}" for name in COMPOSE["secrets"]}
    assert "/deploy/secrets/" in text(".gitignore").splitlines()


def test_a_secret_belongs_to_the_user_that_reads_it() -> None:
    owners = dict(re.findall(r"(\w+):(\d+)", text("deploy/prepare.sh").partition("\nsecret redis")[2]))
    for service in OURS.values():
        assert service["user"].partition(":")[0] == owners["keel"]
    for door in ("redis", "history", "grafana"):
        line = re.search(rf"^secret {door} server:(\d+)", text("deploy/prepare.sh"), re.MULTILINE)
        assert line is not None and SERVICES[door]["user"].partition(":")[0] == line[1]


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = [volume for service in SERVICES.values() for volume in service["volumes"] if volume.startswith("./")]

    assert all(volume.endswith(":ro") for volume in mounted)
    assert [volume for volume in mounted if not (DEPLOY / volume.split(":")[0]).exists()] == []


def test_the_history_is_reached_as_it_may_be_and_by_what_the_command_line_reads() -> None:
    said = SERVICES["sink"]["environment"]
    settings = settings_of(said[SINK_DSN], password=said[SINK_PASSWORD])
    (socket,) = (volume for volume in SERVICES["history"]["volumes"] if volume.startswith("history-socket:"))

    assert set(said) == {SINK_DSN, SINK_PASSWORD} == OF_A_VERB
    assert socket == f"history-socket:{settings.host}" and socket in SERVICES["sink"]["volumes"]
    assert (settings.user, settings.database) == tuple(
        SERVICES["history"]["environment"][key] for key in ("POSTGRES_USER", "POSTGRES_DB")
    )


def unknown_words(words: list[str]) -> list[str]:
    """The verb or the options of a command line that `bot` does not have."""
    here: Any = typer.main.get_command(app)
    while hasattr(here, "commands") and words:
        found = here.commands.get(words[0])
        if found is None:
            return [words[0]]
        here, words = found, words[1:]
    known = {option for parameter in here.params for option in parameter.opts}
    return [word for word in words if word.startswith("-") and word not in known]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_say_what_the_command_line_knows(name: str) -> None:
    assert unknown_words(OURS[name]["command"]) == []


@pytest.mark.parametrize("words", [["walk"], ["run", "--profil", "x"], ["data", "chek"]])
def test_a_word_that_the_command_line_does_not_know_is_found(words: list[str]) -> None:
    assert unknown_words(words) != []


def test_the_profile_is_in_order_and_speaks_of_containers_that_are_there() -> None:
    profile = load(str(DEPLOY / "keel.toml"))
    (mirrored,) = profile.kafka.brokers if profile.kafka else ()

    assert mirrored == "kafka:9092"
    assert f"INTERNAL://{mirrored}" in text("deploy/kafka/server.properties")
    assert profile.store is not None and profile.store.redis.host == "redis"
    assert profile.store.redis.password == "file:/run/secrets/redis"
    for container in ("kafka", "redis"):
        assert container in SERVICES and "backbone" in SERVICES[container]["networks"]


def test_the_daemon_is_found_where_it_is_scraped() -> None:
    profile = load(str(DEPLOY / "keel.toml"))
    (job,) = yaml("prometheus/prometheus.yml")["scrape_configs"]

    assert job["static_configs"] == [{"targets": [f"keel:{profile.health.port}"]}]
    assert f"BOT__HEALTH__PORT={profile.health.port}" in text("Dockerfile")


def test_the_broker_is_the_release_that_is_tested() -> None:
    release = SERVICES["kafka"]["image"].rpartition(":")[2]

    assert f"<version>{release}</version>" in text("requirements/kafka/pom.xml")
    assert f"version={release}\n" in text("requirements/services.sh")
    assert f"kafka_2.13-{release}.jar" in text("requirements/kafka/jars.sha256")


def test_the_lock_of_the_image_has_the_clients_and_agrees_with_the_others() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = PROJECT["project"]["dependencies"] + extras["kafka"] + extras["redis"] + extras["history"]
    backbone = pins(text("requirements/backbone.lock"))

    assert unpinned(wanted, text("requirements/backbone.lock")) == []
    assert pins(text("requirements/run.lock")).items() <= backbone.items()
    assert backbone.items() <= pins(text("requirements/dev.lock")).items()
    assert OURS["keel"]["build"]["args"] == {"LOCK": "backbone.lock"}
    assert "!requirements/backbone.lock" in text(".dockerignore").splitlines()
