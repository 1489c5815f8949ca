"""Mirrors as processes of their own, and what an independent client reads of what they wrote."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records
from adapters.kafka.reading import Assembler, Heard
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import HEADS, SCHEMAS, wanted
from contracts.remote import INBOUND
from tests.kit.command_line import REPOSITORY

LIMIT_S = 120.0
CALM = {
    "BOT__TRAINER__ENABLED": "false",
    "BOT__PLANNING__ENABLED": "false",
    "BOT__HEALTH__PORT": "0",
    "BOT__MODELS__DIRECTORY": "/nonexistent/models",
}


def kafka_environment(bootstrap: str, env: str, **changed: str) -> dict[str, str]:
    """The variables of a profile that mirrors to a broker of a test, with timeouts that a test can wait for."""
    return CALM | {
        "BOT__KAFKA__BROKERS": json.dumps([bootstrap]),
        "BOT__KAFKA__ENV": env,
        "BOT__KAFKA__SECURITY": "plaintext",
        "BOT__KAFKA__REQUEST_TIMEOUT_S": "2",
        "BOT__KAFKA__SEND_TIMEOUT_S": "3",
        "BOT__KAFKA__HEAD_S": "1",
    } | changed  # fmt: skip


def a_canary(runs: Path, duration: str, **environment: str) -> dict[str, Any]:
    """A canary at full speed, as a process; its summary."""
    command = [sys.executable, "-m", "bot", "run", "--profile", "canary", "--speed", "max", "--for", duration]
    done = subprocess.run(
        [*command, "--runs", str(runs), "--json", "-q"],
        cwd=REPOSITORY, env=os.environ | CALM | environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


@contextmanager
def a_mirror(run: Path, environment: dict[str, str], *options: str) -> Iterator["subprocess.Popen[str]"]:
    """`bot mirror` of a run, killed at the end if it still lives."""
    command = [sys.executable, "-m", "bot", "mirror", str(run), "--profile", "canary", "--json", *options]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


def cursor_of(run: Path, env: str) -> int:
    """The last message that a mirror's cursor has passed; 0 before there is one."""
    try:
        seq: int = json.loads((run / "mirror" / f"kafka-{env}.cursor.json").read_bytes())["place"]["seq"]
    except FileNotFoundError:
        return 0
    return seq


def until_cursor(run: Path, env: str, seq: int, process: "subprocess.Popen[str]") -> None:
    """Wait until the cursor is there, or the mirror has ended."""
    deadline = time.monotonic() + LIMIT_S
    while cursor_of(run, env) < seq and process.poll() is None:
        assert time.monotonic() < deadline, f"the cursor stands at {cursor_of(run, env)}, expected {seq}"
        time.sleep(0.02)


class Mirrored:
    """Everything of one run in an environment, as an independent client reads it."""

    def __init__(self, bootstrap: str, env: str) -> None:
        settings = KafkaSettings(brokers=(bootstrap,), env=env, security="plaintext")
        prefix = f"keel.{env}."
        topics = [each for each in wanted(settings) if each.name.removeprefix(prefix) not in (HEADS, INBOUND, SCHEMAS)]
        self.messages: dict[int, Heard] = {}
        self.copies = 0
        self.disordered: list[tuple[str, bytes, int]] = []
        self._seen: dict[tuple[str, bytes], set[int]] = defaultdict(set)
        self._highest: dict[tuple[str, bytes], int] = {}
        assembler = Assembler(pending_max=1 << 20)
        for record in _consumed(bootstrap, env, [each.name for each in topics], sum(t.partitions for t in topics)):
            self.copies += 1
            self._order(record)
            heard = assembler.add(record.topic().removeprefix(prefix), record.value(), record.headers())
            if heard is not None:
                self.messages.setdefault(heard.seq, heard)

    def _order(self, record: Any) -> None:
        """Of every key the first copies rise."""
        lane, seq = (record.topic(), record.key()), int(dict(record.headers())["seq"])
        if seq in self._seen[lane]:
            return
        self._seen[lane].add(seq)
        if seq < self._highest.get(lane, 0):
            self.disordered.append((*lane, seq))
        self._highest[lane] = max(seq, self._highest.get(lane, 0))

    def differences(self, run: Path) -> list[str]:
        """What is other than in the journal; empty when nothing is."""
        found = [f"out of order: {each}" for each in self.disordered]
        kept = {record.seq: record for record in records(PosixDisk(run / "journal"))}
        found += [f"only mirrored: {seq}" for seq in self.messages.keys() - kept.keys()]
        for seq, record in kept.items():
            heard = self.messages.get(seq)
            if heard is None:
                found.append(f"lost: {seq}")
            elif (
                (heard.payload, heard.turn, heard.cause) != (record.payload, record.turn, record.cause)
                or (heard.at_ns, heard.source, heard.type) != (record.at_ns, record.source, record.type)
            ):  # fmt: skip
                found.append(f"other: {seq}")
        return found


def _consumed(bootstrap: str, env: str, topics: list[str], partitions: int) -> Iterator[Any]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap, "group.id": f"read-{env}-{time.monotonic_ns()}", "log_level": 0,
            "auto.offset.reset": "earliest", "enable.partition.eof": True, "enable.auto.commit": False,
        }
    )  # fmt: skip
    ended: set[tuple[str, int]] = set()
    deadline = time.monotonic() + LIMIT_S
    try:
        consumer.subscribe(topics)
        while len(ended) < partitions:
            assert time.monotonic() < deadline, f"{len(ended)} of {partitions} partitions were read"
            for record in consumer.consume(10_000, 0.5):
                if record.error() is None:
                    yield record
                else:
                    ended.add((record.topic(), record.partition()))
    finally:
        consumer.close()
