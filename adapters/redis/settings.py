"""How Redis is reached: never in the clear beyond this machine, never for longer than a moment."""

import ipaddress
import re
from typing import Final

import msgspec

from contracts.secret import check_reference

PREFIX: Final = re.compile(r"[a-z0-9][a-z0-9:._-]{0,63}")
PORT_MAX: Final = 65_535
DATABASES_MAX: Final = 1024
CONNECTIONS_MAX: Final = 64
TIMEOUT_S_MAX: Final = 5.0
TTL_S_MAX: Final = 366 * 86_400.0


class RedisSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server is, who we are to it, and how long we wait.

    `unix_socket` is taken instead of host and port where it is set. `password` and `sign_key` are references,
    `env:NAME` or `file:PATH`; with a `sign_key` values are signed, so that nobody without it can make one up. Without
    `tls` the server is on loopback or named in `local_hosts` (a network that does not leave this machine). A read takes
    `timeout_s` at most, whatever happens; a write may take `connect_s` more for a new connection. After `failures_max`
    failures on end nobody asks for `retry_s`.

    Raises:
        ValueError: what cannot be meant, plain text beyond this machine among it; no text of it holds a secret.
    """

    host: str = "127.0.0.1"
    port: int = 6379
    unix_socket: str = ""
    db: int = 0
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    local_hosts: tuple[str, ...] = ()
    sign_key: str = ""
    prefix: str = "keel:features"
    timeout_s: float = 0.05
    connect_s: float = 0.25
    connections_max: int = 16
    failures_max: int = 3
    retry_s: float = 1.0

    def __post_init__(self) -> None:
        for name, reference in (("redis.password", self.password), ("redis.sign_key", self.sign_key)):
            if reference:
                check_reference(name, reference)
        self._check_place()
        self._check_numbers()

    def _check_place(self) -> None:
        if not PREFIX.fullmatch(self.prefix):
            raise ValueError(
                f"redis.prefix was {self.prefix!r}, expected small letters, digits and : . _ -, at most 64"
            )
        if self.username and not self.password:
            raise ValueError("redis.username has no password, expected env:NAME or file:PATH")
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("a client certificate takes both, redis.cert_file and redis.key_file")
        if self.tls and self.unix_socket:
            raise ValueError("redis has both tls and unix_socket, expected one: a socket does not leave this machine")
        if self.tls or self.unix_socket:
            return
        if not (is_loopback(self.host) or self.host in self.local_hosts):
            raise ValueError(
                f"redis.host was {self.host!r}, which is not this machine, and redis.tls is off; "
                "expected tls = true, a unix_socket, or a host on loopback"
            )

    def _check_numbers(self) -> None:
        for name, value, least, most in (
            ("port", self.port, 1, PORT_MAX),
            ("db", self.db, 0, DATABASES_MAX),
            ("connections_max", self.connections_max, 1, CONNECTIONS_MAX),
            ("failures_max", self.failures_max, 1, 1000),
        ):
            if not least <= value <= most:
                raise ValueError(f"redis.{name} was {value}, expected {least} to {most}")
        for name, seconds in (("timeout_s", self.timeout_s), ("connect_s", self.connect_s), ("retry_s", self.retry_s)):
            if not 0 < seconds <= TIMEOUT_S_MAX:
                raise ValueError(f"redis.{name} was {seconds:g}, expected more than 0 and at most {TIMEOUT_S_MAX:g}")

    @property
    def address(self) -> str:
        """Where the server is, for people."""
        return f"unix:{self.unix_socket}" if self.unix_socket else f"{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine; a name is judged by its letters, not by what a resolver says."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
