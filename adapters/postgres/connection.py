"""One connection to the history's database; what fails is told in three kinds: missing, refused, or away."""

import asyncio
import ssl
from pathlib import Path
from typing import Any, Final

from adapters.postgres.settings import PostgresSettings
from adapters.secret_store import check_private, read_secret

NAME: Final = "keel history"
CLOSE_S: Final = 2.0


class PostgresMissing(Exception):
    """The client library is not installed; exit code 4."""


class PostgresUnusable(Exception):
    """The server does not let us in or does not do what we ask; trying again is of no use; exit code 4."""


class PostgresAway(Exception):
    """The server cannot be reached, hung up, or did not answer in time: try again; exit code 75."""


def library() -> Any:
    """The client library, imported when it is needed; raises PostgresMissing with the remedy."""
    try:
        import asyncpg
    except ImportError as error:
        raise PostgresMissing(f"asyncpg is not installed ({error}); run: pip install 'keel[history]'") from error
    return asyncpg


async def connect(settings: PostgresSettings) -> Any:
    """An open connection; raises PostgresMissing, PostgresUnusable, PostgresAway, SecretUnreadable."""
    asyncpg = library()
    password = read_secret(settings.password).reveal() if settings.password else None
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            return await asyncpg.connect(
                host=settings.host,
                port=settings.port,
                user=settings.user,
                database=settings.database,
                password=password,
                ssl=ssl_context(settings) or False,
                timeout=settings.connect_timeout_s,
                command_timeout=settings.statement_timeout_s,
                statement_cache_size=64,
                server_settings={
                    "application_name": NAME,
                    "timezone": "UTC",
                    "search_path": f"{settings.schema},public",
                    "statement_timeout": str(round(settings.statement_timeout_s * 1000)),
                },
            )
    except failures() as error:
        raise told(error, settings) from error


def ssl_context(settings: PostgresSettings) -> ssl.SSLContext | None:
    """TLS 1.2 and up with the server's name checked; None in plaintext. Raises PostgresUnusable."""
    if settings.security == "plaintext":
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.cert_file:
            check_private(Path(settings.key_file))
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
    except (OSError, ssl.SSLError) as error:
        raise PostgresUnusable(f"the certificates for {settings.place} cannot be used: {error}") from error
    return context


async def close(connection: Any) -> None:
    """Hang up, politely for a moment, then without asking."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await connection.close()
    except failures():
        connection.terminate()


def failures() -> tuple[type[Exception], ...]:
    """Whatever the library and the way to the server may raise."""
    asyncpg = library()
    return (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


def told(error: Exception, settings: PostgresSettings) -> Exception:
    """What went wrong as one of the kinds; anything else, a bug among it, comes back as it is."""
    asyncpg = library()
    if isinstance(error, PostgresUnusable):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return PostgresUnusable(f"{settings.place} showed a certificate that is not trusted: {error}")
    said = str(error) or type(error).__name__
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return (PostgresAway if state[:2] in _PASSING else PostgresUnusable)(f"{settings.place}: {said}")
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError) and not isinstance(error, ValueError):
        return PostgresAway(f"{settings.place}: {said}")
    if isinstance(error, ssl.SSLError | ConnectionError) and "SSL" in said:
        return PostgresUnusable(f"{settings.place} does not speak TLS: {said}")
    if isinstance(error, TimeoutError):
        return PostgresAway(f"{settings.place} did not answer in time")
    if isinstance(error, OSError):
        return PostgresAway(f"{settings.place} cannot be reached: {said}")
    return error


_PASSING: Final = ("08", "40", "53", "57", "55")
"""Classes of errors that pass: connection, rollback, resources, operator (a shutdown, a cancel), a lock."""
