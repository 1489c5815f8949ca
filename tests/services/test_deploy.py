"""What deploy/ starts its servers with, on the real programs: the same files, other ports and directories."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from adapters.redis.probe import probe
from adapters.redis.settings import RedisSettings
from tests.kit.command_line import REPOSITORY
from tests.kit.services import KafkaServer, RedisServer, free_port
from tests.services.conftest import demand

DEPLOY = REPOSITORY / "deploy"


class ComposedRedis(RedisServer):
    """Started by the script of the container, with the password in a file."""

    def prepare(self) -> None:
        self.secret.write_text("a" * 64)
        self.secret.chmod(0o400)

    @property
    def secret(self) -> Path:
        return self.directory / "secret"

    @property
    def environment(self) -> Mapping[str, str]:
        users = str(self.directory / "users.acl")
        return os.environ | {"REDIS_USERS_FILE": users, "REDIS_PASSWORD_FILE": str(self.secret)}

    def command(self) -> list[str]:
        return ["sh", str(DEPLOY / "redis/start.sh"), "--port", str(self.port), "--bind", self.host]

    def prove(self) -> None:
        asked = ["redis-cli", "-h", self.host, "-p", str(self.port), "ping"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False)
        assert "NOAUTH" in done.stdout + done.stderr


@pytest.fixture(scope="module")
def composed_redis() -> Iterator[ComposedRedis]:
    demand("redis")
    with ComposedRedis() as server:
        yield server


async def test_the_cache_of_the_container_takes_the_daemon_and_gives_it_no_more(composed_redis: ComposedRedis) -> None:
    settings = RedisSettings(port=composed_redis.port, username="keel", password=f"file:{composed_redis.secret}")

    findings = await probe(settings)

    assert all(finding.ok for finding in findings), findings
    assert "those we need, and no others" in [finding.found for finding in findings]


async def test_the_cache_of_the_container_takes_nobody_else(composed_redis: ComposedRedis) -> None:
    nobody = await probe(RedisSettings(port=composed_redis.port))

    assert not nobody[-1].ok


def test_the_password_of_the_cache_is_in_no_command_line_and_no_file_of_users(composed_redis: ComposedRedis) -> None:
    said = Path(f"/proc/{composed_redis.pid}/cmdline").read_text()
    users = (composed_redis.directory / "users.acl").read_text()

    assert "a" * 64 not in said + users
    assert re.search(r"^user keel on #[0-9a-f]{64} ", users, re.MULTILINE)


class ComposedKafka(KafkaServer):
    """Started by the script of the container, with its properties: the image's programs are ours, on the same jars."""

    def prepare(self) -> None:
        shipped = (DEPLOY / "kafka/server.properties").read_text()
        changes = {
            "INTERNAL://:9092": f"INTERNAL://{self.bootstrap}",
            "INTERNAL://kafka:9092": f"INTERNAL://{self.bootstrap}",
            "HOST://:9094": f"HOST://{self.sasl_bootstrap}",
            "HOST://127.0.0.1:9094": f"HOST://{self.sasl_bootstrap}",
            "127.0.0.1:9093": f"127.0.0.1:{free_port()}",
            "/var/lib/kafka/data": str(self.directory / "log"),
        }
        for old, new in changes.items():
            assert old in shipped, old
            shipped = shipped.replace(old, new)
        self._properties.write_text(shipped)
        log4j = (DEPLOY / "kafka/log4j2.properties").read_text()
        (self.directory / "log4j2.properties").write_text(log4j)
        programs = {"kafka-storage.sh": "kafka.tools.StorageTool", "kafka-server-start.sh": "kafka.Kafka"}
        for name, program in programs.items():
            script = self.directory / name
            script.write_text(f'#!/bin/sh\nexec {shlex.join([*self._java(), program])} "$@"\n')
            script.chmod(0o755)

    @property
    def environment(self) -> Mapping[str, str]:
        return os.environ | {"KAFKA_PROGRAMS": str(self.directory)}

    def command(self) -> list[str]:
        return ["sh", str(DEPLOY / "kafka/start.sh"), str(self._properties)]


def test_the_broker_of_the_container_starts_and_keeps_its_cluster() -> None:
    demand("kafka")
    with ComposedKafka() as server:
        first = (server.directory / "log/meta.properties").read_text()
        server.create_topics("kept")
        server.stop()
        server.start()

        assert (server.directory / "log/meta.properties").read_text() == first
        assert "kept" in server.admin().list_topics(timeout=10).topics


def test_secrets_are_made_once_and_for_their_reader_alone(tmp_path: Path) -> None:
    command = [str(DEPLOY / "prepare.sh"), str(tmp_path / "secrets")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if os.geteuid() != 0:
        assert (done.returncode, "only root" in done.stderr) == (1, True)
        return
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    subprocess.run(command, capture_output=True, timeout=30, check=True)

    assert all(path.stat().st_mode & 0o777 == 0o400 for path in (tmp_path / "secrets").iterdir())
    assert made["redis.server"] == made["redis.keel"] != made["history.server"]
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made
