"""The charts of an evaluation of forecasts: calibration, PIT, weights over time, skill over time."""

from __future__ import annotations

from typing import Final

import numpy as np

from bot.evaluation import scoring
from bot.evaluation.forecasts import BLEND, EQUAL, FHS, POOL, Evidence
from bot.evaluation.prices import Instants
from bot.evaluation.record import Record
from bot.evaluation.report import Chart, Series
from quant.quantiles import LEVELS
from quant.rolling import Floats

POINTS: Final = 160
SHOWN: Final = (FHS, EQUAL, POOL, BLEND)


def charts_of(found: Evidence, record: Record, at_ns: Instants) -> tuple[Chart, ...]:
    """All of them; those of which nothing is known are left out."""
    counted = np.flatnonzero(found.ground.counted)
    charts = (
        _calibration(found),
        _pit(found),
        _skill(found, at_ns),
        _over_time("Weights of the agents", record.agents, record.weights, counted, at_ns),
        _over_time("Weights of the experts", record.experts, record.expert_weights, counted, at_ns),
    )
    return tuple(chart for chart in charts if chart.series)


def _calibration(found: Evidence) -> Chart:
    levels = tuple(LEVELS.tolist())
    return Chart(
        title="Calibration",
        kind="lines",
        x="level said",
        y="share of outcomes below, less the level",
        level=0.0,
        series=tuple(
            Series(name=name, x=levels, y=found.lines[name].score.calibration)
            for name in SHOWN
            if found.lines[name].score.labels
        ),
        note="A true belief lies on the line.",
    )


def _pit(found: Evidence) -> Chart:
    bins = scoring.PIT_BINS
    middles = tuple(((np.arange(bins) + 0.5) / bins).tolist())
    return Chart(
        title="Probability integral transform",
        kind="bars",
        x="where the outcome fell in the distribution said",
        y="share of outcomes, times the number of bins",
        level=1.0,
        series=tuple(
            Series(name=name, x=middles, y=tuple(bins * share for share in found.lines[name].score.pit))
            for name in (EQUAL, BLEND)
            if found.lines[name].score.labels
        ),
        note="Flat when true; heaped at the ends when too sure, in the middle when too careful.",
    )


def _skill(found: Evidence, at_ns: Instants) -> Chart:
    series = []
    for name in (EQUAL, POOL, BLEND):
        rows, skills = scoring.skill_over_time(found.losses[name], found.losses[FHS], POINTS)
        # The first labels of a sample say little, and would stretch the scale.
        late = rows >= rows[0] + 0.03 * (rows[-1] - rows[0]) if rows.size else np.array([], dtype=bool)
        if late.any():
            seconds = at_ns[rows[late].astype(np.int64)] / 1e9
            series.append(Series(name=name, x=tuple(seconds.tolist()), y=tuple((100.0 * skills[late]).tolist())))
    return Chart(
        title="Skill so far against FHS-EWMA",
        kind="lines",
        x="",
        y="percent of its pinball loss saved",
        level=0.0,
        dates=True,
        series=tuple(series),
    )


def _over_time(title: str, names: tuple[str, ...], table: Floats, rows: np.ndarray, at_ns: Instants) -> Chart:
    """Means over equal stretches of the rows that count."""
    series = []
    stretches = [each for each in np.array_split(rows, min(POINTS, max(1, len(rows)))) if each.size]
    seconds = tuple(float(at_ns[each[len(each) // 2]]) / 1e9 for each in stretches)
    for place, name in enumerate(names):
        column = table[:, place]
        means = [_mean(column[each]) for each in stretches]
        known = [(x, y) for x, y in zip(seconds, means, strict=True) if np.isfinite(y)]
        if known:
            series.append(Series(name=name, x=tuple(x for x, _ in known), y=tuple(y for _, y in known)))
    return Chart(title=title, kind="lines", x="", y="weight", dates=True, series=tuple(series))


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
