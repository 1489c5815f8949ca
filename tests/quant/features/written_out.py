"""Histories of one moment, for features written out a second time in plain numpy."""

from __future__ import annotations

import numpy as np

from quant.features.engine import REGISTRY
from quant.features.history import batch
from quant.rolling import Floats
from tests.kit.histories import History, a_history, bar_times

BARS = 1_500


def one_instrument(times: int = BARS, seed: int = 7) -> History:
    """A history of a single instrument, every column of shape (times,)."""
    return {name: column[0] for name, column in a_history(width=1, times=times, seed=seed).items()}


def said_of(history: History, *names: str, bar_s: float = 60.0) -> dict[str, float]:
    """The named features at the last moment."""
    times = len(history["close"])
    wanted: set[str] = set()
    for feature in reversed(REGISTRY.features):
        if feature.name in names or feature.name in wanted:
            wanted |= {feature.name, *feature.deps}
    features = [feature for feature in REGISTRY if feature.name in wanted]
    columns = {name: column[None] for name, column in history.items()}
    values = batch(columns, bar_times(times, bar_s), bar_s=bar_s, horizon_bars=5, features=features)
    return {name: float(values[name][0, -1]) for name in names}


def ewma_sd_of(r: Floats, decay: float = 0.97) -> float:
    age = decay ** np.arange(119, -1, -1)
    return float(np.sqrt((age * r[-120:] ** 2).sum() / age.sum()))


def ema_of(x: Floats, span: float, bars: int) -> float:
    weight = (1.0 - 2.0 / (span + 1)) ** np.arange(bars - 1, -1, -1)
    return float((weight * x[-bars:]).sum() / weight.sum())
