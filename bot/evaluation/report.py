"""What an evaluation found: figures, tables, targets and charts, ready to be printed, kept, or drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from bot.evaluation.prices import Prices
from contracts.quantities import Nanos

Bound = Literal["at least", "at most", "between", "below"]
Cell = str | int | float | None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that was promised, and the one that was measured; `met` is None where it could not be measured."""

    figure: str
    bound: Bound
    wanted: tuple[float, ...]
    measured: float
    stretch: bool = False

    @property
    def met(self) -> bool | None:
        if not math.isfinite(self.measured):
            return None
        if self.bound == "between":
            return self.wanted[0] <= self.measured <= self.wanted[1]
        if self.bound == "at least":
            return self.measured >= self.wanted[0]
        return self.measured < self.wanted[0] if self.bound == "below" else self.measured <= self.wanted[0]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under named columns; `formats` says how each column's numbers are told (`%`, `p`, `t`, `.4f`, `d`, `s`).

    `narrow` names the columns for where there is little room; all of them when it names none.
    """

    title: str
    columns: tuple[str, ...]
    formats: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    narrow: tuple[str, ...] = ()


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One line or set of bars of a chart; `colour` is its number on the page, that of its place when None."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    colour: int | None = None


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A picture for the page: lines or bars over x; `level` is a line that a true belief would follow.

    `dates` says that x is seconds since 1970. An `area` is a line with the space between it and zero, or the foot of
    the picture, filled. A `wide` one takes the whole width of the page.
    """

    title: str
    kind: Literal["lines", "bars", "points", "area"]
    x: str
    y: str
    series: tuple[Series, ...]
    level: float | None = None
    diagonal: bool = False
    dates: bool = False
    note: str = ""
    wide: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe's findings. `figures` are what `--json` prints at the top, by name; NaN means not measured."""

    recipe: str
    title: str
    data: dict[str, Any]
    settings: dict[str, Any]
    figures: dict[str, float]
    targets: tuple[Target, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def missed(self) -> tuple[Target, ...]:
        """The targets that must be met and are not; stretches are no promise."""
        return tuple(target for target in self.targets if target.met is False and not target.stretch)

    def plain(self) -> dict[str, Any]:
        """Everything but the charts, for JSON: the figures first, at the top."""
        said: dict[str, Any] = {"recipe": self.recipe, **self.figures, "title": self.title}
        said |= {"data": self.data, "settings": self.settings}
        said["targets"] = [
            {
                "figure": target.figure,
                "bound": target.bound,
                "wanted": list(target.wanted),
                "measured": target.measured,
                "met": target.met,
                "stretch": target.stretch,
            }
            for target in self.targets
        ]
        said["tables"] = {
            table.title: [dict(zip(table.columns, row, strict=True)) for row in table.rows] for table in self.tables
        }
        said["notes"] = list(self.notes)
        return said


def described(prices: Prices) -> dict[str, Any]:
    """What a history is, and by which hash it is known."""
    return {
        "symbols": list(prices.symbols),
        "bars": len(prices),
        "bar_s": prices.bar_s,
        "first": day(int(prices.at_ns[0])),
        "last": day(int(prices.at_ns[-1])),
        "sha256": prices.digest(),
    }


def day(at_ns: Nanos) -> str:
    """An instant, to the second, in UTC."""
    return str(np.datetime64(at_ns, "ns").astype("datetime64[s]"))


def targets(
    figures: Mapping[str, float], wanted: Sequence[tuple[str, Bound, tuple[float, ...], bool]]
) -> tuple[Target, ...]:
    """Targets by name of figure, bound, values, and whether it is a stretch, held against what was measured."""
    return tuple(
        Target(figure=figure, bound=bound, wanted=values, measured=figures.get(figure, math.nan), stretch=stretch)
        for figure, bound, values, stretch in wanted
    )


def told(value: Cell, form: str) -> str:
    """One cell for people: `%` tells hundredths with a sign, `p` without, `t` a test statistic; none is a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, str) or form == "s":
        return str(value)
    if form == "%":
        return f"{100.0 * value:+.3f}"
    if form == "p":
        return f"{100.0 * value:.2f}"
    return f"{value:+.2f}" if form == "t" else f"{value:{form}}"
