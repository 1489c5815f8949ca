"""All features over a table of prices, from the cache where they were computed before."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adapters.tables.feature_cache import FeatureCache, cache_key
from adapters.tables.prices import FIELDS, PriceTable
from quant.features.engine import REGISTRY
from quant.features.history import batch
from quant.rolling import Floats

LEADER: Final = "BTC"
HORIZON_BARS: Final = 30


class TooShort(ValueError):
    """Prices that are too few for what was asked of them; exit code 4."""


@dataclass(frozen=True)
class Computed:
    """Features by name, (symbols, times), at `at_ns`, when each bar was known; `cached` where they were on disk.

    `unkept` is why they could not be kept there, empty where they are or need not be.
    """

    symbols: tuple[str, ...]
    at_ns: NDArray[np.int64]
    bar_s: float
    features: Mapping[str, Floats]
    cached: bool
    unkept: str = ""


def cache_directory(given: Path | None = None) -> Path:
    """Where features are kept: what was given, or `keel/features` in the user's cache directory."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return given or Path(home) / "keel" / "features"


def computed(
    table: PriceTable, cache: FeatureCache | None, *, horizon_bars: int = HORIZON_BARS, bar_s: float | None = None
) -> Computed:
    """Every feature that the bars of the table allow; the others are NaN. Missing bars are not filled.

    A cache that cannot be written is no reason not to answer. Raises TooShort for a length of bars that is not known
    from the table and not given.
    """
    length_s = bar_s or table.bar_s
    if not length_s > 0.0:
        raise TooShort(f"{table.path}: a single row has no length of bars, expected two rows or --bar SECONDS")
    at_ns = table.close_ns()
    history = {name: np.ascontiguousarray(getattr(table, name).T) for name in FIELDS}
    history = {name: column for name, column in history.items() if not np.isnan(column).all()}
    leader = next((at for at, symbol in enumerate(table.symbols) if symbol.upper().startswith(LEADER)), None)
    schema = REGISTRY.schema_hash
    key = cache_key(
        schema, history | {"at_ns": at_ns}, bar_s=length_s, horizon_bars=float(horizon_bars), leader=str(leader)
    )
    found = cache.get(key) if cache is not None else None
    if found is not None:
        return Computed(table.symbols, at_ns, length_s, found, True)
    features = batch(history, at_ns, bar_s=length_s, horizon_bars=horizon_bars, leader=leader)
    return Computed(table.symbols, at_ns, length_s, features, False, _kept(cache, key, schema, features))


def _kept(cache: FeatureCache | None, key: str, schema: str, features: Mapping[str, Floats]) -> str:
    try:
        if cache is not None:
            cache.put(key, schema, features)
    except OSError as error:
        return error.strerror or str(error)
    return ""
