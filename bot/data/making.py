"""Made history: seeded bars with clustered volatility, heavy tails, correlation and nights, for every fresh clone.

The market's return has a volatility whose logarithm reverts to its mean over two days, times a season of the day; an
instrument's return is its beta times the market's plus its own, of five degrees of freedom, whose volatility is half
its own and half the market's. Bars of one instrument follow from the seed, its number and the time alone: more
instruments or more bars change none of those that were there before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from adapters.catalog.manifest import Manifest, Part, Terms, bars_kind
from adapters.catalog.months import file_under, month_of
from adapters.catalog.staging import Staging
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos, Seconds, nanos
from runtime.seeds import Seeds

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

LAST_NS: Final = 7_258_118_400_000_000_000
"""The year 2200: beyond, nanoseconds run out."""

DAY_NS: Final = 86_400_000_000_000
HOUR_NS: Final = 3_600_000_000_000
MARKET_SIGMA_DAY: Final = 0.025
REVERSION_H: Final = 48.0
VOL_OF_LOG_VOL: Final = 0.5
"""Standard deviation of the logarithm of volatility."""

TAIL_DEGREES: Final = 5.0
TICK_DIGITS: Final = 5
"""Significant digits of a price when it begins."""

QUOTE: Final = "EUR"


@dataclass(frozen=True)
class Recipe:
    """What is made: bars of `bar_s` seconds for that many instruments, the first one opening at `from_ns`."""

    seed: int
    instruments: int
    bars: int
    bar_s: Seconds
    from_ns: Nanos


class _Maker(NamedTuple):
    """One instrument under way: its chance, its character, and where its price stands."""

    chance: np.random.Generator
    beta: float
    sigma_day: float
    tick: float
    lot: float
    turnover_day: float
    quiet: float


def make_dataset(target: Path, recipe: Recipe, advance: Callable[[int], None]) -> Manifest:
    """Make a data set; `advance` is told how many bars are new. Raises DatasetUnusable where one is there already."""
    if target.exists():
        raise DatasetUnusable(f"{target}: is there already, expected a new place for what is made")
    last_ns = recipe.from_ns + recipe.bars * nanos(recipe.bar_s)
    if last_ns > LAST_NS:
        raise DatasetUnusable(f"{target}: {recipe.bars:,} bars of {recipe.bar_s:g} s would end after the year 2200")
    seeds = Seeds(recipe.seed)
    market = seeds.generator("made:market")
    makers = [_maker(seeds, number) for number in range(recipe.instruments)]
    last = [start_price(seeds, number) for number in range(recipe.instruments)]
    log_vol = [0.0] * (recipe.instruments + 1)
    with Staging(target) as staging:
        staging.restart()
        parts: list[Part] = []
        for close_ns in _months(recipe):
            open_ns = close_ns - nanos(recipe.bar_s)
            vols, log_vol[-1] = _volatility(market, open_ns, log_vol[-1])
            per_bar = np.sqrt(recipe.bar_s / 86_400.0)
            season = _season(open_ns)
            common = market.standard_normal(len(open_ns)) * vols * season * per_bar
            for number, maker in enumerate(makers):
                own, log_vol[number] = _volatility(maker.chance, open_ns, log_vol[number])
                shape = np.sqrt(own * vols) * season * per_bar
                columns = _bars(maker, last[number], common * MARKET_SIGMA_DAY, shape)
                last[number] = float(columns["close"][-1])
                parts += file_under(staging, bars_kind(recipe.bar_s), _symbol(number), {"close_ns": close_ns} | columns)
                advance(len(close_ns))
        staging.note(None, parts, [_terms(number, maker) for number, maker in enumerate(makers)])
        staging.land()
        return staging.manifest


def start_price(seeds: Seeds, number: int) -> float:
    """Where a price begins: between a tenth and tens of thousands."""
    return float(np.exp(seeds.generator(f"made:{number}:price").uniform(np.log(0.1), np.log(40_000.0))))


def _maker(seeds: Seeds, number: int) -> _Maker:
    chance = seeds.generator(f"made:{number}")
    digits = int(np.floor(np.log10(start_price(seeds, number))))
    return _Maker(
        chance=chance,
        beta=float(chance.uniform(0.5, 1.6)),
        sigma_day=float(np.exp(chance.uniform(np.log(0.015), np.log(0.05)))),
        tick=10.0 ** (digits + 1 - TICK_DIGITS),
        lot=10.0 ** (-digits - 2),
        turnover_day=float(np.exp(chance.uniform(np.log(1e6), np.log(1e9)))),
        quiet=float(chance.choice([0.0, 0.0, 0.0, 0.002])),
    )


def _terms(number: int, maker: _Maker) -> Terms:
    return Terms(
        symbol=_symbol(number),
        venue="made",
        base=_symbol(number).removesuffix(f"-{QUOTE}"),
        quote=QUOTE,
        settlement=QUOTE,
        tick=_power(maker.tick),
        lot=_power(maker.lot),
        notional_min=Decimal(1),
        quantity_max=_power(maker.lot) * 10**9,
        can_short=True,
        leverage_max=Decimal(3),
        fee_taker_bps=6.0,
        fee_maker_bps=2.0,
    )


def _symbol(number: int) -> str:
    return f"M{number:03d}-{QUOTE}"


def _power(step: float) -> Decimal:
    return Decimal(1).scaleb(round(float(np.log10(step))))


def _months(recipe: Recipe) -> Iterator[Int64s]:
    """The closes of all bars, month by month."""
    bar_ns = nanos(recipe.bar_s)
    close_ns = recipe.from_ns + bar_ns * np.arange(1, recipe.bars + 1, dtype=np.int64)
    months = month_of(close_ns)
    edges = np.flatnonzero(np.diff(months.astype(np.int64))) + 1
    yield from np.split(close_ns, edges)


def _volatility(chance: np.random.Generator, open_ns: Int64s, log_vol: float) -> tuple[Floats, float]:
    """A factor around 1 for every bar, constant within an hour, and its logarithm at the end."""
    hours, place = np.unique(open_ns // HOUR_NS, return_inverse=True)
    keep = np.exp(-1.0 / REVERSION_H)
    shocks = chance.standard_normal(len(hours)) * VOL_OF_LOG_VOL * np.sqrt(1.0 - keep * keep)
    path = np.empty(len(hours))
    for hour, shock in enumerate(shocks.tolist()):
        log_vol = keep * log_vol + shock
        path[hour] = log_vol
    return np.exp(path - VOL_OF_LOG_VOL**2)[place], log_vol


def _season(open_ns: Int64s) -> Floats:
    """Of the day: quiet at 4 h UTC, lively at 15 h; the mean of its square is about 1."""
    day = (open_ns % DAY_NS) / DAY_NS
    return np.asarray(np.sqrt(1.0 + 0.5 * np.cos(2.0 * np.pi * (day - 15.0 / 24.0))))


def _bars(maker: _Maker, last: float, market: Floats, shape: Floats) -> dict[str, Floats]:
    """Bars on the grid, high and low around both ends, volume with the size of the move; some without a trade."""
    chance, length = maker.chance, len(market)
    scale = maker.sigma_day * shape
    own = chance.standard_t(TAIL_DEGREES, length) * np.sqrt((TAIL_DEGREES - 2.0) / TAIL_DEGREES) * scale
    reach_up, reach_down = chance.standard_exponential((2, length)) * scale * 0.5
    busy = np.exp(chance.standard_normal(length) * 0.6)
    silent = chance.random(length) < maker.quiet
    returns = np.where(silent, 0.0, maker.beta * market + own)
    close = last * np.exp(np.cumsum(returns))
    close = np.maximum(np.rint(close / maker.tick), 10.0) * maker.tick
    opened = np.concatenate([[last], close[:-1]])
    close = _held(close, opened, silent)
    opened = np.concatenate([[last], close[:-1]])
    high = np.ceil(np.maximum(opened, close) * np.exp(np.where(silent, 0.0, reach_up)) / maker.tick - 1e-6) * maker.tick
    low = np.floor(np.minimum(opened, close) * np.exp(np.where(silent, 0.0, -reach_down)) / maker.tick + 1e-6)
    low = np.minimum(np.maximum(low, 1.0) * maker.tick, np.minimum(opened, close))
    per_bar = maker.turnover_day * (shape / np.maximum(np.mean(shape), 1e-12)) * np.mean(shape) ** 2 * busy
    volume = np.where(silent, 0.0, np.rint(per_bar / close / maker.lot) * maker.lot)
    columns = {"open": opened, "high": np.maximum(high, np.maximum(opened, close)), "low": low, "close": close}
    trades = np.where(silent, 0.0, np.maximum(1.0, np.rint(busy * 40.0)))
    digits = max(0, round(-float(np.log10(maker.tick))) + 1)
    rounded = {name: np.round(values, digits) for name, values in columns.items()}
    return rounded | {"volume": np.round(volume, max(0, round(-float(np.log10(maker.lot))) + 1)), "trades": trades}


def _held(close: Floats, opened: Floats, silent: npt.NDArray[np.bool_]) -> Floats:
    """Closes that stay where the last trade was while nobody trades."""
    if not silent.any():
        return close
    places = np.where(silent, -1, np.arange(len(close)))
    spoken = np.maximum.accumulate(places)
    return np.where(spoken >= 0, close[np.maximum(spoken, 0)], opened[0])
