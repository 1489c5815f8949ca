"""Where the histories come from: files of anyone's, and the ones the recipes name."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evaluation.prices import BadPrices, Prices, joined, resampled
from contracts.quantities import Seconds

if TYPE_CHECKING:
    from adapters.tables.prices import PriceTable

SP500: Final = Path("datasets") / "data" / "sp500_dataset.csv.gz"
"""Twenty closes of the S&P 500 since 1990, inside the wheel of skfolio (BSD-3)."""

HOURLY: Final = Path("candles_other") / "NIC_BTC_USDT-1h.feather"
M6: Final = Path("macro") / "m6_assets_to_2022-07.csv"
FEEDS: Final = (
    Path("binance_hft") / "spot_btcusdt_20240808.gz",
    Path("binance_hft") / "spot_ethusdt_20240808.gz",
    Path("binance_hft") / "usdm_btcusdt_20240808.gz",
)
SHARED: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Beside the repository, where recordings are kept that are not part of it."""


class DataAbsent(Exception):
    """A recipe's data is neither installed nor given; exit code 3."""


def sp500_closes() -> Path:
    """The file of the S&P recipe; raises DataAbsent with what to do."""
    wheel = importlib.util.find_spec("skfolio")
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        if (path := Path(folder) / SP500).exists():
            return path
    raise DataAbsent("the S&P 500 closes are not installed: `pip install skfolio`, or give a file with --data FILE")


def recorded(name: Path) -> Path:
    """A file among the recordings beside the repository; raises DataAbsent naming the place looked at."""
    if not (path := SHARED / name).exists():
        raise DataAbsent(f"{name.name} is not in {SHARED / name.parent}: give a file with --data FILE")
    return path


def _refuse_still(table: PriceTable) -> None:
    """Raise BadPrices, naming the column, for prices of which nothing can be learned: all of them the same."""
    lowest, highest = np.nanmin(table.close, axis=0), np.nanmax(table.close, axis=0)
    if len(table) > 1 and (still := np.flatnonzero(lowest == highest)).size:
        column = still[0]
        rows = int((~np.isnan(table.close[:, column])).sum())
        where = f"in all its {rows} rows" if rows > 1 else "and is there in one row only"
        raise BadPrices(
            f"{table.path}: the close of {table.symbols[column]} is {lowest[column]:g} {where}: it never moves"
        )


def read(paths: Sequence[Path], bar_s: Seconds | None = None) -> Prices:
    """The histories of several files side by side, made into bars of `bar_s` when those of the files are shorter.

    Raises BadTable for a damaged file, BadPrices for histories that do not fit together or that never move.
    """
    from adapters.tables.prices import read_prices

    parts = []
    for path in paths:
        table = read_prices(path)
        given_s = table.bar_s or bar_s or 0.0
        if not given_s:
            raise BadPrices(f"{path}: one row has no bar length: expected two rows, or --bar")
        _refuse_still(table)
        prices = Prices(
            table.symbols, table.close_ns(), given_s, table.open, table.high, table.low, table.close, table.volume
        )
        parts.append(prices if bar_s is None else resampled(prices, bar_s))
    return joined(parts)
