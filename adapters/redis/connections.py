"""Connections to one Redis: few, never waited for, and gone after the first thing that was not as it should be.

A connection that failed, timed out or was called away in the middle may still hold the answer to another question, so
it is closed and never used again; all that wait idle go with it, since what killed one has mostly killed them all.
"""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

from adapters.redis.settings import RedisSettings
from adapters.secret_store import check_private, read_secret
from contracts.ports import StoreUnavailable


class RedisMissing(Exception):
    """The client library is not installed; exit code 4."""


class RedisRefuses(StoreUnavailable):
    """The server answers and does not let us in, or not do this; exit code 4."""


class AllBusy(ConnectionError):
    """More questions at once than connections: nothing is wrong with the server."""


def library() -> Any:
    """The client library, imported when it is needed; raises RedisMissing with the remedy."""
    try:
        import redis.asyncio
        import redis.exceptions
    except ImportError as error:
        raise RedisMissing(f"redis is not installed ({error}); run: pip install 'keel[redis]'") from error
    # What fails is told by whoever uses the client, once.
    logging.getLogger("redis").setLevel(logging.CRITICAL)
    return redis


def options_of(settings: RedisSettings, client: Any) -> dict[str, Any]:
    """What each connection is made with. The password is in it in the clear: never printed, never kept elsewhere.

    No time limit of the client's own is set: each runs in a task of its own, and the whole question has one. Raises
    SecretUnreadable for secrets that are missing or open to others.
    """
    options: dict[str, Any] = {
        "db": settings.db,
        "protocol": 2,
        "driver_info": None,
        "socket_timeout": None,
        "socket_connect_timeout": settings.connect_s,
        "retry": client.asyncio.retry.Retry(client.backoff.NoBackoff(), 0),
        "health_check_interval": 0,
    }
    if settings.password:
        options |= {"username": settings.username or None, "password": read_secret(settings.password).reveal()}
    if settings.unix_socket:
        return options | {"path": settings.unix_socket}
    options |= {"host": settings.host, "port": settings.port}
    if settings.tls:
        options |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": settings.ca_file or None}
    if settings.tls and settings.cert_file:
        check_private(Path(settings.key_file))
        options |= {"ssl_certfile": settings.cert_file, "ssl_keyfile": settings.key_file}
    return options


class Connections:
    """At most `connections_max` at a time; `made` counts all there ever were."""

    def __init__(self, settings: RedisSettings) -> None:
        client = library()
        kinds = client.asyncio.connection
        plain = kinds.SSLConnection if settings.tls else kinds.Connection
        self._kind = kinds.UnixDomainSocketConnection if settings.unix_socket else plain
        self._options = options_of(settings, client)
        self._errors = (client.exceptions.RedisError, OSError)
        self._close_s = settings.connect_s
        self._most = settings.connections_max
        self._idle: list[Any] = []
        self._busy = 0
        self.made = 0

    @property
    def has_idle(self) -> bool:
        """Whether a question can be asked without connecting first."""
        return bool(self._idle)

    async def take(self) -> Any:
        """A connection that nobody else uses; raises AllBusy, and what connecting raises."""
        if self._busy >= self._most:
            raise AllBusy(f"all {self._most} connections are busy")
        self._busy += 1
        if self._idle:
            return self._idle.pop()
        connection = self._kind(**self._options)
        self.made += 1
        try:
            await connection.connect()
        except BaseException:
            await self.drop(connection)
            raise
        return connection

    def give_back(self, connection: Any) -> None:
        """All its answers were read."""
        self._busy -= 1
        self._idle.append(connection)

    async def drop(self, connection: Any) -> None:
        """Something was not as it should be: close it, and those that wait."""
        self._busy -= 1
        await connection.disconnect(nowait=True)
        await self.close_idle()

    async def close_idle(self) -> None:
        """Close those that wait, without waiting until they are closed."""
        while self._idle:
            await self._idle.pop().disconnect(nowait=True)

    async def close(self) -> None:
        """Close those that wait in order, within the time that connecting takes."""
        with contextlib.suppress(TimeoutError, *self._errors):
            async with asyncio.timeout(self._close_s):
                while self._idle:
                    await self._idle.pop().disconnect()
        await self.close_idle()
