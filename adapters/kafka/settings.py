"""How Kafka is reached and what is written there; never without encryption beyond this machine."""

import ipaddress
import re
from typing import Final, Literal

import msgspec

from contracts.secret import check_reference

Security = Literal["plaintext", "ssl", "sasl_ssl"]
Format = Literal["json", "msgpack"]
Compression = Literal["none", "lz4", "zstd"]

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
BROKER: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
PORT_MAX: Final = 65_535
PARTITIONS_MAX: Final = 1024
REPLICAS_MAX: Final = 16


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the brokers are, who we are to them, and what the mirror writes.

    `env` is in every topic's name (`keel.<env>.<topic>`). `password` and `key_password` are references, `env:NAME` or
    `file:PATH`. `plaintext` is for brokers on loopback, or named in `local_hosts` (a network that does not leave this
    machine, as that of a compose file), and for simulated profiles alone. `partitions` are those of topics keyed by
    instrument; the others have one. `mirror` has the daemon keep a mirror running beside it.

    Raises:
        ValueError: what cannot be meant, plaintext beyond this machine among it; no text of it holds a secret.
    """

    brokers: tuple[str, ...]
    env: str
    security: Security = "sasl_ssl"
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256"] = "SCRAM-SHA-512"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    key_password: str = ""
    local_hosts: tuple[str, ...] = ()
    mirror: bool = False
    format: Format = "json"
    compression: Compression = "lz4"
    partitions: int = 8
    replicas: int = 1
    request_timeout_s: float = 10.0
    send_timeout_s: float = 30.0
    record_bytes_max: int = 1_000_000
    dead_letters_max: int = 1000
    head_s: float = 60.0

    def __post_init__(self) -> None:
        self._check_names()
        self._check_security()
        self._check_numbers()

    def _check_names(self) -> None:
        if not self.brokers:
            raise ValueError('brokers were empty, expected at least one, such as "127.0.0.1:9092"')
        for broker in self.brokers:
            match = BROKER.fullmatch(broker)
            if match is None or not 0 < int(match["port"]) <= PORT_MAX:
                raise ValueError(f"a broker was {broker!r}, expected host:port")
        if not NAME.fullmatch(self.env):
            raise ValueError(f"env was {self.env!r}, expected small letters, digits and dashes, at most 40")

    def _check_security(self) -> None:
        for name, reference in (("password", self.password), ("key_password", self.key_password)):
            if reference:
                check_reference(name, reference)
        if self.security == "plaintext":
            away = [broker for broker in self.brokers if not self._is_local(host_of(broker))]
            if away:
                raise ValueError(
                    f"security was plaintext, but {', '.join(away)} is not on this machine; "
                    "expected sasl_ssl or ssl, or brokers on loopback"
                )
            if self.username or self.password or self.cert_file:
                raise ValueError("security was plaintext, which would show who we are to everyone on the way")
        if self.security == "sasl_ssl" and not (self.username and self.password):
            raise ValueError("security was sasl_ssl, expected a username and a password (env:NAME or file:PATH)")
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("a client certificate takes both, cert_file and key_file")

    def _check_numbers(self) -> None:
        for name, value, most in (
            ("partitions", self.partitions, PARTITIONS_MAX),
            ("replicas", self.replicas, REPLICAS_MAX),
            ("record_bytes_max", self.record_bytes_max, 1 << 30),
            ("dead_letters_max", self.dead_letters_max, 1 << 30),
        ):
            if not 1 <= value <= most:
                raise ValueError(f"{name} was {value}, expected 1 to {most}")
        if not 0 < self.request_timeout_s <= self.send_timeout_s <= 3600:
            raise ValueError(
                f"request_timeout_s was {self.request_timeout_s:g} and send_timeout_s {self.send_timeout_s:g}, "
                "expected 0 < request_timeout_s <= send_timeout_s <= 3600"
            )
        if not self.head_s > 0:
            raise ValueError(f"head_s was {self.head_s:g}, expected more than 0")

    def _is_local(self, host: str) -> bool:
        return is_loopback(host) or host in self.local_hosts

    def refuse_plaintext(self, world: str) -> None:
        """Raises ValueError where a profile that is not simulated would speak in the clear (S15)."""
        if self.security == "plaintext" and world != "simulated":
            raise ValueError(f"kafka.security was plaintext in a {world} profile, expected sasl_ssl or ssl")


def host_of(broker: str) -> str:
    """The host of host:port, without the brackets of an IPv6 address."""
    return broker.rpartition(":")[0].strip("[]")


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine; a name is judged by its letters, not by what a resolver says."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def topic_name(env: str, topic: str) -> str:
    """What a topic of the table is called on Kafka."""
    return f"keel.{env}.{topic}"
