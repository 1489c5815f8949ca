"""The journal of a run: every message is kept in order, and `durable` says truly what a power cut cannot take."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Final

from adapters.journal.disk import Disk
from adapters.journal.encoder import Encoder
from adapters.journal.record import GENESIS, LAST, OUTSIDE, SEAL, TURN_END, Position, control, segment_numbers
from adapters.journal.recovery import Recovery
from adapters.journal.segments import Segments
from adapters.journal.sync_thread import SyncThread
from contracts.decision import Halt
from contracts.envelope import Envelope
from contracts.life import GatewayFailed, RunStopped
from contracts.market import BookDelta, BookSnapshot, Tick, Trade
from contracts.ports import JournalFailed
from contracts.quantities import Nanos

BATCHED: Final = frozenset({Tick, Trade, BookDelta, BookSnapshot})
"""Market rows are many and change no order by themselves: they wait for company. All else from outside does not."""

CLOSING: Final = frozenset({Halt, GatewayFailed, RunStopped})
"""What a run may still say, with all that follows from it, when the disk is nearly full."""

PENDING_MAX: Final = 256
BLOCK_BYTES: Final = 1 << 18
SEGMENT_BYTES: Final = 16 << 20
FREE_BYTES_MIN: Final = 64 << 20
SPACE_CHECK_BYTES: Final = 1 << 20


class JournalWriter:
    """Implements `contracts.ports.Journal` on one directory, which it owns alone.

    Laws: seqs have no hole; a message from outside that is no market row is in the file before `append` returns; when
    `durable(seq)` has returned, recovery after any crash finds the whole turn of that seq; after the first error of a
    write or a sync nothing is ever reported durable again, and a failed sync is never tried again.

    With `threaded` the syncs run in a thread of the journal's own, and many waiters share one; without, inline.
    With `decisions_only` bulky contents are left out, as is the promise about messages from outside: such a run cannot
    be replayed, only made again. Topics in `full` are kept whole where a digest would do. `after` is what `recover`
    found in the directory: the journal goes on from there in a new segment, on the same chain. Raises ValueError where
    the directory holds segments and no recovery is given, OSError where it cannot write.
    """

    def __init__(
        self,
        disk: Disk,
        *,
        after: Recovery | None = None,
        threaded: bool = False,
        decisions_only: bool = False,
        full: Collection[str] = (),
        segment_bytes: int = SEGMENT_BYTES,
        free_bytes_min: int = FREE_BYTES_MIN,
    ) -> None:
        if after is None and segment_numbers(disk.names()):
            raise ValueError("the directory holds a journal already: recover it first, then go on after it")
        if after is not None and (after.open_bytes or (after.torn_bytes and not after.torn_name)):
            raise ValueError("the journal was examined, not recovered: its tail must be mended first")
        self.disk = disk
        self.segment_bytes = segment_bytes
        self.free_bytes_min = free_bytes_min
        self.last_seq = after.last_seq if after else 0
        self.ended_seq = after.ended_seq if after else 0
        self.synced_seq = self.ended_seq
        self._written: tuple[int, int, Nanos] = (after.last_seq, after.turn, after.at_ns) if after else (0, 0, 0)
        self._segments = Segments(disk, after.end.segment + 1 if after else 1, after.head if after else GENESIS)
        self._encoder = Encoder(decisions_only=decisions_only, full=full)
        self._decisions_only = decisions_only
        self._envelopes: list[Envelope[Any]] = []
        self._flags: list[int] = []
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._thread = SyncThread() if threaded else None
        self._syncing = False
        self._closed = False
        self._end_due = False
        self._failure: str | None = None
        self._full: str | None = None
        self._refusing = False
        self._unchecked_bytes = 0
        self._check_space()

    @property
    def failed(self) -> bool:
        """Whether nothing may be sent any more: a write or a sync failed, or the disk is nearly full."""
        return self._refusing

    @property
    def head(self) -> bytes:
        """The chain's hash at the last closed block: what an export publishes to prove the journal later."""
        return self._segments.chain.head

    @property
    def position(self) -> Position:
        """The end of what was written."""
        return self._segments.position

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        """Take the next record; a refused one is not taken, and its seq is free again.

        Raises JournalFailed once the disk has failed or is nearly full, ValueError for a seq that leaves a hole.
        """
        if self._refusing:
            self._refuse(envelope, outside)
        seq = envelope.seq
        if seq != self.last_seq + 1:
            raise ValueError(f"the journal is at seq {self.last_seq}: seq was {seq}, expected the next")
        self.last_seq = seq
        self._envelopes.append(envelope)
        self._flags.append(OUTSIDE if outside else 0)
        if outside and not self._decisions_only and type(envelope.payload) not in BATCHED:
            self.flush()

    def end_turn(self) -> None:
        """The last record taken ends its turn; without a new record since the last call, nothing happens."""
        if self.ended_seq == self.last_seq:
            return
        self.ended_seq = self.last_seq
        if self._flags:
            self._flags[-1] |= LAST
            if len(self._flags) >= PENDING_MAX:
                self.flush()
        else:
            self._end_due = True

    def flush(self) -> None:
        """Hand what is pending to the operating system, which keeps it when this process dies; a timer calls this."""
        if self._envelopes or self._end_due:
            self._raise_failure()
            self._guard(self._write_pending)

    async def durable(self, seq: int) -> None:
        """Return when the turn of that record is on the medium whole.

        Raises JournalFailed once anything has failed, ValueError for a seq whose turn has not ended.
        """
        self._raise_refusal()
        if seq > self.ended_seq:
            raise ValueError(f"the turn of seq {seq} is not over: the last whole turn ended with seq {self.ended_seq}")
        if seq <= self.synced_seq:
            return
        if self._thread is None:
            self.sync()
        else:
            if not self._syncing:
                self._sync_beside(self._thread)
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((seq, waiter))
            await waiter
        self._raise_refusal()

    def sync(self) -> None:
        """Return when everything taken is on the medium, waiting for it inline; raises JournalFailed."""
        self._raise_failure()
        self._guard(self._sync_inline)

    def close(self, *, seal: bool = True) -> None:
        """Write, sync and seal what is there, and let go of the files; after a failure, only the latter."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._failure is None:
                self.sync()
                if seal:
                    self._guard(self._seal)
                self._release(None)
        finally:
            if self._thread is not None:
                self._thread.close()
            self._guard(self._segments.close)

    def _write_pending(self) -> None:
        segments = self._segments
        if segments.offset >= self.segment_bytes:
            self._roll()
        envelopes = self._envelopes
        data = control(TURN_END, *self._written) if self._end_due else b""
        try:
            data += self._encoder.encode(envelopes, self._flags)
        except (TypeError, NotImplementedError, ValueError, OverflowError) as error:
            # An actor's defect, found only here: what cannot be kept must not be acted upon, as with a broken disk.
            raise OSError(f"a message could not be encoded: {error}") from error
        self._envelopes, self._flags, self._end_due = [], [], False
        segments.write(data, self._written[0] + 1)
        if envelopes:
            last = envelopes[-1]
            self._written = (last.seq, last.turn, last.at_ns)
        if segments.chain.open_bytes >= BLOCK_BYTES:
            segments.commit(*self._written)
        self._unchecked_bytes += len(data)
        if self._unchecked_bytes >= SPACE_CHECK_BYTES or segments.space_was_short:
            self._check_space()

    def _roll(self) -> None:
        self._settle()
        self._segments.commit(*self._written)
        self._segments.roll()
        self._encoder.start_segment()
        if not self._syncing:
            self._segments.release_retired()

    def _settle(self) -> None:
        """Before a sync inline: how did the one in the thread go?"""
        error = self._thread.wait() if self._thread is not None and self._syncing else None
        if isinstance(error, OSError):
            raise error

    def _sync_inline(self) -> None:
        self._settle()
        if self._envelopes or self._end_due:
            self._write_pending()
        self._segments.commit(*self._written)
        ended_seq = self.ended_seq
        self._segments.sync()
        self.synced_seq = ended_seq

    def _seal(self) -> None:
        self._segments.commit(*self._written, kind=SEAL)
        self._segments.sync()

    def _sync_beside(self, thread: SyncThread) -> None:
        """Write and commit here, then let the thread wait for the medium."""
        self.flush()
        self._guard(lambda: self._segments.commit(*self._written))
        position, ended_seq, file = self._segments.position, self.ended_seq, self._segments.file
        self._syncing = True
        thread.run(file.sync, lambda error: self._on_synced(thread, position, ended_seq, error))

    def _on_synced(self, thread: SyncThread, position: Position, ended_seq: int, error: BaseException | None) -> None:
        self._syncing = False
        if error is not None:
            self._fail(f"the journal could not be synced: {error}")
        if self._failure is not None or self._closed:
            return
        self.synced_seq = max(self.synced_seq, ended_seq)
        self._segments.synced = max(self._segments.synced, position)
        self._release(self.synced_seq)
        try:
            self._guard(self._segments.release_retired)
            if self._waiters:
                self._sync_beside(thread)
        except JournalFailed:
            return  # every waiter has just been told

    def _release(self, seq: int | None) -> None:
        """Wake who waited for this seq or an earlier one; None wakes everyone."""
        waiting, self._waiters = self._waiters, []
        for wanted, waiter in waiting:
            if seq is not None and wanted > seq:
                self._waiters.append((wanted, waiter))
            elif not waiter.done():
                waiter.set_result(None)

    def _guard(self, action: Callable[[], None]) -> None:
        """Make any error of the disk the last thing this journal did."""
        try:
            action()
        except OSError as error:
            self._fail(f"the journal could not be written: {error}")
            raise JournalFailed(self._failure) from error

    def _fail(self, reason: str) -> None:
        self._failure = self._failure or reason
        self._refusing = True
        waiting, self._waiters = self._waiters, []
        for _, waiter in waiting:
            if not waiter.done():
                waiter.set_exception(JournalFailed(self._failure))

    def _check_space(self) -> None:
        self._unchecked_bytes = 0
        free = self.disk.free_bytes()
        if self._full is None and (free < self.free_bytes_min or self._segments.space_was_short):
            self._segments.release_reserve()
            self._refusing = True
            self._full = (
                f"the disk of the journal is nearly full: {free} bytes free, at least {self.free_bytes_min} needed"
            )

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise JournalFailed(self._failure)

    def _raise_refusal(self) -> None:
        self._raise_failure()
        if self._full is not None:
            raise JournalFailed(self._full)

    def _refuse(self, envelope: Envelope[Any], outside: bool) -> None:
        """Refuse all but the last words of a run; a turn that has begun is kept whole."""
        self._raise_failure()
        if outside and type(envelope.payload) not in CLOSING:
            self._raise_refusal()
