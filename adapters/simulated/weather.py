"""Weather: how often which fault strikes a feed or a venue, drawn from a seed and counted by kind when it does."""

from typing import Generic, TypeVar

import msgspec
import numpy as np

from contracts.quantities import Seconds

KindT = TypeVar("KindT", bound=msgspec.Struct)


def _check_shares(faults: msgspec.Struct) -> None:
    for name, share in msgspec.structs.asdict(faults).items():
        if not 0 <= share <= 1:
            raise ValueError(f"weather: {name} was {share}, expected 0 to 1")


class FeedFaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults of a feed: the share of frames that each kind strikes, at most one of them each.

    `drop`, `duplicate` and `swap` break the sequence; `garbage` replaces the bytes; `stall` keeps the connection silent
    for up to `stall_s_max`; `disconnect` ends it; `crossed` and `absurd` forge a quote of the simulated feed.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    swap: float = 0.0
    garbage: float = 0.0
    stall: float = 0.0
    disconnect: float = 0.0
    crossed: float = 0.0
    absurd: float = 0.0

    def __post_init__(self) -> None:
        _check_shares(self)


class VenueFaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults of a venue: the share of requests, or of events on the private stream, that each kind strikes.

    Requests: `lost_request` never arrives; `lost_answer` arrives and is answered into the void; `late_request` arrives
    after the client gave up; `late_answer` takes up to `late_s_max` longer; `reject` is refused without a reason of its
    own; `unknown` is an ambiguous answer to an order that was sent or was not; `answer_after_fill` lets the fills come
    first; `down` closes the venue for up to `down_s_max`. Stream: `duplicate_fill`, `lost_fill`, `disconnect`.
    """

    lost_request: float = 0.0
    lost_answer: float = 0.0
    late_request: float = 0.0
    late_answer: float = 0.0
    reject: float = 0.0
    unknown: float = 0.0
    answer_after_fill: float = 0.0
    down: float = 0.0
    duplicate_fill: float = 0.0
    lost_fill: float = 0.0
    disconnect: float = 0.0

    def __post_init__(self) -> None:
        _check_shares(self)


class WeatherSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All weather of a run. `silence_s` is how long a client waits before it takes a venue for silent.

    `late_s_max` must not exceed the broker's receive window, or an authoritative absence would prove nothing.
    """

    seed: int
    feed: FeedFaults = FeedFaults()
    venue: VenueFaults = VenueFaults()
    stall_s_max: Seconds = 20.0
    late_s_max: Seconds = 4.0
    down_s_max: Seconds = 60.0
    silence_s: Seconds = 2.0

    def __post_init__(self) -> None:
        for name in ("stall_s_max", "late_s_max", "down_s_max", "silence_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"weather: {name} was {getattr(self, name)}, expected more than 0 seconds")


def calm(seed: int) -> WeatherSettings:
    """No fault at all."""
    return WeatherSettings(seed=seed)


def rough(seed: int) -> WeatherSettings:
    """Every fault there is, several of them each minute."""
    feed = FeedFaults(
        drop=2e-4, duplicate=2e-4, swap=2e-4, garbage=2e-4, stall=2e-5, disconnect=5e-5, crossed=2e-4, absurd=1e-4
    )
    venue = VenueFaults(
        lost_request=0.02,
        lost_answer=0.02,
        late_request=0.01,
        late_answer=0.03,
        reject=0.02,
        unknown=0.02,
        answer_after_fill=0.03,
        down=0.002,
        duplicate_fill=0.05,
        lost_fill=0.03,
        disconnect=0.01,
    )
    return WeatherSettings(seed=seed, feed=feed, venue=venue)


def weather_named(name: str, seed: int) -> WeatherSettings:
    """`calm` or `rough`; raises ValueError for another name."""
    known = {"calm": calm, "rough": rough}
    if name not in known:
        raise ValueError(f"weather was {name!r}, expected one of {', '.join(known)}")
    return known[name](seed)


class Dice(Generic[KindT]):
    """Draws at most one fault at a time and counts, by kind, those that really struck."""

    def __init__(self, shares: KindT, chance: np.random.Generator) -> None:
        self.counts: dict[str, int] = dict.fromkeys(shares.__struct_fields__, 0)
        self._shares = shares
        self._chance = chance

    def draw(self, *kinds: str) -> str | None:
        """One of the kinds with its own probability, or None."""
        lot = float(self._chance.random())
        for kind in kinds:
            lot -= getattr(self._shares, kind)
            if lot < 0:
                return kind
        return None

    def struck(self, kind: str) -> None:
        """A fault of that kind happened."""
        self.counts[kind] += 1

    def seconds(self, most: Seconds) -> Seconds:
        """A duration up to `most`, rarely very short."""
        return most * float(self._chance.uniform(0.1, 1.0))

    def bytes(self, count: int) -> bytes:
        """Garbage."""
        return self._chance.bytes(count)
