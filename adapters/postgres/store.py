"""The history's database as the sink needs it: where a run stands, and a batch that is written whole or not at all.

The cursor of a run is a row of `runs`, moved in the transaction of the rows themselves: whatever dies, and wherever,
what is in the tables is what the cursor says, once.
"""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from adapters.postgres.connection import close, connect, failures, library, told
from adapters.postgres.migrations import migrate, spread
from adapters.postgres.plain_rows import Row, instant
from adapters.postgres.settings import PostgresSettings
from adapters.postgres.tables import BY_NAME, TABLES

SLICE: Final = timedelta(days=1)
"""How much time one statement of a clean-up takes away, so that none holds on for long."""

OF_A_VALUE: Final = ("22", "54")
"""The classes of errors that a value causes, whoever sends it: no such value, or too large."""

AnswerT = TypeVar("AnswerT")


class CursorMoved(Exception):
    """Somebody else has written for this run since its cursor was read: read it again."""


class ForeignRun(Exception):
    """The database holds another run of that name; exit code 4."""


class BadBatch(Exception):
    """The database does not take the values of a batch; nothing of it was written."""


class RunIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Which run: its place among the runs, and the digest of its first record, which no other run has.

    Where the first record is gone, `identity` is empty and nothing is compared.
    """

    account: str
    name: str
    identity: str
    begun_ns: int

    @property
    def run(self) -> str:
        """What the rows call it."""
        return f"{self.account}/{self.name}"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run has been written: up to message `seq`, at which place of its journal, in which universe."""

    seq: int = 0
    segment: int = 0
    head: str = ""
    at_ns: int = 0
    universe: bytes = b""
    sealed: bool = False


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of the `records` after message `after_seq`, and where the run stands with them."""

    after_seq: int
    records: int
    standing: Standing
    rows: dict[str, list[Row]]
    cleaned: int = 0


class HistoryStore:
    """One connection; every call ends in bounded time, and after a failure the store is closed and opened anew."""

    def __init__(self, settings: PostgresSettings) -> None:
        self.settings = settings
        self.timescale = False
        self._connection: Any = None

    async def open(self) -> None:
        """Connect, bring the schema forward; raises PostgresMissing, PostgresUnusable, PostgresAway."""
        self._connection = await connect(self.settings)
        await self._bounded(migrate(self._connection, self.settings.schema))
        self.timescale = await self._bounded(spread(self._connection, self.settings.schema))

    async def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await close(connection)

    async def standing(self, run: RunIdentity) -> Standing:
        """Where a run stands, which is known from now on; raises ForeignRun."""
        return await self._bounded(self._standing(run))

    async def write(self, run: RunIdentity, batch: Batch) -> None:
        """Write a batch and move the cursor, both or neither; raises CursorMoved, BadBatch, PostgresAway."""
        await self._bounded(self._write(run, batch))

    async def prune(self, before: datetime) -> int:
        """Take away what is fleeting and older; how many rows, or chunks where there are hypertables."""
        gone = 0
        for table in TABLES:
            if table.fleeting:
                gone += await self._prune(table.name, before)
        return gone

    async def _standing(self, run: RunIdentity) -> Standing:
        await self._connection.execute(
            "insert into runs values ($1, $2, $3, $4, 0, $5, 0, '', false, ''::bytea, $5, 0, 0, 0) "
            "on conflict (run) do nothing",
            run.run, run.account, run.name, run.identity, instant(run.begun_ns),
        )  # fmt: skip
        row = await self._connection.fetchrow(
            "select identity, seq, segment, head, at, universe, sealed from runs where run = $1", run.run
        )
        if run.identity and row["identity"] != run.identity:
            raise ForeignRun(
                f"{self.settings.place} holds another run called {run.run}: give this one a schema of its own"
            )
        at_ns = round(row["at"].timestamp() * 1e6) * 1000
        facts = {name: row[name] for name in ("seq", "segment", "head", "universe", "sealed")}
        return Standing(at_ns=at_ns, **facts)

    async def _write(self, run: RunIdentity, batch: Batch) -> None:
        to = batch.standing
        async with self._connection.transaction():
            moved = await self._connection.fetchval(
                "update runs set seq = $3, segment = $4, head = $5, at = $6, universe = $7, sealed = $8, "
                "records = records + $9, odd = odd + $10, cleaned = cleaned + $11 where run = $1 and seq = $2 "
                "returning seq",
                run.run, batch.after_seq, to.seq, to.segment, to.head, instant(to.at_ns), to.universe, to.sealed,
                batch.records, len(batch.rows.get("odd", ())), batch.cleaned,
            )  # fmt: skip
            if moved is None:
                raise CursorMoved(f"the cursor of {run.run} is not at {batch.after_seq} any more")
            for name, rows in batch.rows.items():
                await self._copy(name, rows)

    async def _copy(self, name: str, rows: list[Row]) -> None:
        try:
            await self._connection.copy_records_to_table(
                name, schema_name=self.settings.schema, columns=BY_NAME[name].names, records=rows
            )
        except (ValueError, TypeError, OverflowError) as error:
            raise BadBatch(f"{name}: {error}") from error
        except library().PostgresError as error:
            if (error.sqlstate or "").startswith(OF_A_VALUE):
                raise BadBatch(f"{name}: {error}") from error
            raise

    async def _prune(self, table: str, before: datetime) -> int:
        if self.timescale:
            place = f"{self.settings.schema}.{table}"
            asked = self._connection.fetch("select drop_chunks($1::text::regclass, $2::timestamptz)", place, before)
            return len(await self._bounded(asked))
        gone = 0
        while True:
            oldest = await self._bounded(self._connection.fetchval(_oldest(table)))
            if oldest is None or oldest >= before:
                return gone
            until = min(oldest + SLICE, before)
            said = await self._bounded(self._connection.execute(_delete(table), until))
            gone += int(said.rpartition(" ")[2])

    async def _bounded(self, answer: Awaitable[AnswerT]) -> AnswerT:
        """The answer of the server, in time and in our words."""
        try:
            async with asyncio.timeout(self.settings.statement_timeout_s):
                return await answer
        except failures() as error:
            raise told(error, self.settings) from error


def _oldest(table: str) -> str:
    words = ("select min(at) from", table)
    return " ".join(words)


def _delete(table: str) -> str:
    words = ("delete from", table, "where at < $1")
    return " ".join(words)
