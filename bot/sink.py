"""The history sink: a run's journal copied into a database behind a cursor that lives there, so each row is there once.

It reads what is on the medium and nothing else, in a process of its own: no decision waits for it. The database may be
slow, hang or go away: what was being written is undone there, and the sink goes on from the cursor when it is back.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from adapters.journal.follow import Follower, Place
from adapters.journal.reader import current
from adapters.journal.record import HEADER, Record
from adapters.postgres.connection import PostgresAway
from adapters.postgres.rows import Rows
from adapters.postgres.settings import PostgresSettings
from adapters.postgres.store import BadBatch, Batch, CursorMoved, HistoryStore, RunIdentity, Standing
from bot.replaying import JournalEmpty
from contracts.quantities import Seconds

POLL_S: Final[Seconds] = 0.2
RETRY_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
PATIENCE_S: Final[Seconds] = 60.0
"""How long a copy that follows nothing waits for a database that is away."""

PRUNE_EVERY_S: Final[Seconds] = 3600.0
RIVALS_MAX: Final = 3
FIRST_BYTES: Final = 1 << 16
READ_BYTES: Final = 64
"""What is read at once for each record of a batch: fewer than a record has, so that a batch is not much too long."""

RECORD_BYTES: Final = HEADER.size

Read = Callable[[int], None]
Said = Callable[[str], None]


class Rival(Exception):
    """Another sink writes for the same run; exit code 6."""


class Progress(msgspec.Struct, kw_only=True):
    """How far a copy has come: `seq` is the run's, `records` and `rows` are of this process."""

    run: str
    seq: int = 0
    records: int = 0
    rows: int = 0
    odd: int = 0
    cleaned: int = 0
    pruned: int = 0
    sealed: bool = False
    away: int = 0
    torn: str = ""
    took_s: float = 0.0


class Prepared(NamedTuple):
    """A batch made ready, with what it was made of."""

    records: list[Record]
    before: Standing
    batch: Batch


