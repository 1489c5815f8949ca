"""The parts of a review: sections of tables and charts, and the points that a chart needs of a long series."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from bot.evaluation.report import Chart, Table
from quant.rolling import Floats

POINTS: Final = 600
"""No picture shows more points of a line than that."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a page: a lead in words, charts, tables; `heat` is a table whose cells are coloured by their sign."""

    name: str
    lead: str = ""
    charts: tuple[Chart, ...] = ()
    heat: Table | None = None
    tables: tuple[Table, ...] = ()
    long: Table | None = None


def thinned(
    x: Floats, y: Floats, kept: Callable[[Floats], float] = lambda values: float(values[-1]), points: int = POINTS
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """A series of at most so many points: of each stretch its last time, and of its values what `kept` says.

    NaNs are left out before; the first point stays.
    """
    known = np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) <= points:
        return tuple(x.tolist()), tuple(y.tolist())
    edges = np.linspace(0, len(x), points).astype(np.int64)
    stretches = list(itertools.pairwise(edges.tolist()))
    return (
        (float(x[0]), *(float(x[end - 1]) for _, end in stretches)),
        (float(y[0]), *(kept(y[start:end]) for start, end in stretches)),
    )
