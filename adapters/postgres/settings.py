"""How the history's database is reached and what is kept there; never without encryption beyond this machine."""

import ipaddress
import re
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from contracts.quantities import Seconds
from contracts.secret import check_reference

Security = Literal["verify_full", "plaintext"]
Raw = Literal["all", "few", "none"]

NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}")
PORT: Final = 5432
_MODES: Final[dict[str, Security]] = {"verify-full": "verify_full", "disable": "plaintext"}
_FILES: Final = ("sslrootcert", "sslcert", "sslkey")


class PostgresSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the database is, who we are to it, and how much of a run goes in.

    `host` is a name, an address, or the directory of a Unix socket. `password` is a reference, `env:NAME` or
    `file:PATH`. `plaintext` is for a server on loopback, a socket, or a host named in `local_hosts`. `schema` is the
    database schema that all tables are in. `raw` says of which messages the whole content is kept as JSON: `all`, `few`
    (without what is bulky and in tables of its own), or `none`. What is older than `retention_days` goes, but for what
    was decided, traded and owned; 0 keeps everything.

    Raises:
        ValueError: what cannot be meant, plaintext beyond this machine among it; no text of it holds a secret.
    """

    host: str
    database: str
    user: str
    port: int = PORT
    password: str = ""
    security: Security = "verify_full"
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    local_hosts: tuple[str, ...] = ()
    schema: str = "keel"
    raw: Raw = "all"
    retention_days: float = 0.0
    batch_records: int = 20_000
    connect_timeout_s: Seconds = 10.0
    statement_timeout_s: Seconds = 60.0

    def __post_init__(self) -> None:
        for name in ("host", "database", "user"):
            if not getattr(self, name):
                raise ValueError(f"{name} was empty")
        if not 0 < self.port < 65_536:
            raise ValueError(f"port was {self.port}, expected 1 to 65535")
        if not NAME.fullmatch(self.schema):
            raise ValueError(f"schema was {self.schema!r}, expected small letters, digits and _, not a digit first")
        self._check_security()
        if not (self.batch_records > 0 and self.connect_timeout_s > 0 and self.statement_timeout_s > 0):
            raise ValueError(
                f"batch_records was {self.batch_records}, connect_timeout_s {self.connect_timeout_s:g} and "
                f"statement_timeout_s {self.statement_timeout_s:g}, expected more than 0"
            )
        if not self.retention_days >= 0:
            raise ValueError(f"retention_days was {self.retention_days:g}, expected 0 for ever, or more")

    def _check_security(self) -> None:
        if self.password:
            check_reference("password", self.password)
        if self.security == "plaintext" and not self.is_local:
            raise ValueError(
                f"security was plaintext, but {self.host} is not on this machine; expected verify_full, or a server on "
                "loopback or a socket"
            )
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("a client certificate takes both, cert_file and key_file")

    @property
    def is_local(self) -> bool:
        """Whether what is said to the server does not leave this machine."""
        return is_local(self.host) or self.host in self.local_hosts

    @property
    def place(self) -> str:
        """The server and database for people."""
        return f"{self.database} at {self.host}:{self.port}"


def is_local(host: str) -> bool:
    """Whether a host can only be this machine: a socket, or a loopback name judged by its letters."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def settings_of(dsn: str, *, password: str = "") -> PostgresSettings:
    """The settings of a connection text, `postgresql://user@host:port/database?sslmode=verify-full`.

    Encryption is off on this machine and on beyond it, if the text does not say. Raises ValueError for a text with a
    password in it, which would lie open in the list of processes, and for a parameter that is not known here.
    """
    parts = urlsplit(dsn)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("a connection text begins with postgresql://, such as postgresql://keel@127.0.0.1:5432/keel")
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.password is not None or "password" in said:
        raise ValueError("the connection text holds a password, which everyone can see: give --password env:NAME")
    unknown = sorted(set(said) - {"host", "sslmode", *_FILES})
    if unknown:
        raise ValueError(f"the connection text says {unknown[0]}, expected sslmode, {', '.join(_FILES)} or host")
    host = said.get("host") or parts.hostname or ""
    mode = said.get("sslmode", "disable" if is_local(host) else "verify-full")
    if mode not in _MODES:
        raise ValueError(
            f"sslmode was {mode}, expected verify-full, or disable on this machine: all between is no proof"
        )
    return PostgresSettings(
        host=host,
        port=_port_of(parts),
        database=unquote(parts.path.lstrip("/")),
        user=unquote(parts.username or ""),
        password=password,
        security=_MODES[mode],
        ca_file=said.get("sslrootcert", ""),
        cert_file=said.get("sslcert", ""),
        key_file=said.get("sslkey", ""),
    )


def _port_of(parts: SplitResult) -> int:
    try:
        return parts.port or PORT
    except ValueError as error:
        port = parts.netloc.rpartition("@")[2].rpartition(":")[2]
        raise ValueError(f"the connection text's port was {port!r}, expected 1 to 65535") from error
