"""Where prices go: log prices of every instrument at any second, as a pure function of (settings, second).

A day is laid first on a grid of minutes (volatility, planted flow, returns, jumps) between two anchors of a slowly
mean-reverting walk of days; a block of ten minutes then fills in the seconds between the minutes it must meet. So any
time can be asked for without walking there from the beginning. Arrays have one column for each instrument.

The planted flow `f` has mean 0 and variance 1 over time: a fast wave (period 4 h) and a slow one (24 h), whose phases
wander. Each minute's return has the drift `drift_per_sigma * f` times that minute's standard deviation. The phases of
the instruments are spread evenly, so at any time some flows are strong and the average over instruments is near zero.
"""

from typing import Final, NamedTuple, TypeVar

import numpy as np

from adapters.simulated.chance import Floats, Stream, generator, relaxing, student
from adapters.simulated.instruments import listings_of
from adapters.simulated.settings import MarketSettings

DAY_S: Final = 86_400
DAY_M: Final = 1_440
BLOCK_S: Final = 600
BLOCKS_PER_DAY: Final = DAY_S // BLOCK_S

_ANCHOR_MEMORY_DAYS: Final = 50
_ANCHOR_REACH_DAYS: Final = 400  # exp(-400/50) of a day's return is left: below a tick
_FAST_M, _SLOW_M, _SLOW_SHARE = 240.0, 1440.0, 0.25
_WANDER_M, _WANDER_RADIANS = 60.0, 0.5
_JUMP_SIGMA: Final = 6.0  # in minute deviations: a gap of 10 to 40 bps
_HOURS: Final = np.array(
    [
        *(0.85, 0.80, 0.78, 0.75, 0.74, 0.76, 0.82, 0.92, 1.00, 1.02, 1.00, 0.98),
        *(1.05, 1.30, 1.45, 1.40, 1.30, 1.15, 1.05, 1.00, 0.98, 0.98, 0.95, 0.90),
    ]
)
HOUR_PROFILE: Final[Floats] = _HOURS / np.sqrt(np.mean(_HOURS**2))
"""Volatility by hour of the day (UTC) over its daily level; its mean square is 1."""

CachedT = TypeVar("CachedT")


class Day(NamedTuple):
    """One day by minutes: `level` and `flow` at the 1441 minute boundaries, the rest for each of the 1440 minutes."""

    level: Floats
    flow: Floats
    deviation: Floats
    jump: Floats
    jump_second: Floats


class Block(NamedTuple):
    """Ten minutes by seconds, shape (600, instruments): log price, flow, and volatility over its daily level."""

    level: Floats
    flow: Floats
    heat: Floats


