"""A book of real processes on a real Kafka: start roles, kill them, and read what the desk has on record."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records
from adapters.journal.record import Record
from contracts import codec
from tests.kit.command_line import REPOSITORY, SMALL

KEY = "a shared secret of a test, and no other"
PATIENCE_S = 60.0
LOOK_S = 0.25


@dataclass
class Role:
    """One process."""

    name: str
    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def kill(self) -> None:
        """As a machine does that loses its power."""
        self.process.kill()
        self.process.wait(10)

    def end(self) -> int:
        """In order."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self, within_s: float = PATIENCE_S) -> int:
        """Its exit code."""
        return self.process.wait(within_s)

    @property
    def summary(self) -> Any:
        """What `--json` printed at its end."""
        return json.loads(self.out.read_text())

    @property
    def talk(self) -> str:
        """What it said on stderr."""
        return self.err.read_text()


@dataclass
class Book:
    """The roles of one book in one environment of a broker; every process is ended with it."""

    directory: Path
    bootstrap: str
    env: str
    parts: int = 2
    more: dict[str, str] = field(default_factory=dict)
    roles: list[Role] = field(default_factory=list)

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, *_: object) -> None:
        for role in self.roles:
            if role.process.poll() is None:
                role.kill()

    @property
    def environment(self) -> dict[str, str]:
        """What every role is told."""
        return {
            **os.environ,
            **SMALL,
            "BOT__KAFKA__BROKERS": json.dumps([self.bootstrap]),
            "BOT__KAFKA__ENV": self.env,
            "BOT__KAFKA__SECURITY": "plaintext",
            "BOT__ROLES__PARTS": str(self.parts),
            "BOT__ROLES__KEY": "env:KEEL_BOOK_KEY",
            "BOT__ROLES__LEASE_S": "3",
            "KEEL_BOOK_KEY": KEY,
            **self.more,
        }

    def start(self, role: str, *arguments: str, runs: str = "") -> Role:
        """Start a process in a role; roles with runs keep them in a directory of their own."""
        name = f"{role}-{len(self.roles)}"
        out, err = self.directory / f"{name}.out", self.directory / f"{name}.err"
        where = [] if role == "agents" else ["--runs", str(self.directory / (runs or role))]
        command = [sys.executable, "-m", "bot", "run", "--role", role, "--profile", "canary", "--json", "--quiet"]
        with out.open("wb") as data, err.open("wb") as talk:
            process = subprocess.Popen(
                [*command, *where, *arguments], cwd=REPOSITORY, env=self.environment, stdout=data, stderr=talk
            )
        self.roles.append(Role(name, process, out, err))
        return self.roles[-1]

    def desk_run(self, runs: str = "desk") -> Path:
        """The desk's run."""
        return sorted((self.directory / runs / "canary").glob("canary-*"))[-1]

    def on_record(self, *kinds: type[msgspec.Struct], after: int = 0) -> list[tuple[Record, Any]]:
        """The desk's messages of some types behind a seq."""
        names = {kind.__name__ for kind in kinds}
        return [
            (record, codec.decode(record.type, record.payload))
            for record in records(PosixDisk(self.desk_run() / "journal"))
            if record.type in names and record.seq > after
        ]

    def await_record(
        self, kind: type[msgspec.Struct], wanted: Callable[[Any], bool], after: int = 0, within_s: float = PATIENCE_S
    ) -> tuple[Record, Any]:
        """The first message behind a seq that is wanted, once the desk has said it."""
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            if list((self.directory / "desk" / "canary").glob("canary-*/journal/*.seg")):
                for record, message in self.on_record(kind, after=after):
                    if wanted(message):
                        return record, message
            time.sleep(LOOK_S)
        talk = "\n".join(f"{role.name}: {role.talk[-600:]}" for role in self.roles)
        raise AssertionError(f"no such {kind.__name__} behind {after} in {within_s:g} s; {talk}")

    def last_seq(self) -> int:
        """Where the desk's journal ends now."""
        return max(record.seq for record in records(PosixDisk(self.desk_run() / "journal")))
