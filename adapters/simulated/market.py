"""A seeded market: quotes, depth, trades and bars of every instrument at any time, equal in every process.

Time runs in half seconds (`step`). At an even step the price moves and the queues are fresh; at the odd step after it
the best queues have grown or shrunk by what was added and cancelled, and one trade is printed per instrument. The
planted flow of `paths` shows in three places, always with noise: the imbalance of the queues, what is added to and
cancelled from the best queues between price moves (hence order-flow imbalance in the sense of Cont, Kukanov and
Stoikov), and the share of buyers among aggressors. Instrument `i` speaks `lag_ns(i)` after the step began.

The market does not react to orders: whoever takes liquidity finds it there again.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from adapters.simulated.chance import Floats, Stream, generator
from adapters.simulated.instruments import listings_of, universe_of
from adapters.simulated.paths import BLOCK_S, Cache, Paths
from adapters.simulated.settings import MarketSettings
from contracts.column import floats, integers
from contracts.instrument import Universe
from contracts.market import BarHistory
from contracts.quantities import SECOND_NS, Nanos, Seconds, nanos

STEP_NS: Final = SECOND_NS // 2
LEVELS: Final = 8

_LAG_NS: Final = 300_000_000  # the last instrument speaks this long after the first
_IMBALANCE, _GROWTH, _AGGRESSION = 0.25, 0.60, 0.80  # how strongly the flow shows
_QUEUE_NOISE, _GROWTH_NOISE = 0.35, 0.15

Ints = npt.NDArray[np.int64]


class Ladder(NamedTuple):
    """The book of one instrument, best first: ticks and lots, shape (levels,)."""

    bid_ticks: Ints
    bid_lots: Ints
    ask_ticks: Ints
    ask_lots: Ints


class Print(NamedTuple):
    """One public trade of one instrument; ids count without a hole."""

    price: int
    lots: int
    buy: bool
    trade_id: int


class _Quotes(NamedTuple):
    """Ten minutes: ticks and trades (600, instruments), queues in lots (600, 2, levels, instruments)."""

    bid: Ints
    ask: Ints
    bid_lots: Ints
    ask_lots: Ints
    buys: npt.NDArray[np.bool_]
    lots: Ints


class Market:
    """The market of one seed. Every answer is a pure function of settings and time."""

    def __init__(self, settings: MarketSettings) -> None:
        listings = listings_of(settings.symbols)
        self.settings = settings
        self.universe: Universe = universe_of(listings)
        self._paths = Paths(settings)
        self._seed = settings.seed
        self._tick = np.array([float(listing.tick) for listing in listings])
        price = np.array([listing.price for listing in listings])
        self._half = np.array([listing.half_spread_bps for listing in listings]) * 1e-4
        self._depth = np.array([listing.depth_eur / listing.price / float(listing.lot) for listing in listings])
        self._lot = np.array([float(listing.lot) for listing in listings])
        self._gap = np.maximum(1, np.rint(0.5e-4 * price / self._tick)).astype(np.int64)
        self._blocks: Cache[_Quotes] = Cache(4)

    def lag_ns(self, column: int) -> Nanos:
        """How long after a step's begin an instrument's quote changes."""
        return _LAG_NS * column // len(self.universe)

    def step_at(self, column: int, at_ns: Nanos) -> int:
        """The step whose quote of that instrument stands at a time."""
        return (at_ns - self.lag_ns(column)) // STEP_NS

    def step_ns(self, column: int, step: int) -> Nanos:
        """When an instrument's quote of that step appears."""
        return step * STEP_NS + self.lag_ns(column)

    def ladder(self, column: int, step: int) -> Ladder:
        """The book of an instrument at a step."""
        quotes, second, half = self._find(step)
        away = np.arange(LEVELS) * self._gap[column]
        return Ladder(
            np.maximum(quotes.bid[second, column] - away, 1),
            quotes.bid_lots[second, half, :, column],
            quotes.ask[second, column] + away,
            quotes.ask_lots[second, half, :, column],
        )

    def trade(self, column: int, step: int) -> Print | None:
        """The trade that an instrument prints at a step: one at each odd step, at the quote of that step."""
        if step % 2 == 0:
            return None
        quotes, second, _ = self._find(step)
        buy = bool(quotes.buys[second, column])
        price = quotes.ask[second, column] if buy else quotes.bid[second, column]
        return Print(int(price), int(quotes.lots[second, column]), buy, step // 2)

    def bars(self, before_ns: Nanos, bar_s: Seconds, bars: int) -> BarHistory:
        """The last closed bars of mid prices up to a time, oldest first; a bar [t, t + bar_s) closes at t + bar_s.

        Volume is the base quantity traded. Live mids differ from these by the rounding of quotes to ticks.

        Raises:
            ValueError: `bar_s` is not a whole number of seconds, or the bars would begin before 1970-01-03.
        """
        width = nanos(bar_s) // SECOND_NS
        if width < 1 or width * SECOND_NS != nanos(bar_s) or bars < 1:
            raise ValueError(f"bars were {bars} of {bar_s} s, expected at least one of whole seconds")
        end = before_ns // SECOND_NS // width * width
        start = end - width * bars
        if start < 2 * 86_400:
            raise ValueError(f"{bars} bars of {bar_s} s before {before_ns} begin before 1970-01-03")
        mids, lots = self._seconds(start, end)
        shape = (bars, width, len(self.universe))
        price, volume = mids.reshape(shape), lots.reshape(shape)
        return BarHistory(
            universe=self.universe.version,
            bar_s=bar_s,
            close_ns=integers((start + width * np.arange(1, bars + 1)) * SECOND_NS),
            open=floats(price[:, 0]),
            high=floats(price.max(axis=1)),
            low=floats(price.min(axis=1)),
            close=floats(price[:, -1]),
            volume=floats(volume.sum(axis=1) * self._lot),
        )

    def flow(self, step: int) -> Floats:
        """The planted flow at a step, one for each instrument: what no agent is shown, for measuring."""
        number, second = divmod(step // 2, BLOCK_S)
        flow: Floats = self._paths.block(number).flow[second]
        return flow

    def _seconds(self, start: int, end: int) -> tuple[Floats, Floats]:
        """Mids and traded lots of the seconds [start, end), shape (seconds, instruments)."""
        blocks = range(start // BLOCK_S, (end - 1) // BLOCK_S + 1)
        inside = slice(start - blocks[0] * BLOCK_S, end - blocks[0] * BLOCK_S)
        pieces = [(np.exp(self._paths.block(number).level), self._trades(number)[1]) for number in blocks]
        mids = np.concatenate([mid for mid, _ in pieces])
        lots = np.concatenate([lots for _, lots in pieces])
        return mids[inside], lots[inside].astype(np.float64)

    def _find(self, step: int) -> tuple[_Quotes, int, int]:
        number, second = divmod(step // 2, BLOCK_S)
        known = self._blocks.get(number)
        quotes = known if known is not None else self._blocks.keep(number, self._quote(number))
        return quotes, second, step % 2

    def _trades(self, number: int) -> tuple[npt.NDArray[np.bool_], Ints]:
        block = self._paths.block(number)
        chance = generator(self._seed, Stream.BOOK, 2 * number)
        buys = chance.random(block.flow.shape) < 1 / (1 + np.exp(-2 * _AGGRESSION * block.flow))
        size = 0.05 * self._depth * block.heat * np.exp(1.0 * chance.standard_normal(block.flow.shape))
        return buys, np.maximum(1, np.rint(size)).astype(np.int64)

    def _quote(self, number: int) -> _Quotes:
        block = self._paths.block(number)
        chance = generator(self._seed, Stream.BOOK, 2 * number + 1)
        wide = 0.5 + 0.5 * block.heat
        half = self._half * wide * np.exp(0.25 * chance.standard_normal(block.level.shape))
        mid = np.exp(block.level)
        bid = np.maximum(1, np.floor(mid * (1 - half) / self._tick)).astype(np.int64)
        ask = np.maximum(bid + 1, np.ceil(mid * (1 + half) / self._tick).astype(np.int64))
        buys, lots = self._trades(number)
        return _Quotes(bid, ask, self._queues(chance, block.flow, 1), self._queues(chance, block.flow, -1), buys, lots)

    def _queues(self, chance: np.random.Generator, flow: Floats, sign: int) -> Ints:
        """Lots on one side, shape (600, 2, levels, instruments); the flow adds to its own side and thins the other."""
        shape = (len(flow), LEVELS, flow.shape[1])
        fresh = _QUEUE_NOISE * chance.standard_normal(shape) + sign * _IMBALANCE * flow[:, None, :]
        later = fresh.copy()
        later[:, 0] += sign * _GROWTH * flow + _GROWTH_NOISE * chance.standard_normal(flow.shape)
        deeper = (1 + 0.25 * np.arange(LEVELS))[:, None] * self._depth
        size = deeper * np.exp(np.stack([fresh, later], axis=1))
        lots: Ints = np.maximum(1, np.rint(size)).astype(np.int64)
        return lots
