"""Small data sets and files for the tests of the catalog."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from adapters.catalog.manifest import Terms, bars_kind
from adapters.catalog.months import file_under
from adapters.catalog.rows import filed, frame_of
from adapters.catalog.staging import Staging
from contracts.history import Dated
from contracts.market import Tick, Trade

MINUTE_NS = 60_000_000_000
JANUARY_NS = 1_704_067_200_000_000_000
"""The first of January 2024."""


def terms(symbol: str, **said: Any) -> Terms:
    known: dict[str, Any] = {
        "venue": "test", "base": symbol, "quote": "EUR", "settlement": "EUR", "tick": Decimal("0.01"),
        "lot": Decimal("0.1"), "notional_min": Decimal(1), "quantity_max": Decimal(1000), "can_short": False,
        "leverage_max": Decimal(1), "fee_taker_bps": 5.0, "fee_maker_bps": 2.0,
    }  # fmt: skip
    return Terms(symbol=symbol, **(known | said))


def bars(length: int, seed: int = 1, start_ns: int = JANUARY_NS, bar_ns: int = MINUTE_NS) -> dict[str, np.ndarray]:
    """Sound bars on a grid of 0.01, closing one bar after `start_ns` and on."""
    chance = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(chance.normal(0.0, 1e-3, length))), 2)
    opened = np.append(100.0, close[:-1])
    return {
        "close_ns": start_ns + bar_ns * np.arange(1, length + 1),
        "open": opened,
        "high": np.round(np.maximum(opened, close) + 0.03, 2),
        "low": np.round(np.minimum(opened, close) - 0.02, 2),
        "close": close,
        "volume": np.round(chance.gamma(2.0, 3.0, length) + 0.1, 1),
    }


def made(target: Path, histories: dict[str, dict[str, np.ndarray]], bar_s: float = 60.0) -> Path:
    """A data set of these bars."""
    with Staging(target) as staging:
        for symbol, columns in histories.items():
            parts = file_under(staging, bars_kind(bar_s), symbol, columns)
            staging.note(None, parts, [terms(symbol)])
        staging.land()
    return target


def with_rows(target: Path, batches: Sequence[Sequence[Dated]]) -> Path:
    """A data set of these rows, filed batch by batch."""
    with Staging(target) as staging:
        for batch in batches:
            found: dict[tuple[str, str], list] = {}
            for at_ns, payload in batch:
                place = filed(at_ns, payload)
                assert place is not None
                found.setdefault((place.kind, place.name), []).append(place.row)
            for (kind, name), rows in found.items():
                parts = file_under(staging, kind, name, frame_of(kind, rows))
                staging.note(None, parts, [terms(name)] if kind != "context" else [])
        staging.land()
    return target


def tick(symbol: str, at_ns: int, bid: int = 1000) -> Dated:
    return Dated(at_ns, Tick(symbol, bid, bid + 1, 5, 6, at_ns, 1, at_ns % 1000))


def trade(symbol: str, at_ns: int, number: int = 1) -> Dated:
    return Dated(at_ns, Trade(symbol, 1000 + number % 7, 3, "sell" if number % 2 else "buy", number, at_ns, 1, number))


def csv_of(path: Path, columns: Mapping[str, Any]) -> Path:
    pl.DataFrame(columns).write_csv(path)
    return path


def candles(path: Path, length: int = 300, seed: int = 1, **changed: Any) -> Path:
    """A CSV of bars as venues give them: open_time in milliseconds, open, high, low, close, volume."""
    columns = bars(length, seed)
    opened_ms = (columns.pop("close_ns") - MINUTE_NS) // 1_000_000
    return csv_of(path, {"open_time": opened_ms, **columns, **changed})
