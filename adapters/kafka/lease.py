"""The claim on an account: of all processes on all machines at most one may send its orders.

Claims lie on one compacted topic; the newest holds. They are written by a transactional producer whose id is the
account's, so that whoever begins to claim cuts off everyone before it. A claim must be renewed: who could not renew for
`lease_s` by its own monotonic clock sends no order (`objection`), and nobody takes an account over before it has seen
no renewal for that long. So the old one has stopped before the new one trades, whatever hangs, sleeps or is cut off.

A process of the same machine and directory needs not wait for its predecessor: the lock of that directory proves that
it is gone.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from adapters.kafka.beside import Beside
from adapters.kafka.connection import connection, library
from adapters.kafka.role_reading import ASK_S, POLL_MS, STOP_S, closed, opened
from adapters.kafka.role_topics import Topics
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.stream_records import Seal, Unproved
from contracts.quantities import Seconds

RENEWALS: Final = 4
"""Within one lease."""


class Claim(msgspec.Struct, frozen=True):
    """Who claims an account as which of its processes; `released` says that it has stopped by itself."""

    account: str
    epoch: int
    holder: str
    beat: int
    released: bool


class LeaseHeld(Exception):
    """Another process holds the account; exit code 6."""


class LeaseUnsure(Exception):
    """Kafka did not say who holds the account; exit code 75."""


class Lease:
    """One process's claim. `open` returns once it holds, `objection` says why it does not any more.

    The epochs of an account rise over all machines, and beyond `epoch_before`, the last that this machine knows of.
    """

    def __init__(
        self, settings: KafkaSettings, topics: Topics, seal: Seal, account: str, holder: str, lease_s: Seconds,
        monotonic_s: Callable[[], float], epoch_before: int = 0,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._topic = topics.desks
        self._seal = seal
        self._account = account
        self._holder = holder
        self._lease_s = lease_s
        self._monotonic_s = monotonic_s
        self._epoch_before = epoch_before
        self._thread = Beside("lease", self._live)
        self._producer: Any = None
        self._held_until_s = float("-inf")
        self._lost = ""
        self._let_go = asyncio.Event()
        self._beat = 0
        self._held = False
        self.epoch = 0
        self.renewals = 0
        self.failures = 0

    def open(self) -> int:
        """Claim the account; returns the epoch of the claim. Raises LeaseHeld, LeaseUnsure."""
        self._thread.start()
        deadline_s = self._monotonic_s() + 2 * self._lease_s + 2 * ASK_S
        while not self._held and self._monotonic_s() < deadline_s:
            if self._thread.wait(0.02):
                raise self._thread.error or LeaseUnsure(f"the claim on {self._account} ended")
        if not self._held:
            self._thread.close()
            raise LeaseUnsure(f"nobody said who holds {self._account!r}: Kafka does not answer; start again later")
        return self.epoch

    def objection(self) -> str:
        """Why this process may not trade the account now; empty while it may."""
        if self._lost:
            return self._lost
        late_s = self._monotonic_s() - self._held_until_s
        return f"the claim on {self._account} was not renewed in time ({late_s:.1f} s ago)" if late_s > 0 else ""

    @property
    def lost(self) -> str:
        """Why another one has the account; empty while none has."""
        return self._lost

    def close(self) -> None:
        """Give the account back, and end."""
        self._thread.call(self._let_go.set)
        self._thread.wait(self._lease_s)
        self._thread.close()

    async def _live(self) -> None:
        try:
            await self._take()
            await self._keep()
        finally:
            await self._abandon()

    async def _take(self) -> None:
        """Claim what nobody renews."""
        before = await self._bounded(self._newest())
        if before is not None and not before.released and before.holder != self._holder:
            await self._watch(before)
        await self._bounded(self._begin())
        now = await self._bounded(self._newest())
        if now != before:
            raise self._refusal(now)
        self.epoch = max(self._epoch_before, before.epoch if before is not None else 0) + 1
        await self._bounded(self._say(released=False))
        self._held = True

    async def _watch(self, before: Claim) -> None:
        """Wait for a whole lease, or until its holder proves to be alive."""
        until_s = self._monotonic_s() + self._lease_s
        while self._monotonic_s() < until_s:
            await asyncio.sleep(self._lease_s / (2 * RENEWALS))
            now = await self._bounded(self._newest())
            if now is not None and now.released:
                return
            if now != before:
                raise self._refusal(now)

    def _refusal(self, now: Claim | None) -> LeaseHeld:
        holder = now.holder if now is not None else "another process"
        return LeaseHeld(f"account {self._account!r} is traded by {holder}; stop that one first (bot stop)")

    async def _keep(self) -> None:
        """Renew until asked to let go, or until somebody else has claimed."""
        while not self._let_go.is_set() and not self._lost:
            await self._sleep(self._lease_s / RENEWALS)
            try:
                async with asyncio.timeout(self._lease_s / 2):
                    await self._renew()
            except (TimeoutError, OSError, library().errors.KafkaError):
                self.failures += 1
                await self._abandon()
        if not self._lost and self._producer is not None:
            await self._bounded(self._say(released=True))

    async def _sleep(self, for_s: Seconds) -> None:
        try:
            async with asyncio.timeout(for_s):
                await self._let_go.wait()
        except TimeoutError:
            return

    async def _renew(self) -> None:
        if self._producer is None:
            await self._begin()
            now = await self._newest()
            if now is None or (now.epoch, now.holder) != (self.epoch, self._holder):
                self._lost = str(self._refusal(now))
                return
        await self._say(released=False)
        self.renewals += 1

    async def _say(self, *, released: bool) -> None:
        """Write the claim; held for a lease from the moment before it was written."""
        began_s = self._monotonic_s()
        self._beat += 1
        claim = Claim(self._account, self.epoch, self._holder, self._beat, released)
        value = msgspec.msgpack.encode(claim)
        async with self._producer.transaction():
            await self._producer.send(
                self._topic, value, key=self._account.encode(), headers=self._seal.headers(self._topic, value)
            )
        self._held_until_s = float("-inf") if released else began_s + self._lease_s

    async def _begin(self) -> None:
        """From here on whoever claimed before is cut off."""
        self._producer = library().AIOKafkaProducer(
            **connection(self._settings, "keel-lease"),
            transactional_id=f"{self._topic}.{self._account}",
            transaction_timeout_ms=max(1000, round(self._lease_s * 1000)),
            acks="all",
        )
        await self._producer.start()

    async def _newest(self) -> Claim | None:
        """The highest proved claim on this account: what was claimed once can be written again by anybody."""
        consumer = await opened(self._settings, "keel-lease")
        place = library().TopicPartition(self._topic, 0)
        try:
            await consumer.start()
            consumer.assign([place])
            first = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
            found: Claim | None = None
            consumer.seek(place, first)
            while await consumer.position(place) < end:
                for record in (await consumer.getmany(place, timeout_ms=POLL_MS)).get(place, ()):
                    found = _higher(found, self._proved(record))
            return found
        finally:
            await closed(consumer)

    def _proved(self, record: Any) -> Claim | None:
        try:
            value = self._seal.check(self._topic, record.value, record.headers)
            claim = msgspec.msgpack.decode(value, type=Claim)
        except (Unproved, msgspec.DecodeError):
            return None
        return claim if claim.account == self._account else None

    async def _bounded(self, asking: Any) -> Any:
        try:
            async with asyncio.timeout(ASK_S):
                return await asking
        except (TimeoutError, OSError, library().errors.KafkaError) as error:
            raise LeaseUnsure(
                f"Kafka did not say who holds {self._account!r}: {type(error).__name__}: {error}"
            ) from error

    async def _abandon(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await producer.stop()
        except (TimeoutError, OSError, library().errors.KafkaError):
            return


def _higher(one: Claim | None, other: Claim | None) -> Claim | None:
    """Of two claims the one that came later, wherever they lie on the topic."""
    if one is None or other is None:
        return other if one is None else one
    return other if (other.epoch, other.beat) >= (one.epoch, one.beat) else one
