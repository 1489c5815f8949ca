"""S15 with the mirror itself: by password or certificate, allowed to write and nothing else, told when it is not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command_line import REPOSITORY
from tests.kit.mirrors import Mirrored, a_canary, kafka_environment
from tests.kit.services import KafkaServer
from tests.services.test_kafka_security import secret

PASSWORD = "of-the-mirror"
ENV = "secured"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(a_canary(tmp_path_factory.mktemp("runs"), "30s")["journal"]).parent


@pytest.fixture(scope="module")
def broker(secured_kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> KafkaServer:
    """The topics are made by one user; another may write there, and nothing else."""
    prefix = f"keel.{ENV}."
    for name in ("maker", "mirror"):
        secured_kafka.add_user(name, PASSWORD)
    secured_kafka.allow("User:maker", prefix, ["CREATE", "DESCRIBE", "DESCRIBE_CONFIGS"])
    for principal in ("User:mirror", "User:CN=mirror"):
        secured_kafka.allow(principal, prefix, ["WRITE", "DESCRIBE"])
    made = bot("topics", "apply", by_password(secured_kafka, tmp_path_factory.mktemp("maker"), "maker"))
    assert made.returncode == 0, made.stderr
    return secured_kafka


def bot(*arguments: Any) -> "subprocess.CompletedProcess[str]":
    *words, variables = arguments
    command = [sys.executable, "-m", "bot", *(str(word) for word in words)]
    return subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, timeout=120)


def by_password(server: KafkaServer, directory: Path, user: str, password: str = PASSWORD) -> dict[str, str]:
    assert server.certificates
    return secured(
        server.sasl_bootstrap,
        SECURITY="sasl_ssl",
        CA_FILE=str(server.certificates.ca_file),
        USERNAME=user,
        PASSWORD=secret(directory, password),
    )


def by_certificate(server: KafkaServer) -> dict[str, str]:
    assert server.certificates
    own = server.certificates.leaf("mirror")
    files = {"CA_FILE": server.certificates.ca_file, "CERT_FILE": own.cert_file, "KEY_FILE": own.key_file}
    return secured(server.mtls_bootstrap, SECURITY="ssl", **{name: str(path) for name, path in files.items()})


def secured(bootstrap: str, **settings: str) -> dict[str, str]:
    changed = {f"BOT__KAFKA__{name}": value for name, value in settings.items()}
    return {"PATH": "/usr/bin:/bin"} | kafka_environment(bootstrap, ENV, **changed)


def mirrored(run: Path, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return bot("mirror", run, "--profile", "canary", "--json", variables)


@pytest.mark.parametrize("door", ["password", "certificate"])
def test_the_record_arrives_whole_by_a_user_that_may_only_write(broker, run, tmp_path, door) -> None:
    variables = by_password(broker, tmp_path, "mirror") if door == "password" else by_certificate(broker)

    done = mirrored(run, variables)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dead_letters"] == 0
    assert Mirrored(broker.bootstrap, ENV).differences(run) == []


def test_a_wrong_password_ends_the_mirror_and_is_in_nothing_it_says(broker, run, tmp_path) -> None:
    done = mirrored(run, by_password(broker, tmp_path, "mirror", "guessed-it"))

    assert done.returncode in (4, 75), done.stderr
    assert "guessed-it" not in done.stdout + done.stderr


def test_the_doctor_says_what_the_mirror_cannot(broker, run, tmp_path) -> None:
    done = bot("doctor", "--runs", run.parent.parent, by_password(broker, tmp_path, "mirror", "guessed-it"))

    assert done.returncode == 4
    assert "FAIL  kafka login" in done.stdout and "invalid credentials" in done.stdout


def test_a_user_that_may_write_may_make_no_topics(broker, tmp_path) -> None:
    variables = by_password(broker, tmp_path, "mirror") | {"BOT__KAFKA__ENV": "elsewhere"}

    done = bot("topics", "apply", variables)

    assert done.returncode != 0
    assert not [name for name in broker.admin().list_topics(timeout=10).topics if name.startswith("keel.elsewhere.")]
