"""A real Redis: by TCP and by a Unix socket, or by TLS for users whose rights are a list."""

import os
import subprocess
from collections.abc import Mapping

from tests.kit.services.certificates import Certificates
from tests.kit.services.process import ServerProcess, free_port

OPERATOR = "operator"
OPERATOR_PASSWORD = "of-the-operator"


class RedisServer(ServerProcess):
    """Nothing is kept on disk. With certificates the port speaks TLS and `default` has no rights; the operator has all.

    `users` is name -> rules of an ACL, as in `{"keel": ">secret ~keel:* -@all +get"}`.
    """

    name = "redis"

    def __init__(self, certificates: Certificates | None = None, users: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.certificates = certificates
        self.users = dict(users or {})
        self.host = "127.0.0.1"
        self.port = free_port()
        self.unix_socket = str(self.directory / "redis.sock")

    def prepare(self) -> None:
        lines = [
            f"bind {self.host}",
            f"unixsocket {self.unix_socket}",
            "unixsocketperm 700",
            'save ""',
            "appendonly no",
            f"dir {self.directory}",
            "maxmemory 256mb",
            "maxmemory-policy noeviction",
            *self._door(),
        ]
        (self.directory / "redis.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        return ["redis-server", str(self.directory / "redis.conf")]

    def prove(self) -> None:
        assert self.ask("SET", "keel-ready", "yes") == "OK"
        assert self.ask("GETDEL", "keel-ready") == "yes"

    def flush(self) -> None:
        """Forget every key."""
        assert self.ask("FLUSHALL") == "OK"

    def ask(self, *words: str) -> str:
        """What the server answers to the operator; raises CalledProcessError for an error."""
        secured = self.certificates is not None
        login = ["--user", OPERATOR] if secured else []
        environment = dict(os.environ) | ({"REDISCLI_AUTH": OPERATOR_PASSWORD} if secured else {})
        command = ["redis-cli", "-e", "-s", self.unix_socket, *login, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, env=environment, check=True)
        return done.stdout.strip()

    def _door(self) -> list[str]:
        if self.certificates is None:
            return [f"port {self.port}", *(f"user {name} on {rules}" for name, rules in self.users.items())]
        server = self.certificates.leaf("redis")
        return [
            "port 0",
            f"tls-port {self.port}",
            f"tls-ca-cert-file {self.certificates.ca_file}",
            f"tls-cert-file {server.cert_file}",
            f"tls-key-file {server.key_file}",
            "tls-auth-clients optional",
            "user default off",
            f"user {OPERATOR} on >{OPERATOR_PASSWORD} ~* &* +@all",
            *(f"user {name} on {rules}" for name, rules in self.users.items()),
        ]