class Sink:
    """Copies one run; `stop` has it end after the batch in hand."""

    def __init__(
        self,
        run: Path,
        settings: PostgresSettings,
        *,
        follow: bool = False,
        patience_s: Seconds = PATIENCE_S,
        read: Read = lambda size: None,
        say: Said = lambda text: None,
    ) -> None:
        self.journal = run / "journal"
        self.settings = settings
        self.follow = follow
        self.patience_s = patience_s
        self.identity = identity_of(run)
        self.progress = Progress(run=self.identity.run)
        self.stopping = asyncio.Event()
        self._read = read
        self._say = say
        self._pruned_at = -PRUNE_EVERY_S

    def stop(self) -> None:
        """End after the batch in hand."""
        self.stopping.set()

    async def run(self) -> Progress:
        """Copy to the end, or until stopped where the run is followed.

        Raises PostgresAway once the patience is over (which a follower's never is), Rival, ForeignRun, and what a
        journal or a database that cannot be used raises.
        """
        failures, rivals, began = 0, 0, time.monotonic()
        away_since = began
        while not self.stopping.is_set():
            before = self.progress.seq
            store = HistoryStore(self.settings)
            try:
                await store.open()
                await self._copy(store)
                break
            except CursorMoved as error:
                rivals = rivals + 1 if self.progress.seq == before else 0
                if rivals > RIVALS_MAX:
                    raise Rival(f"another sink writes {self.identity.run} into {self.settings.place}") from error
            except PostgresAway as error:
                if self.progress.seq > before:
                    failures, away_since = 0, time.monotonic()
                if not self.follow and time.monotonic() - away_since > self.patience_s:
                    raise
                self._say(f"{error}; trying again")
                await self._wait(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                self.progress.away += 1
            finally:
                await store.close()
        self.progress.took_s = time.monotonic() - began
        return self.progress

    async def _copy(self, store: HistoryStore) -> None:
        standing = await store.standing(self.identity)
        self.progress.seq, self.progress.sealed = standing.seq, standing.sealed
        follower = Follower(self.journal, Place(standing.seq, standing.segment, standing.head))
        ahead = self._in_a_thread(follower, standing)
        try:
            while not self.stopping.is_set():
                found = await ahead
                if found is not None:
                    standing = found.batch.standing
                    ahead = self._in_a_thread(follower, standing)
                    await self._write(store, found)
                elif follower.ended or not self.follow:
                    self.progress.torn = follower.broken
                    break
                else:
                    await self._prune(store)
                    await self._wait(POLL_S)
                    ahead = self._in_a_thread(follower, standing)
            self._pruned_at = -PRUNE_EVERY_S
            await self._prune(store)
        finally:
            await asyncio.wait([ahead])
            ahead.exception()
            follower.close()

    def _in_a_thread(self, follower: Follower, standing: Standing) -> "asyncio.Future[Prepared | None]":
        """The next batch, made ready while the server is still busy with the one before."""
        return asyncio.get_running_loop().run_in_executor(None, self._prepared, follower, standing)

    def _prepared(self, follower: Follower, standing: Standing) -> "Prepared | None":
        records = self._next(follower)
        if not records and (standing.sealed or not follower.ended):
            return None
        place, last = follower.place, records[-1].at_ns if records else standing.at_ns
        to = Standing(seq=place.seq, segment=place.segment, head=place.head, at_ns=last, sealed=follower.ended)
        return Prepared(records, standing, self._batch(records, standing, to))

    def _next(self, follower: Follower) -> list[Record]:
        """As many records as make a batch, fewer where there are no more now."""
        records: list[Record] = []
        while len(records) < self.settings.batch_records:
            more = follower.read(self.settings.batch_records * READ_BYTES)
            if not more:
                break
            self._read(sum(RECORD_BYTES + len(record.payload) for record in more))
            records += map(current, more)
        return records

    def _batch(self, records: list[Record], before: Standing, to: Standing, *, careful: bool = False) -> Batch:
        rows = Rows(self.identity.run, self.settings.raw, before.universe, careful=careful)
        for record in records:
            rows.add(record)
        standing = msgspec.structs.replace(to, universe=rows.universe)
        return Batch(
            after_seq=before.seq, records=len(records), standing=standing, rows=rows.take(), cleaned=rows.cleaned
        )

    async def _write(self, store: HistoryStore, found: "Prepared") -> None:
        batch = found.batch
        try:
            await store.write(self.identity, batch)
        except BadBatch:
            batch = self._batch(found.records, found.before, batch.standing, careful=True)
            await store.write(self.identity, batch)
        self._note(batch)

    def _note(self, batch: Batch) -> None:
        told = self.progress
        told.seq, told.sealed = batch.standing.seq, batch.standing.sealed
        told.records += batch.records
        told.rows += sum(map(len, batch.rows.values()))
        told.odd += len(batch.rows.get("odd", ()))
        told.cleaned += batch.cleaned

    async def _prune(self, store: HistoryStore) -> None:
        if self.settings.retention_days and time.monotonic() - self._pruned_at >= PRUNE_EVERY_S:
            self.progress.pruned += await store.prune(datetime.now(UTC) - timedelta(days=self.settings.retention_days))
            self._pruned_at = time.monotonic()

    async def _wait(self, duration_s: Seconds) -> None:
        try:
            async with asyncio.timeout(duration_s):
                await self.stopping.wait()
        except TimeoutError:
            pass


def identity_of(run: Path) -> RunIdentity:
    """Which run a directory holds, by its first record; raises JournalEmpty where there is none."""
    journal = run / "journal"
    if not journal.is_dir():
        raise JournalEmpty(f"{run} holds no journal: it is no run, or one of an older layout")
    follower = Follower(journal)
    try:
        first = follower.read(FIRST_BYTES)
    finally:
        follower.close()
    if not first:
        raise JournalEmpty(f"{run} holds no recorded message: was the run started?")
    record = first[0]
    whole = hashlib.blake2b(record.at_ns.to_bytes(8, "little", signed=True) + record.payload, digest_size=16)
    return RunIdentity(
        account=run.resolve().parent.name,
        name=run.name,
        identity=whole.hexdigest() if record.seq == 1 else "",
        begun_ns=record.at_ns,
    )
