"""Whether the history's database takes us: reached, let in, its schema one that this release can write."""

from typing import Any, Final

import msgspec

from adapters.postgres.connection import (
    PostgresAway,
    PostgresMissing,
    PostgresUnusable,
    close,
    connect,
    failures,
    told,
)
from adapters.postgres.migrations import MIGRATIONS
from adapters.postgres.settings import PostgresSettings
from adapters.probing import LIMIT_S, Finding, reach
from adapters.secret_store import SecretUnreadable
from contracts.quantities import Seconds

LAST: Final = MIGRATIONS[-1].version


async def probe(settings: PostgresSettings, limit_s: Seconds = LIMIT_S) -> list[Finding]:
    """Findings for the address, the login and the schema; what cannot be asked yet is left out.

    Each look takes `limit_s` at most; nothing is written.
    """
    findings = []
    if not settings.host.startswith("/"):
        findings.append(await reach("history", settings.host, settings.port, limit_s=limit_s))
        if not findings[-1].ok:
            return findings
    bounded = msgspec.structs.replace(settings, connect_timeout_s=limit_s, statement_timeout_s=limit_s)
    name = "history login"
    try:
        connection = await connect(bounded)
    except PostgresMissing as error:
        return [*findings, Finding("history client", False, str(error), "pip install 'keel[history]'")]
    except SecretUnreadable as error:
        remedy = "put it where BOT__SINK__PASSWORD says, readable by you alone"
        return [*findings, Finding(name, False, str(error), remedy)]
    except (PostgresUnusable, PostgresAway) as error:
        remedy = "user, password, database and certificates must be those that the server knows"
        return [*findings, Finding(name, False, str(error), remedy)]
    findings.append(Finding(name, True, f"as {settings.user}, {settings.place}"))
    try:
        findings.append(await _schema(connection, settings))
    except failures() as error:
        findings.append(Finding("history schema", False, str(told(error, settings)), "look at the server's log"))
    finally:
        await close(connection)
    return findings


async def _schema(connection: Any, settings: PostgresSettings) -> Finding:
    there = await connection.fetchval("select to_regclass($1) is not null", f"{settings.schema}.versions")
    version = await connection.fetchval("select max(version) from versions") if there else None
    may = await connection.fetchval("select has_database_privilege(current_database(), 'CREATE')")
    extension = await connection.fetchval("select extversion from pg_extension where extname = 'timescaledb'")
    return schema_verdict(settings, version, may_create=bool(may), timescale=extension or "")


def schema_verdict(settings: PostgresSettings, version: int | None, *, may_create: bool, timescale: str) -> Finding:
    """What the version of the schema amounts to for this release; None stands for no schema yet."""
    name, kind = "history schema", f"TimescaleDB {timescale}" if timescale else "plain tables"
    if version is None and not may_create:
        remedy = f"grant create on database {settings.database} to {settings.user}"
        return Finding(name, False, f"{settings.schema} is not there, and {settings.user} may not make it", remedy)
    if version is None:
        return Finding(name, True, f"{settings.schema} is not there yet: `bot sink` makes it ({kind})")
    if version > LAST:
        remedy = "use the release that wrote it, or another --schema"
        return Finding(name, False, f"{settings.schema} has version {version}, this release knows {LAST}", remedy)
    grows = "" if version == LAST else f", brought to {LAST} by the next `bot sink`"
    return Finding(name, True, f"{settings.schema} has version {version}{grows} ({kind})")
