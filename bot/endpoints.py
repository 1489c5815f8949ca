"""Every endpoint that a profile configures, looked at in bounded time: brokers, cache, history, our own port."""

import errno
import http.client
import json
import os
import socket
from collections.abc import Mapping
from typing import Final

from adapters.probing import LIMIT_S, Finding
from adapters.secret_store import SecretUnreadable, read_secret
from bot.profile import Profile
from bot.settings import HealthSettings

SINK_DSN: Final = "BOT__SINK__DSN"
SINK_PASSWORD: Final = "BOT__SINK__PASSWORD"  # noqa: S105 # where the reference to it is


async def endpoints(profile: Profile, environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """What was found, endpoint by endpoint; one that is not configured is not looked at.

    The history is configured where `bot sink` finds it: by BOT__SINK__DSN.
    """
    findings = [health_port(profile.health)]
    if profile.kafka is not None:
        from adapters.kafka import probe as kafka
        from adapters.kafka.topics import wanted

        findings += await kafka.probe(profile.kafka, [topic.name for topic in wanted(profile.kafka)])
    if profile.store is not None and profile.store.kind == "redis":
        from adapters.redis import probe as redis

        findings += await redis.probe(profile.store.redis)
    if profile.roles.key:
        findings.append(secret("roles key", profile.roles.key))
    if dsn := environment.get(SINK_DSN):
        findings += await _history(dsn, environment.get(SINK_PASSWORD, ""))
    return findings


def health_port(health: HealthSettings) -> Finding:
    """Whether figures can be served: the port is free, or a daemon of ours has it already."""
    name, where = "health port", f"{health.host}:{health.port}"
    if health.port == 0:
        return Finding(name, True, "a free one is taken")
    family = socket.AF_INET6 if ":" in health.host else socket.AF_INET
    with socket.socket(family) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((health.host, health.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE and is_a_daemon(health.host, health.port):
                return Finding(name, True, f"{where}, where a daemon answers already")
            said = error.strerror or str(error)
            return Finding(name, False, f"{where}: {said}", "choose another: BOT__HEALTH__PORT, or 0 for a free one")
    return Finding(name, True, f"{where} is free")


def is_a_daemon(host: str, port: int) -> bool:
    """Whether /livez is answered there as one of ours does."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 # where to dial what listens everywhere
    connection = http.client.HTTPConnection(everywhere.get(host, host), port, timeout=LIMIT_S)
    try:
        connection.request("GET", "/livez")
        told = json.loads(connection.getresponse().read(65_536))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(told, dict) and "alive" in told


def secret(name: str, reference: str) -> Finding:
    """Whether a secret can be read where a setting says it is."""
    try:
        read_secret(reference)
    except SecretUnreadable as error:
        return Finding(name, False, str(error), "put it where the profile says, readable by you alone")
    return Finding(name, True, f"{reference} can be read")


async def _history(dsn: str, password: str) -> list[Finding]:
    from adapters.postgres.probe import probe
    from adapters.postgres.settings import settings_of

    try:
        settings = settings_of(dsn, password=password)
    except ValueError as error:
        return [Finding("history", False, f"{SINK_DSN}: {error}", "`bot sink --help` says how it is written")]
    return await probe(settings)
