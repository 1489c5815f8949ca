"""What the sources of the features cost: a trade and a quote folded, a beat of books, and features from the cache."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors.book_keeper import BookKeeper, BookKeeperSettings
from actors.trade_keeper import TradeKeeper
from adapters.tables.feature_cache import FeatureCache
from adapters.tables.prices import read_prices
from bot.features.computed import computed
from contracts.market import UniverseChanged
from tests.kit.belief_chain import closes
from tests.kit.market import (
    a_beat,
    a_book_delta,
    a_book_snapshot,
    a_tick,
    a_trade,
    a_wide_universe,
    an_envelope,
    at,
)
from tests.kit.recordings import RECORDINGS

WIDTH, MESSAGES, BEATS, DEPTH, YEAR_DAYS = 64, 50_000, 60, 200, 252
CANDLES = RECORDINGS / "candles_binance_5m" / "BTCUSDT_2022-08-01_2023-04-01.parquet"

Figures = dict[str, float]


def measure() -> Figures:
    """Microseconds and milliseconds of CPU."""
    figures = _trades() | _books() | _cache(_year, "year_of_days")
    return figures | (_cache(lambda directory: CANDLES, "candles") if CANDLES.exists() else {})


def _told(actor: Any) -> Any:
    actor.receive(an_envelope(UniverseChanged(universe=a_wide_universe(width=WIDTH))))
    return actor


def _trades() -> Figures:
    keeper, chance = _told(TradeKeeper()), random.Random(1)
    symbols = [f"C{chance.randrange(WIDTH):03d}-EUR" for _ in range(MESSAGES)]
    trades = [
        an_envelope(a_trade(symbol=symbol, lots=chance.randrange(1, 500)), at_ns=at(number / 100), seq=number)
        for number, symbol in enumerate(symbols)
    ]
    end_s = MESSAGES / 100
    ticks = [an_envelope(a_tick(symbol=symbol), at_ns=at(end_s + n / 1000)) for n, symbol in enumerate(symbols)]
    return {
        "us_per_trade": _us(keeper, trades),
        "us_per_quote": _us(keeper, ticks),
        "ms_trade_beat_64": _us(keeper, [an_envelope(a_beat(), at_ns=at(2 * end_s + n)) for n in range(BEATS)]) / 1e3,
    }


def _books() -> Figures:
    keeper, chance = _told(BookKeeper(BookKeeperSettings())), random.Random(1)
    symbols = a_wide_universe(width=WIDTH).symbols
    bids, asks = (
        tuple((start + step * level, 10) for level in range(DEPTH)) for start, step in ((9_999, -1), (10_001, 1))
    )
    for symbol in symbols:
        keeper.receive(an_envelope(a_book_snapshot(symbol=symbol, bids=bids, asks=asks)))
    rows, beats = [], []
    for beat in range(BEATS):
        level = ((9_999 - chance.randrange(10), chance.randrange(1, 50)),)
        deltas = [an_envelope(a_book_delta(symbol=each, bids=level), at_ns=at(beat + 0.5)) for each in symbols]
        rows.append(_us(keeper, deltas))
        beats.append(_us(keeper, [an_envelope(a_beat(), at_ns=at(beat + 1))]) / 1e3)
    return {"us_per_book_delta": statistics.median(rows), "ms_book_beat_64": statistics.median(beats)}


def _us(actor: Any, envelopes: list[Any]) -> float:
    start = time.process_time()
    for envelope in envelopes:
        actor.receive(envelope)
    return 1e6 * (time.process_time() - start) / len(envelopes)


def _year(directory: Path) -> Path:
    path = directory / "year.csv"
    rows = [f"{n * 86_400 + 1_600_000_000},{close:.6f}" for n, (close,) in enumerate(closes(width=1, bars=YEAR_DAYS))]
    path.write_text("\n".join(["timestamp,close", *rows]))
    return path


def _cache(file: Callable[[Path], Path], name: str) -> Figures:
    """Features of a file computed and from the cache, and how many times faster that is."""
    with tempfile.TemporaryDirectory() as place:
        table, cache = read_prices(file(Path(place))), FeatureCache(Path(place) / "cache")
        start = time.process_time()
        computed(table, cache)
        cold_ms, warm = 1e3 * (time.process_time() - start), []
        for _ in range(9):
            start = time.process_time()
            assert computed(table, cache).cached, "what was just kept is there"
            warm.append(1e3 * (time.process_time() - start))
    warm_ms = statistics.median(warm)
    return {f"ms_{name}_cached": warm_ms, f"times_faster_{name}": cold_ms / warm_ms}
