"""Columns that know the future: what they say goes with the next return, and not with that after it.

An honest column may foretell a little, and a slow one foretells as much later. A column in which something of the
future was published foretells a lot, and nothing of it when it is delayed for as long as that. A level hides what it
knows behind its own wandering, so each column is looked at in several ways.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from quant.features.guard import IC_MAX, rank_correlation
from quant.rolling import Floats

DEVIATIONS = 5.0
"""So many standard errors of a rank correlation, about 1/sqrt(n), are no chance in some thousand looks."""

PAIRS_MIN = 100
"""Of fewer pairs nothing is said."""

KEPT_MAX = 0.5
"""A leak loses at least that share of its correlation when it is delayed by as long as it foretells."""


class Leak(NamedTuple):
    """The look that tells most: its name, rank correlation with what came, that of the delayed column, and pairs."""

    look: str
    ic: float
    delayed: float
    pairs: int

    @property
    def alarm(self) -> bool:
        """Whether no honest column does this."""
        if self.pairs < PAIRS_MIN:
            return False
        enough = max(IC_MAX, DEVIATIONS / math.sqrt(self.pairs))
        return abs(self.ic) > enough and abs(self.delayed) < KEPT_MAX * abs(self.ic)


def leak(column: Floats, came: Floats, price: Floats | None = None, lag: int = 1) -> Leak:
    """How much of `came` (T,), the return over the `lag` times after each, a column (T,) knows; NaN is absent.

    `price` (T,) is what was known of the price at each time. Looks: the column as it is, its change, its log against
    the price, and what of it cannot be told from the price and its own last value. The delayed column is the same look
    with the return of `lag` times later. Overlapping returns count as one in `lag`.

    Law: a column that is made of the past alone is no alarm, but for one look in a million; `came` itself, or a level
    that contains it, is one.
    """
    looks = [_leak(name, look, came, lag) for name, look in _looks(column, price)]
    alarms = [each for each in looks if each.alarm]
    return max(alarms or looks, key=lambda each: abs(each.ic))


def after(price: Floats, lag: int) -> Floats:
    """The log return over the `lag` times after each of (T,) or (T, ...); NaN at the end and without a price."""
    came = np.full(price.shape, np.nan)
    times = max(0, len(price) - lag)
    with np.errstate(divide="ignore", invalid="ignore"):
        came[:times] = np.log(price[lag:] / price[:times])
    return np.where(np.isfinite(came), came, np.nan)


def _leak(name: str, look: Floats, came: Floats, lag: int) -> Leak:
    pairs = int((np.isfinite(look) & np.isfinite(came)).sum()) // lag
    return Leak(name, rank_correlation(look, came), rank_correlation(look[:-lag], came[lag:]), pairs)


def _looks(column: Floats, price: Floats | None) -> Iterator[tuple[str, Floats]]:
    before = np.concatenate(([np.nan], column[:-1]))
    yield "as it is", column
    yield "its change", column - before
    if price is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            against = np.log(column / price)
        yield "against the price", np.where(np.isfinite(against), against, np.nan)
        yield "its news", _news(column, before, price)


def _news(column: Floats, before: Floats, price: Floats) -> Floats:
    """What is left of a column after a line through the price and its own last value; NaN where one is absent."""
    known = np.isfinite(column) & np.isfinite(before) & np.isfinite(price)
    left = np.full(len(column), np.nan)
    if known.sum() > 3:
        past = np.stack([np.ones(int(known.sum())), before[known], price[known]], axis=1)
        line, *_ = np.linalg.lstsq(past, column[known], rcond=None)
        left[known] = column[known] - past @ line
    return left
