"""The guard against look-ahead over all features, on a made-up market or on a file of prices."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from quant.features.engine import REGISTRY, raw_columns
from quant.features.guard import POISONS, Compute, Fault, cuts_of, poison_faults, prefix_faults
from quant.features.history import batch
from quant.rolling import Floats

WIDTH: Final = 3
MARKETS: Final = ((60.0, 1_500), (3_600.0, 800))
"""Length and number of bars: between them every feature comes to have a value."""

POISON_SHARE: Final = 4
HORIZON_BARS: Final = 12
START_NS: Final = 1_700_000_100_000_000_000
POSITIVE: Final = ("volume", "trades", "depth", "updates", "open_interest", "spread_bps")


class Verdict(msgspec.Struct, frozen=True):
    """What the guard found: `faults` by feature, the check that saw it first, and after how many times."""

    schema: str
    features: int
    computed: int
    prefix_cuts: int
    poison_cuts: int
    faults: dict[str, tuple[str, int]]


def check(
    seed: int,
    cuts: int,
    told: Callable[[int], None] = lambda computations: None,
    markets: Sequence[tuple[float, int]] = MARKETS,
) -> Verdict:
    """Prefixes and poison over every feature of the registry, on markets in which every source speaks.

    `told` is called after each computation of all features.
    """
    faults: list[Fault] = []
    valued: dict[str, None] = {}
    prefix_cuts, poison_cuts = 0, 0
    for number, (bar_s, times) in enumerate(markets):
        rng = np.random.default_rng([seed, number])
        history, at_ns = made_up(rng, bar_s, times)
        compute = _compute(bar_s, told)
        valued |= {name: None for name, values in compute(history, at_ns).items() if np.isfinite(values).any()}
        lengths = cuts_of(times, rng, cuts)
        poisoned = lengths[2 : -2 : max(1, POISON_SHARE)]
        faults += prefix_faults(compute, history, at_ns, lengths)
        faults += poison_faults(compute, history, at_ns, poisoned, rng)
        prefix_cuts, poison_cuts = prefix_cuts + len(lengths), poison_cuts + len(poisoned)
    return Verdict(REGISTRY.schema_hash, len(REGISTRY), len(valued), prefix_cuts, poison_cuts, _first(faults))


def computations(cuts: int) -> int:
    """How many times all features are computed, at most."""
    return len(MARKETS) * (3 + cuts + 4 + len(POISONS) * (cuts // POISON_SHARE + 1))


def _compute(bar_s: float, told: Callable[[int], None]) -> Compute:
    def compute(columns: Mapping[str, Floats], times: NDArray[np.int64]) -> Mapping[str, Floats]:
        values = batch(columns, times, bar_s=bar_s, horizon_bars=HORIZON_BARS, leader=0)
        told(1)
        return values

    return compute


def made_up(rng: np.random.Generator, bar_s: float, times: int) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """A market of WIDTH related instruments in which every raw column speaks at each bar, prices with holes."""
    shape = (WIDTH, times)
    columns = {name: rng.normal(size=shape) for name in raw_columns()}
    shocks = rng.standard_t(4, shape) + 2.0 * rng.standard_t(4, times)
    close = 100.0 * np.exp(np.cumsum(5e-4 * shocks, axis=1))
    spread = np.exp(np.abs(5e-4 * rng.normal(size=shape)))
    columns |= {"close": close, "open": close, "high": close * spread, "low": close / spread}
    columns |= {name: np.exp(columns[name]) for name in POSITIVE}
    columns["next_funding_s"] = rng.uniform(0.0, 28_800.0, shape)
    absent = rng.random(shape) < 0.01
    for name in ("open", "high", "low", "close", "volume", "trades"):
        columns[name] = np.where(absent, np.nan, columns[name])
    return columns, START_NS + np.arange(times, dtype=np.int64) * round(bar_s * 1e9)


def _first(faults: list[Fault]) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for fault in faults:
        found.setdefault(fault.feature, (fault.check, fault.times))
    return found
