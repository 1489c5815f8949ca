"""A real PostgreSQL, with a database of ours and a password; started as another user where we are root."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from tests.kit.services.process import ServerProcess, free_port

PASSWORD = "of-the-history"


class PostgresServer(ServerProcess):
    """Durability is off: a test asks what was committed, not what a disk does. `.dsn` carries the password."""

    name = "postgres"
    stop_signal = signal.SIGINT  # its word for: roll back, hang up, write down

    def __init__(self) -> None:
        super().__init__()
        self.host = "127.0.0.1"
        self.port = free_port()
        self.programs = programs()
        self.user = "postgres" if os.geteuid() == 0 else None

    @property
    def dsn(self) -> str:
        return f"postgresql://keel:{PASSWORD}@{self.host}:{self.port}/keel"

    def prepare(self) -> None:
        secret = self.directory / "password"
        secret.write_text(PASSWORD)
        if self.user:
            for path in (self.directory, secret):
                shutil.chown(path, self.user, pwd.getpwnam(self.user).pw_gid)
        command = [self.programs / "initdb", "-D", self._data, "-U", "keel", "-A", "scram-sha-256", "--no-sync"]
        self._run([*command, f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8"])

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": self.directory,
            "max_connections": 40,
            "shared_buffers": "64MB",
            "fsync": "off",
            "full_page_writes": "off",
        }
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self._data), *words]

    def prove(self) -> None:
        databases = self.ask("select datname from pg_database", database="postgres").split()
        if "keel" not in databases:
            self.ask("create database keel", database="postgres")
        assert self.ask("select 1 + 1") == "2"

    def ask(self, sql: str, database: str = "keel") -> str:
        """The rows of a query as `psql` prints them, `|` between columns; raises CalledProcessError."""
        where = ["-h", self.host, "-p", str(self.port), "-U", "keel", "-d", database]
        command = [self.programs / "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", *where, "-c", sql]
        environment = dict(os.environ) | {"PGPASSWORD": PASSWORD, "PGCONNECT_TIMEOUT": "5"}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, env=environment, check=True
        ).stdout.strip()

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _run(self, command: list[str | Path]) -> None:
        with self.log.open("ab") as log:
            subprocess.run(
                command,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                user=self.user,
                extra_groups=[] if self.user else None,
                timeout=120,
                check=True,
            )


def programs() -> Path:
    """Where the newest server's programs are: Debian keeps them out of the path; raises FileNotFoundError."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).parent
    raise FileNotFoundError("no PostgreSQL server here: apt-get install postgresql")
