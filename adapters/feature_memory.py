"""Features in memory, as a server would keep them: values as bytes, gone after their time, many at once."""

from collections.abc import Sequence
from typing import Final

from contracts.ports import Clock
from contracts.quantities import Nanos, Seconds, nanos
from contracts.stored_features import FeatureSet, StoredFeatures, ValueCodec

VALUES_MAX: Final = 100_000


class MemoryFeatureStore:
    """Values by set and instrument, each for `ttl_s` seconds after it was written; `values_max` at most, oldest go."""

    name = "memory"
    is_away = False
    failures = 0

    def __init__(self, clock: Clock, ttl_s: Seconds, key: bytes = b"", values_max: int = VALUES_MAX) -> None:
        self._clock = clock
        self._ttl_ns = nanos(ttl_s)
        self._key = key
        self._values_max = values_max
        self._codecs: dict[FeatureSet, ValueCodec] = {}
        self.values: dict[tuple[str, str], tuple[bytes, Nanos]] = {}
        """Bytes and the end of their time, by version and instrument, oldest first."""

    @property
    def refused(self) -> dict[str, int]:
        """How many values were treated as absent, by why."""
        totals: dict[str, int] = {}
        for codec in self._codecs.values():
            for why, count in codec.refused.items():
                totals[why] = totals.get(why, 0) + count
        return totals

    async def write(self, rows: StoredFeatures) -> None:
        """Keep a value for each row."""
        until_ns = self._clock.now() + self._ttl_ns
        for symbol, value in zip(rows.symbols, self._codec(rows.of).encode(rows), strict=True):
            self.values.pop((rows.of.version, symbol), None)
            self.values[(rows.of.version, symbol)] = (value, until_ns)
        while len(self.values) > self._values_max:
            del self.values[next(iter(self.values))]

    async def read(self, of: FeatureSet, symbols: Sequence[str], *, since_ns: Nanos = 0) -> StoredFeatures:
        """What is there, in the order of the symbols."""
        self._forget()
        found = [self.values.get((of.version, symbol), (None, 0))[0] for symbol in symbols]
        return self._codec(of).decode(symbols, found, since_ns)

    async def symbols(self, of: FeatureSet) -> tuple[str, ...]:
        """The instruments there are values of, in order."""
        self._forget()
        return tuple(sorted(symbol for version, symbol in self.values if version == of.version))

    async def clean(self, keep: FeatureSet | None = None) -> int:
        """Take away what is of other sets than `keep`, all where that is None; how many."""
        self._forget()
        gone = [key for key in self.values if keep is None or key[0] != keep.version]
        for key in gone:
            del self.values[key]
        return len(gone)

    async def close(self) -> None:
        """Nothing is open."""

    def _codec(self, of: FeatureSet) -> ValueCodec:
        if of not in self._codecs:
            self._codecs[of] = ValueCodec(of, self._key)
        return self._codecs[of]

    def _forget(self) -> None:
        now_ns = self._clock.now()
        for key in [key for key, (_, until_ns) in self.values.items() if until_ns <= now_ns]:
            del self.values[key]
