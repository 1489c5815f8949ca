"""The mirror: a journal's messages to Kafka, at least once, per key in order, for as long as it takes."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from adapters.journal.follow import Head, Place
from adapters.journal.reader import current
from adapters.journal.record import BARE, DIGEST, Record
from adapters.kafka.connection import NOT_LET_IN, BrokersAway
from adapters.kafka.cursor import Cursor, Cursors
from adapters.kafka.dead_letters import DeadLetters, TooManyDeadLetters
from adapters.kafka.lanes import Chunk, Lanes
from adapters.kafka.producing import Producer, acknowledged
from adapters.kafka.records import Outgoing, Recorded, Recorder
from adapters.kafka.settings import KafkaSettings, topic_name
from adapters.kafka.state import MirrorState, named
from adapters.kafka.topics import HEADS, wanted
from contracts.ports import Clock
from contracts.upgrades import VERSIONS

CHUNK_BYTES: Final = 2 << 20
CHUNKS_MAX: Final = 3
"""How many chunks may wait for their acknowledgement: the bound of what is in flight, and of memory."""

POLL_S: Final = 0.1
STATUS_S: Final = 1.0
CURSOR_S: Final = 0.25
BACKOFF_S: Final = 0.5
BACKOFF_S_MAX: Final = 15.0
GROWTH: Final = 8
"""No value is longer than this many times the payload it was made of."""

MS_NS: Final = 1_000_000
POISON: Final = (msgspec.MsgspecError, ValueError, KeyError, TypeError)


class Source(Protocol):
    """A journal that is read on from a place."""

    seq: int
    at_ns: int
    head: Head | None

    @property
    def place(self) -> Place:
        """Where to go on after everything that was read."""

    @property
    def ended(self) -> bool:
        """Whether nothing will ever follow."""

    def read(self, bytes_max: int) -> list[Record]:
        """About as much of the next messages, those that are safe; none when there are none yet."""


class Mirror:
    """Reads a source from its cursor on and writes it to the brokers until there is nothing more.

    Laws: the cursor passes a message once every record of it was acknowledged by all replicas, or it is a dead letter;
    what is sent again after a failure begins at the first message that was not acknowledged, so that whatever comes
    twice, the first copies are in order per key. With `follow` it waits for more until the source has ended, and for
    brokers for ever; without, it raises BrokersAway when nothing went on for `send_timeout_s`.

    `told` hears of the state about once a second, `look` says the last seq and time of the journal while nothing is
    read of it. Raises TopicsMissing and TooManyDeadLetters; OSError where the cursor cannot be kept.
    """

    def __init__(
        self,
        source: Source, cursors: Cursors, letters: DeadLetters, producer: Producer, settings: KafkaSettings,
        clock: Clock, *, follow: bool, told: Callable[[MirrorState], None], look: Callable[[], tuple[int, int]],
    ) -> None:  # fmt: skip
        self._source, self._cursors, self._letters = source, cursors, letters
        self._producer, self._settings, self._clock = producer, settings, clock
        self._follow, self._told, self._look = follow, told, look
        self._cursor = self._kept = cursors.read()
        self._recorder = Recorder(self._cursor.run, settings.format, self._cursor.universes)
        self._topics = [topic.name for topic in wanted(settings)]
        self._chunks: deque[Chunk] = deque()
        self._head: Head | None = None
        self._last_s = {"cursor": float("-inf"), "told": float("-inf"), "head": float("-inf")}
        self._stopping = asyncio.Event()
        self.state = MirrorState(
            run=self._cursor.run,
            env=self._cursor.env,
            acked_seq=self._cursor.place.seq,
            records=self._cursor.records,
            dead_letters=len(letters),
        )

    def finish(self) -> None:
        """Follow no longer: mirror what there is, wait for brokers no longer than who does not follow, and end."""
        self._follow = False

    def stop(self) -> None:
        """Read no more; what was sent is waited for, bounded."""
        self._stopping.set()

    async def run(self) -> MirrorState:
        """Mirror to the end; the last cursor is on the disk when this returns or raises."""
        try:
            await self._run()
        except (TooManyDeadLetters, *NOT_LET_IN) as error:
            self.state.state, self.state.error = "away" if isinstance(error, NOT_LET_IN) else "stopped", str(error)
            raise
        finally:
            try:
                self._keep_cursor()
                self._tell()
            finally:
                await self._producer.abandon()
        return self.state

    async def _run(self) -> None:
        backoff_s, reached, since_s = BACKOFF_S, self.state.acked_seq, self._now_s()
        while True:
            try:
                await self._serve()
            except self._producer.refusals as error:
                await self._begin_anew(error)
                self._divide(str(error))
                continue
            except self._producer.failures as error:
                await self._begin_anew(error)
                if self.state.acked_seq > reached:
                    backoff_s, reached, since_s = BACKOFF_S, self.state.acked_seq, self._now_s()
                if not self._follow and self._now_s() - since_s > self._settings.send_timeout_s:
                    raise BrokersAway(self._away()) from error
                if self._stopping.is_set():
                    return
                await self._wait_anew(backoff_s)
                backoff_s = min(2 * backoff_s, BACKOFF_S_MAX)
            else:
                return

    async def _serve(self) -> None:
        """One life of a producer: first what was sent and not acknowledged, then what follows."""
        partitions = await self._producer.open(self._topics)
        self._lanes = Lanes(self._settings.env, partitions, self._producer.batch)
        self.state.state, self.state.error = "mirroring", ""
        for chunk in self._chunks:
            self._fill(chunk)
        while True:
            if len(self._chunks) < CHUNKS_MAX and (fresh := self._read()) is not None:
                self._chunks.append(fresh)
                self._fill(fresh)
                await self._hand_over(len(self._chunks) - 1)  # those before were packed while this one was filled
            elif self._chunks:
                await self._hand_over(len(self._chunks))
                await self._settle(self._chunks[0])
            elif self._source.ended or not self._follow or self._stopping.is_set():
                self._head = self._source.head
                await self._publish_head(now=True)
                self.state.state = "ended"
                return
            else:
                self._head = self._source.head
                await self._publish_head(now=False)
                await asyncio.sleep(POLL_S)
            self._tell_now_and_then()

    def _read(self) -> Chunk | None:
        if self._stopping.is_set():
            return None
        start = self._source.place
        records = self._source.read(CHUNK_BYTES)
        self.state.journal_seq = max(self.state.journal_seq, self._source.seq)
        self.state.journal_ns = max(self.state.journal_ns, self._source.at_ns)
        return Chunk(records, start, self._source.place, self._source.head) if records else None

    def _fill(self, chunk: Chunk) -> None:
        """Make a chunk's batches, and have them packed beside this loop."""
        lanes, now_ms = self._lanes, self._clock.now() // MS_NS
        chunk.futures, chunk.sent = [], 0
        for record in chunk.records:
            outgoing = self._outgoing(record)
            lanes.put(outgoing, now_ms)
            chunk.sent += len(outgoing)
        chunk.parcels = lanes.take()
        chunk.packing = self._producer.pack([batch for _, batch in chunk.parcels])

    async def _hand_over(self, count: int) -> None:
        """Give the producer the first so many chunks, in order, those that it has not."""
        for chunk in list(self._chunks)[:count]:
            if chunk.parcels:
                await chunk.packing
                parcels, chunk.parcels = chunk.parcels, []
                for lane, batch in parcels:
                    chunk.futures.append(await self._producer.send(batch, lane.topic, lane.partition))

    def _outgoing(self, record: Record) -> list[Outgoing]:
        """The records of a message; none of one that is a dead letter, which says so on the disk."""
        if self._letters.known and record.seq in self._letters.known:
            return []
        try:
            if VERSIONS.get(record.type) != record.version:
                record = current(record)
            flags = record.flags
            recorded: Recorded = "full" if not flags & (DIGEST | BARE) else "digest" if flags & DIGEST else "none"
            outgoing = self._recorder.of_journal(
                record.seq, record.turn, record.cause, record.at_ns, record.source, record.type, record.payload,
                recorded,
            )  # fmt: skip
        except POISON as error:
            self._bury(record, f"{type(error).__name__}: {error}")
            return []
        most = self._settings.record_bytes_max
        for each in outgoing if GROWTH * len(record.payload) > most else ():
            if len(each.value) > most:
                self._bury(record, f"a record of it has {len(each.value)} bytes, at most {most}")
                return []
        return outgoing

    def _bury(self, record: Record, reason: str) -> None:
        self._letters.add(record.seq, record.type, reason)
        self.state.dead_letters = len(self._letters)

    async def _settle(self, chunk: Chunk) -> None:
        """Wait for the oldest chunk's acknowledgements, and let the cursor pass it."""
        deadline_s = self._now_s() + self._settings.send_timeout_s
        while not await acknowledged(chunk.futures, STATUS_S):
            self._tell_now_and_then()
            if self._now_s() > deadline_s:
                raise TimeoutError(f"no acknowledgement within {self._settings.send_timeout_s:g} s")
        self._chunks.popleft()
        self._head = chunk.head or self._head
        self.state.acked_seq, self.state.acked_ns = chunk.place.seq, chunk.at_ns
        self.state.records += chunk.sent
        self._cursor = Cursor(
            run=self._cursor.run,
            env=self._cursor.env,
            place=chunk.place,
            universes=self._recorder.universes,
            records=self.state.records,
        )
        if self._is_due("cursor", CURSOR_S):
            self._keep_cursor()
        await self._publish_head(now=False)

    def _keep_cursor(self) -> None:
        if self._cursor is not self._kept:
            self._cursors.write(self._cursor)
            self._kept = self._cursor

    async def _publish_head(self, *, now: bool) -> None:
        """Say the chain's head now and then: with it, a journal that is cut or made again is told later."""
        head = self._head
        if head is None or head.seq > self.state.acked_seq or not (now or self._is_due("head", self._settings.head_s)):
            return
        batch = self._producer.batch()
        headers = [("run", self.state.run.encode()), ("seq", b"%d" % head.seq), ("schema", b"JournalHead@1")]
        said = msgspec.structs.asdict(head) | {"run": self.state.run}
        key, value = self.state.run.encode(), msgspec.json.encode(said)
        batch.append(self._clock.now() // MS_NS, key, value, headers)
        future = await self._producer.send(batch, topic_name(self._settings.env, HEADS), 0)
        try:
            if not await acknowledged([future], self._settings.send_timeout_s):
                raise TimeoutError(f"no acknowledgement within {self._settings.send_timeout_s:g} s")
        except self._producer.refusals as error:  # no message is to blame, so none is buried
            raise ConnectionError(f"the brokers refused the head of the journal: {error}") from error
        self._last_s["head"] = self._now_s()

    async def _begin_anew(self, error: BaseException) -> None:
        self.state.state, self.state.error = "away", named(error)
        self.state.retries += 1
        self._keep_cursor()
        self._tell()
        await self._producer.abandon()
        self.state.rebuilds += 1

    def _divide(self, reason: str) -> None:
        """The brokers refused something of the oldest chunk: look for it in halves, and bury it when it is alone."""
        chunk = self._chunks.popleft()
        if len(chunk.records) > 1:
            self._chunks.extendleft(reversed(chunk.halves()))
        else:
            self._bury(chunk.records[0], f"the brokers refused it: {reason}")
            self._chunks.appendleft(chunk)

    async def _wait_anew(self, seconds: float) -> None:
        """Wait before the next try; the journal grows meanwhile, and the lag is told."""
        until_s = self._now_s() + seconds
        while self._now_s() < until_s and not self._stopping.is_set():
            await asyncio.sleep(min(STATUS_S, until_s - self._now_s()))
            self.state.journal_seq, self.state.journal_ns = self._look()
            self._tell_now_and_then()

    def _away(self) -> str:
        return (
            f"Kafka at {', '.join(self._settings.brokers)} took nothing for {self._settings.send_timeout_s:g} s "
            f"({self.state.error}); everything up to message {self.state.acked_seq} is there"
        )

    def _tell_now_and_then(self) -> None:
        if self._is_due("told", STATUS_S):
            self._tell()

    def _tell(self) -> None:
        self.state.said_ns = self._clock.now()
        self._told(self.state)

    def _is_due(self, what: str, every_s: float) -> bool:
        now_s = self._now_s()
        due = now_s - self._last_s[what] >= every_s
        if due and what != "head":
            self._last_s[what] = now_s
        return due

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
