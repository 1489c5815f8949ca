"""Features in Redis: a value for each instrument, read and written many at a time in one round trip.

It is a cache that may lie, and that may be away all day. What it answers is believed only where the value itself says
it is what was asked for (`contracts.stored_features`); that it does not answer is known within a moment.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from adapters.redis.breaker import Breaker
from adapters.redis.connections import AllBusy, Connections, RedisRefuses, library
from adapters.redis.packing import escaped, packed, packed_reads, packed_writes
from adapters.redis.settings import RedisSettings
from adapters.secret_store import read_secret
from contracts.ports import StoreUnavailable
from contracts.quantities import Nanos, Seconds
from contracts.stored_features import FeatureSet, StoredFeatures, ValueCodec

SCAN_COUNT: Final = 1000
SCANS_MAX: Final = 10_000
"""So many pieces of the key space are looked at in one go: ten million keys are somebody else's."""
SETS_MAX: Final = 8
"""Feature sets spoken of by one process; more would be a leak."""


class RedisFeatureStore:
    """Values of one `space` (an account) under the prefix, each for `ttl_s` seconds after it was written."""

    name = "redis"

    def __init__(self, settings: RedisSettings, space: str, ttl_s: Seconds) -> None:
        """Raises RedisMissing, SecretUnreadable; connects to nothing yet."""
        self._settings = settings
        self._root = f"{settings.prefix}:{space}:"
        self._ttl_ms = max(1, round(ttl_s * 1000))
        self._key = read_secret(settings.sign_key).reveal().encode() if settings.sign_key else b""
        self._connections = Connections(settings)
        self._breaker = Breaker(settings.failures_max, settings.retry_s)
        self._codecs: dict[FeatureSet, ValueCodec] = {}
        self._asked: dict[tuple[FeatureSet, tuple[str, ...]], tuple[list[bytes], bytes]] = {}
        errors = library().exceptions
        self._errors: Any = (errors.RedisError, OSError)
        self._refusals: Any = (errors.AuthenticationError, errors.NoPermissionError)
        self.failures = 0

    @property
    def refused(self) -> dict[str, int]:
        """How many values were treated as absent, by why."""
        totals: dict[str, int] = {}
        for codec in self._codecs.values():
            for why, count in codec.refused.items():
                totals[why] = totals.get(why, 0) + count
        return totals

    @property
    def is_away(self) -> bool:
        """Whether it failed so often on end that nobody asks for a while."""
        return self._breaker.is_open

    @property
    def connected(self) -> int:
        """How many connections were made up to now."""
        return self._connections.made

    async def write(self, rows: StoredFeatures) -> None:
        """Keep a value for each row; raises StoreUnavailable: some may have been written."""
        keys, _ = self._question(rows.of, rows.symbols)
        values = self._codec(rows.of).encode(rows)
        connect_s = 0.0 if self._connections.has_idle else self._settings.connect_s
        if keys:
            await self._ask(packed_writes(keys, values, self._ttl_ms), len(keys), connect_s)

    async def read(self, of: FeatureSet, symbols: Sequence[str], *, since_ns: Nanos = 0) -> StoredFeatures:
        """What is there, in the order of the symbols; raises StoreUnavailable within `timeout_s`."""
        names = tuple(symbols)
        _, question = self._question(of, names)
        found = (await self._ask(question, 1))[0] if names else []
        return self._codec(of).decode(names, found if isinstance(found, list) else (), since_ns)

    async def symbols(self, of: FeatureSet) -> tuple[str, ...]:
        """The instruments there are values of, in order; raises StoreUnavailable."""
        start = f"{self._root}{of.version}:"
        return tuple(sorted({key.removeprefix(start) for key in await self._keys(start)}))

    async def clean(self, keep: FeatureSet | None = None) -> int:
        """Take away what is of other sets than `keep`, all where that is None; how many. Raises StoreUnavailable."""
        kept = "" if keep is None else f"{self._root}{keep.version}:"
        gone = [key.encode() for key in await self._keys(self._root) if not (kept and key.startswith(kept))]
        for at in range(0, len(gone), SCAN_COUNT):
            await self._ask(packed(b"UNLINK", *gone[at : at + SCAN_COUNT]), 1)
        return len(gone)

    async def connect(self) -> str:
        """Reach the server, with the time that connecting takes; its version. Raises StoreUnavailable."""
        said = (await self._ask(packed(b"HELLO"), 1, self._settings.connect_s))[0]
        told = dict(zip(said[::2], said[1::2], strict=False)) if isinstance(said, list) else {}
        version = told.get(b"version", b"")
        return version.decode(errors="replace") if isinstance(version, bytes) else ""

    async def close(self) -> None:
        """Close what is open."""
        await self._connections.close()

    async def _keys(self, start: str) -> list[str]:
        """The keys that begin so, found piece by piece, so that the server is never held up."""
        cursor, found = b"0", []
        pattern = f"{escaped(start)}*".encode()
        for _ in range(SCANS_MAX):
            count = b"%d" % SCAN_COUNT
            piece = (await self._ask(packed(b"SCAN", cursor, b"MATCH", pattern, b"COUNT", count), 1))[0]
            if not (isinstance(piece, list) and len(piece) == 2 and isinstance(piece[0], bytes)):
                raise StoreUnavailable(f"redis at {self._settings.address}: SCAN answered {type(piece).__name__}")
            cursor = piece[0]
            found += [key.decode(errors="replace") for key in piece[1]]
            if cursor == b"0":
                break
        return found

    def _question(self, of: FeatureSet, symbols: tuple[str, ...]) -> tuple[list[bytes], bytes]:
        """The keys of those instruments, and the command that reads them; the same are mostly asked for again."""
        known = self._asked.get((of, symbols))
        if known is None:
            keys = [f"{self._root}{of.version}:{symbol}".encode() for symbol in symbols]
            if len(self._asked) >= SETS_MAX:
                self._asked.clear()
            known = self._asked[(of, symbols)] = (keys, packed_reads(keys))
        return known

    def _codec(self, of: FeatureSet) -> ValueCodec:
        codec = self._codecs.get(of)
        if codec is None:
            if len(self._codecs) >= SETS_MAX:
                raise ValueError(f"{SETS_MAX} feature sets are spoken of already")
            codec = self._codecs[of] = ValueCodec(of, self._key)
        return codec

    async def _ask(self, command: bytes, answers: int, connect_s: Seconds = 0.0) -> list[Any]:
        """Send a packed command and read so many answers, within the time there is, or raise StoreUnavailable."""
        clock, breaker = asyncio.get_running_loop().time, self._breaker
        if not breaker.lets_through(clock()):
            raise StoreUnavailable(f"redis at {self._settings.address} failed {breaker.failures} times on end")
        limit_s = self._settings.timeout_s + connect_s
        try:
            async with asyncio.timeout(limit_s):
                found = await self._exchange(command, answers)
        except TimeoutError as error:
            self._fail(clock())
            text = f"redis at {self._settings.address} did not answer within {limit_s * 1000:.0f} ms"
            raise StoreUnavailable(text) from error
        except AllBusy as error:
            breaker.given_up()
            raise StoreUnavailable(f"redis at {self._settings.address}: {error}") from error
        except self._errors as error:
            self._fail(clock())
            if isinstance(error, self._refusals):
                told = "username and password must be those of a user in its ACL file, with the rights of this one"
                raise RedisRefuses(f"redis at {self._settings.address}: {str(error).rstrip('.')}; {told}") from error
            raise StoreUnavailable(f"redis at {self._settings.address}: {error}") from error
        except BaseException:
            breaker.given_up()
            raise
        breaker.succeeded()
        return found

    async def _exchange(self, command: bytes, answers: int) -> list[Any]:
        connection = await self._connections.take()
        try:
            await connection.send_packed_command(command, check_health=False)
            found = [await connection.read_response(disable_decoding=True) for _ in range(answers)]
        except BaseException:
            await self._connections.drop(connection)
            raise
        self._connections.give_back(connection)
        return found

    def _fail(self, now_s: float) -> None:
        self.failures += 1
        self._breaker.failed(now_s)