class Cache(dict[int, CachedT]):
    """The last few computed pieces; the oldest goes first."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self._capacity = capacity

    def keep(self, key: int, value: CachedT) -> CachedT:
        """Remember a piece and return it."""
        if len(self) >= self._capacity:
            del self[next(iter(self))]
        self[key] = value
        return value


class Paths:
    """The paths of one market; keeps a few days and blocks, so asking in order is cheap."""

    def __init__(self, settings: MarketSettings) -> None:
        listings = listings_of(settings.symbols)
        self._settings = settings
        self._width = len(listings)
        self._price = np.log([listing.price for listing in listings])
        self._day_sigma = settings.volatility * np.array([listing.volatility for listing in listings])
        self._beta = np.array([listing.beta for listing in listings])
        self._days: Cache[Day] = Cache(4)
        self._blocks: Cache[Block] = Cache(8)

    def block(self, number: int) -> Block:
        """The ten minutes that begin at `number * 600` seconds since 1970; number must be at least 0."""
        known = self._blocks.get(number)
        return known if known is not None else self._blocks.keep(number, self._fill_in(number))

    def day(self, number: int) -> Day:
        """The day that begins `number` days after 1970-01-01 UTC."""
        known = self._days.get(number)
        return known if known is not None else self._days.keep(number, self._lay(number))

    def _lay(self, number: int) -> Day:
        chance = generator(self._settings.seed, Stream.DAY, number)
        flow = self._flow(number)
        deviation = self._deviation(number)
        shape = (DAY_M, self._width)
        common = student(chance, 4.0, (DAY_M, 1))
        own = student(chance, 4.0, shape)
        shock = self._beta * common + np.sqrt(1 - self._beta**2) * own
        struck = chance.random(shape) < self._settings.gaps_per_day / DAY_M
        jump = np.where(struck, deviation * _JUMP_SIGMA * chance.standard_normal(shape), 0.0)
        jump_second = chance.integers(1, 60, shape).astype(np.float64)
        moves = deviation * (shock + self._settings.drift_per_sigma * flow[:-1]) + jump
        level = np.zeros((DAY_M + 1, self._width))
        np.cumsum(moves, axis=0, out=level[1:])
        # What is missing to tomorrow's anchor is spread like variance: for Gaussian moves the day stays a random walk.
        clock = np.zeros_like(level)
        np.cumsum(deviation**2, axis=0, out=clock[1:])
        start, end = self._anchor(number), self._anchor(number + 1)
        level += start + (clock / clock[-1]) * (end - start - level[-1])
        return Day(level, flow, deviation, jump, jump_second)

    def _anchor(self, day: int) -> Floats:
        """Log price at the start of a day: a walk that is drawn back to the listed price over 50 days."""
        chunks = range((day - _ANCHOR_REACH_DAYS) // 64, day // 64 + 1)
        draws = np.concatenate([self._anchor_draws(chunk) for chunk in chunks])
        last = day - chunks[0] * 64
        recent = draws[last - _ANCHOR_REACH_DAYS : last]
        weights = np.exp(-np.arange(_ANCHOR_REACH_DAYS, 0, -1) / _ANCHOR_MEMORY_DAYS)
        anchored: Floats = self._price + weights @ recent
        return anchored

    def _anchor_draws(self, chunk: int) -> Floats:
        chance = generator(self._settings.seed, Stream.ANCHOR, chunk + 2**40)  # before 1970 chunks are negative
        common = chance.standard_normal((64, 1))
        own = chance.standard_normal((64, self._width))
        drawn: Floats = self._day_sigma * (self._beta * common + np.sqrt(1 - self._beta**2) * own)
        return drawn

    def _flow(self, day: int) -> Floats:
        minute = np.arange(DAY_M + 1)[:, None] + float(day * DAY_M)
        spread = np.arange(self._width) / self._width
        turn = generator(self._settings.seed, Stream.PHASE).random(2)
        wander = _WANDER_RADIANS * self._smooth(day, _WANDER_M, 0)
        fast = np.cos(2 * np.pi * (minute / _FAST_M + 3 * spread + turn[0]) + wander)
        slow = np.cos(2 * np.pi * (minute / _SLOW_M + spread + turn[1]) + wander)
        flow: Floats = np.sqrt(2 * (1 - _SLOW_SHARE)) * fast + np.sqrt(2 * _SLOW_SHARE) * slow
        return flow

    def _deviation(self, day: int) -> Floats:
        """Standard deviation of each minute's log return: daily level, hour of day, slow common and own factors."""
        together = 0.30 * self._smooth(day, 240.0, 1)[:-1, :1]
        apart = 0.15 * self._smooth(day, 120.0, 2)[:-1]
        hours = np.repeat(HOUR_PROFILE, 60)[:, None]
        calm = 0.30**2 + 0.15**2
        deviation: Floats = self._day_sigma / np.sqrt(DAY_M) * hours * np.exp(together + apart - calm)
        return deviation

    def _smooth(self, day: int, memory_m: float, which: int) -> Floats:
        """Smooth noise at the 1441 minute boundaries; it begins one day earlier, so days join without a seam."""
        pieces = [self._minute_noise(number, which) for number in (day - 1, day)]
        return relaxing(np.concatenate(pieces), memory_m)[DAY_M:]

    def _minute_noise(self, day: int, which: int) -> Floats:
        chance = generator(self._settings.seed, Stream.PHASE, (day + 2) * 8 + which)
        return chance.standard_normal((DAY_M, self._width))

    def _fill_in(self, number: int) -> Block:
        day = self.day(number // BLOCKS_PER_DAY)
        first = number % BLOCKS_PER_DAY * (BLOCK_S // 60)
        minutes = slice(first, first + BLOCK_S // 60)
        edges = slice(first, first + BLOCK_S // 60 + 1)
        share = (np.arange(60) / 60)[:, None]
        jump = day.jump[minutes][:, None, :]
        level = day.level[edges]
        glide = level[:-1, None, :] + share * (np.diff(level, axis=0)[:, None, :] - jump)
        after = np.arange(60)[:, None] >= day.jump_second[minutes][:, None, :]
        wiggle = self._wiggle(number, day.deviation[minutes])
        flow = day.flow[edges]
        between = flow[:-1, None, :] + share * np.diff(flow, axis=0)[:, None, :]
        heat = day.deviation[minutes] * np.sqrt(DAY_M) / self._day_sigma
        flat = (BLOCK_S, self._width)
        return Block((glide + wiggle + jump * after).reshape(flat), between.reshape(flat), np.repeat(heat, 60, axis=0))

    def _wiggle(self, number: int, deviation: Floats) -> Floats:
        """Heavy-tailed seconds inside each minute that begin and end at zero, shape (minutes, 60, instruments)."""
        chance = generator(self._settings.seed, Stream.PATH, number)
        minutes = len(deviation)
        common = student(chance, 5.0, (minutes, 60, 1))
        own = student(chance, 5.0, (minutes, 60, self._width))
        steps = (self._beta * common + np.sqrt(1 - self._beta**2) * own) * deviation[:, None, :] / np.sqrt(60)
        walk = np.zeros((minutes, 61, self._width))
        np.cumsum(steps, axis=1, out=walk[:, 1:])
        bridge: Floats = walk[:, :-1] - (np.arange(60) / 60)[:, None] * walk[:, -1:]
        return bridge
