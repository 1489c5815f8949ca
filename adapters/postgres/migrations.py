"""The history's schema, brought forward step by step, once, whoever comes first."""

import hashlib
from typing import Any, Final

import msgspec

from adapters.postgres.connection import PostgresUnusable
from adapters.postgres.tables import TABLES, create, index

CHUNK_DAYS: Final = 7


class Migration(msgspec.Struct, frozen=True):
    """One step: the statements that lead from the version before to this one. Once released it is never changed."""

    version: int
    title: str
    statements: tuple[str, ...]


_RUNS: Final = (
    "create table runs (run text primary key, account text not null, name text not null, identity text not null, "
    "seq bigint not null, at timestamptz not null, segment bigint not null, head text not null, "
    "sealed boolean not null, universe bytea not null, begun_at timestamptz not null, records bigint not null, "
    "odd bigint not null, cleaned bigint not null)"
)

MIGRATIONS: Final[tuple[Migration, ...]] = (
    Migration(
        1,
        "runs, and a table for each kind of record",
        (
            _RUNS,
            *(statement for table in TABLES for statement in (create(table), index(table))),
            "create index on bars (symbol, at)",
            "create index on messages (type, at)",
            "create index on fills (symbol, at)",
        ),
    ),
)


async def migrate(connection: Any, schema: str, migrations: tuple[Migration, ...] = MIGRATIONS) -> list[int]:
    """Bring the schema, the first of the search path, to the last version; the versions that were applied.

    Everybody else is held off meanwhile. Raises PostgresUnusable for a schema that a newer release has been at.
    """
    applied = []
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _lock(schema))
        if not await connection.fetchval("select exists (select from pg_namespace where nspname = $1)", schema):
            await connection.execute(f"create schema {schema}")
        await connection.execute(
            "create table if not exists versions (version integer primary key, title text not null, "
            "applied_at timestamptz not null default now())"
        )
        there = await connection.fetchval("select coalesce(max(version), 0) from versions")
        if there > migrations[-1].version:
            raise PostgresUnusable(
                f"schema {schema} has version {there}, this release knows {migrations[-1].version}: use a newer one"
            )
        for step in migrations[there:]:
            for statement in step.statements:
                await connection.execute(statement)
            await connection.execute("insert into versions values ($1, $2)", step.version, step.title)
            applied.append(step.version)
    return applied


async def spread(connection: Any, schema: str) -> bool:
    """Make hypertables of the tables that grow where TimescaleDB is installed; whether it is."""
    if not await has_timescale(connection):
        return False
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _lock(schema))
        for table in TABLES:
            if table.fleeting:
                await connection.execute(hypertable(schema, table.name))
    return True


async def has_timescale(connection: Any) -> bool:
    """Whether the extension is in this database."""
    found: bool = await connection.fetchval("select exists (select from pg_extension where extname = 'timescaledb')")
    return found


def hypertable(schema: str, table: str) -> str:
    """The statement that cuts a table into chunks of time; of one that is cut already, nothing."""
    return (
        f"select create_hypertable('{schema}.{table}', 'at', chunk_time_interval => interval '{CHUNK_DAYS} days', "
        "if_not_exists => true, migrate_data => true, create_default_indexes => false)"
    )


def _lock(schema: str) -> int:
    """A number for the lock, the same in every process."""
    return int.from_bytes(hashlib.blake2b(f"keel {schema}".encode(), digest_size=8).digest(), signed=True)
