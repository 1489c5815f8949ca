"""The beliefs of a run: whether what the blend said came true as often as it said, and who weighed how much."""

from __future__ import annotations

from typing import Final

import numpy as np

from adapters.records.columns import Table as Rows
from bot.evaluation.report import Chart, Series
from bot.review.section import Section, thinned

POINTS: Final = 160
COLOURS: Final = {"pool": 1, "blend": 0}


def figures_of(calibration: Rows) -> dict[str, float]:
    """The blend's largest calibration error, the share inside its central 90 %, and how many labels they rest on."""
    level, share = _shares(calibration, "blend")
    if not len(level):
        return {"labels": 0.0, "calibration_error_max": np.nan, "coverage_90": np.nan}
    at = dict(zip(np.round(level, 3).tolist(), share.tolist(), strict=True))
    return {
        "labels": float(calibration.floats("labels")[0]),
        "calibration_error_max": float(np.abs(share - level).max()),
        "coverage_90": at[0.95] - at[0.05],
    }


def section_of(calibration: Rows, pit: Rows, weights: Rows, figures: dict[str, float]) -> Section:
    """The section of the page about beliefs."""
    charts = (_calibration(calibration), _pit(pit), _weights(weights))
    labels = int(figures["labels"])
    lead = f"{labels:,} labels of the blend were closed in this run." if labels else "No label was closed in this run."
    return Section(name="Beliefs", lead=lead, charts=tuple(each for each in charts if each.series))


def _shares(calibration: Rows, author: str) -> tuple[np.ndarray, np.ndarray]:
    mine = np.array([name == author for name in calibration.values("author")], dtype=bool)
    labels = calibration.floats("labels")[mine]
    return calibration.floats("level")[mine], calibration.floats("below")[mine] / np.maximum(labels, 1.0)


def _calibration(calibration: Rows) -> Chart:
    series = []
    for author, colour in COLOURS.items():
        level, share = _shares(calibration, author)
        if len(level):
            difference = tuple((share - level).tolist())
            series.append(Series(name=author, x=tuple(level.tolist()), y=difference, colour=colour))
    return Chart(
        title="Calibration",
        kind="points",
        x="level said",
        y="share below, less the level",
        level=0.0,
        series=tuple(series),
        note="A true belief lies on the line.",
    )


def _pit(pit: Rows) -> Chart:
    series = []
    authors = pit.values("author")
    for author, colour in COLOURS.items():
        mine = np.array([name == author for name in authors], dtype=bool)
        counts = pit.floats("labels")[mine]
        if counts.sum():
            middles = 0.5 * (pit.floats("low") + pit.floats("high"))[mine]
            tall = len(counts) * counts / counts.sum()
            series.append(Series(name=author, x=tuple(middles.tolist()), y=tuple(tall.tolist()), colour=colour))
    return Chart(
        title="Probability integral transform",
        kind="bars",
        x="where the outcome fell in the distribution said",
        y="share, times the number of bins",
        level=1.0,
        series=tuple(series),
        note="Flat when true; heaped at the ends when too sure, in the middle when too careful.",
    )


def _weights(weights: Rows) -> Chart:
    names, at, value = np.array(weights.values("agent")), weights.instants("at") / 1e9, weights.floats("weight")
    series = []
    for name in dict.fromkeys(names.tolist()):
        mine = names == name
        x, y = thinned(at[mine], value[mine], lambda values: float(values.mean()), POINTS)
        series.append(Series(name=name, x=x, y=y))
    return Chart(
        title="Weight per agent",
        kind="lines",
        x="",
        y="weight, the mean over the instruments",
        series=tuple(series),
        dates=True,
        wide=True,
    )
