"""Charts as inline SVG: text that stands in a page without a script, a style sheet or a host of its own.

Colours and faces come from the page's variables, so that the same picture is readable by day and by night.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

import numpy as np

from bot.evaluation.report import Chart, Series

WIDTH: Final = 640
WIDE: Final = 1180
HEIGHT: Final = 300
LEFT: Final = 62
RIGHT: Final = 14
TOP: Final = 14
BOTTOM: Final = 44
DATE_WIDTH: Final = 88
"""Room that a date takes beside its neighbours."""

COLOURS: Final = 12
"""How many colours the page has; more series than that are drawn in the same ones again."""


class Frame:
    """Where values lie on the picture; `x` and `y` are the least and the largest shown."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float], width: int = WIDTH) -> None:
        self.x, self.y, self.width = x, y, width

    def across(self, value: float) -> float:
        """Pixels from the left."""
        low, high = self.x
        return LEFT + (self.width - LEFT - RIGHT) * (value - low) / (high - low)

    def down(self, value: float) -> float:
        """Pixels from the top."""
        low, high = self.y
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)


def svg(chart: Chart) -> str:
    """The picture with its title for those who cannot see it, and one line of text for each series in the legend."""
    frame = _frame(chart)
    parts = [
        f'<svg viewBox="0 0 {frame.width} {HEIGHT}" role="img" aria-label="{escape(chart.title)}">',
        *_grid(chart, frame),
        *_references(chart, frame),
    ]
    for number, series in enumerate(chart.series):
        colour = _colour(number, series)
        if chart.kind == "bars":
            parts.extend(_bars(series, frame, number, len(chart.series), colour))
        elif chart.kind == "points":
            parts.extend(_points(series, frame, colour))
        elif chart.kind == "area":
            parts.extend(_area(series, frame, colour))
        else:
            parts.append(_line(series, frame, colour))
    parts.append("</svg>")
    return "".join(parts) + _legend(chart)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers inside a range, about that many: multiples of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = min((power * factor for factor in (1, 2, 5, 10)), key=lambda each: abs(each - raw))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _frame(chart: Chart) -> Frame:
    xs = [x for series in chart.series for x in series.x]
    ys = [y for series in chart.series for y in series.y if math.isfinite(y)]
    if chart.level is not None:
        ys.append(chart.level)
    if chart.kind == "bars":
        ys.append(0.0)
    x = _range(xs, 0.5 * _step(chart.series) if chart.kind == "bars" else 0.0)
    low, high = _range(ys, 0.0)
    room = 0.06 * (high - low)
    grounded = chart.kind in ("bars", "area")
    bottom, top = (low if grounded and low == 0.0 else low - room), (high if grounded and high == 0.0 else high + room)
    return Frame(x, (bottom, top), WIDE if chart.wide else WIDTH)


def _range(values: Sequence[float], room: float) -> tuple[float, float]:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    return low - room, high + room


def _step(series: Sequence[Series]) -> float:
    widths = [float(np.min(np.diff(each.x))) for each in series if len(each.x) > 1]
    return min(widths, default=1.0)


def _grid(chart: Chart, frame: Frame) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, frame.width - RIGHT
    for value in ticks(*frame.y):
        y = frame.down(value)
        yield f'<line class="g" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="t" x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>'
    for value, label in _x_ticks(chart, frame):
        x = frame.across(value)
        yield f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}"/>'
        anchor = "end" if x > right - 12 else "middle"
        yield f'<text class="t" x="{x:.1f}" y="{bottom + 17}" text-anchor="{anchor}">{label}</text>'
    yield f'<text class="l" x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(chart.x)}</text>'
    middle = (TOP + bottom) / 2
    yield (
        f'<text class="l" transform="translate(13 {middle:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(chart.y)}</text>"
    )


def _x_ticks(chart: Chart, frame: Frame) -> list[tuple[float, str]]:
    if not chart.dates:
        return [(value, _number(value)) for value in ticks(*frame.x, 8)]
    low, high = (np.datetime64(round(value), "s") for value in frame.x)
    months = int((high.astype("datetime64[M]") - low.astype("datetime64[M]")).astype(int))
    if frame.x[1] - frame.x[0] < 3 * 86_400:
        return _times(frame.x)
    if months < 3:
        return _days(frame)
    step = next((each for each in (1, 2, 3, 6, 12, 24, 36, 60, 120) if months / each <= 8), 240)
    first = low.astype("datetime64[M]") + 1
    picked = [first + number for number in range(months) if (first + number).astype(int) % step == 0]
    return [
        (float(month.astype("datetime64[s]").astype(int)), str(month)[: 4 if step >= 12 else 7]) for month in picked
    ]


def _days(frame: Frame) -> list[tuple[float, str]]:
    """Days inside a range of some weeks, no more of them than have room beside each other."""
    low, high = (value / 86_400 for value in frame.x)
    most = (frame.width - LEFT - RIGHT) / DATE_WIDTH
    step = next((each for each in (1, 2, 5, 10, 20) if (high - low) / each <= most), 40)
    count = range(math.ceil(low / step), math.floor(high / step) + 1)
    return [(number * step * 86_400.0, str(np.datetime64(number * step, "D"))) for number in count]


def _times(x: tuple[float, float]) -> list[tuple[float, str]]:
    """Round times of day inside a range of less than three days."""
    low, high = x
    step = next(
        (each for each in (1, 5, 15, 60, 300, 600, 900, 1800, 3600, 10_800, 21_600) if (high - low) / each <= 9), 43_200
    )
    count = range(math.ceil(low / step), math.floor(high / step) + 1)
    told = [(number * step, str(np.datetime64(number * step, "s")).replace("T", " ")) for number in count]
    return [(at, text[11 : 19 if step < 60 else 16]) for at, text in told]


def _references(chart: Chart, frame: Frame) -> Iterator[str]:
    if chart.level is not None:
        y = frame.down(chart.level)
        yield f'<line class="r" x1="{LEFT}" x2="{frame.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _line(series: Series, frame: Frame, colour: str) -> str:
    known = [(x, y) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(y)]
    points = " ".join(f"{frame.across(x):.1f},{frame.down(y):.1f}" for x, y in known)
    return f'<polyline points="{points}" style="stroke:{colour}"><title>{escape(series.name)}</title></polyline>'


def _area(series: Series, frame: Frame, colour: str) -> Iterator[str]:
    """The line, and the space between it and zero, or the nearer edge of the picture, in a shade of it."""
    known = [(frame.across(x), frame.down(y)) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(y)]
    if known:
        floor = frame.down(min(max(0.0, frame.y[0]), frame.y[1]))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in known)
        yield (
            f'<polygon points="{known[0][0]:.1f},{floor:.1f} {points} {known[-1][0]:.1f},{floor:.1f}" '
            f'style="fill:{colour};fill-opacity:.14"/>'
        )
    yield _line(series, frame, colour)


def _points(series: Series, frame: Frame, colour: str) -> Iterator[str]:
    yield _line(series, frame, colour)
    for x, y in zip(series.x, series.y, strict=True):
        if math.isfinite(y):
            yield (
                f'<circle cx="{frame.across(x):.1f}" cy="{frame.down(y):.1f}" r="4" style="fill:{colour}">'
                f"<title>{escape(series.name)}: {_number(x)}, {_number(y)}</title></circle>"
            )


def _bars(series: Series, frame: Frame, number: int, of: int, colour: str) -> Iterator[str]:
    room = (frame.across(_step([series])) - frame.across(0.0)) * 0.82
    width = room / of
    zero = frame.down(max(0.0, frame.y[0]))
    for x, y in zip(series.x, series.y, strict=True):
        left, top = frame.across(x) - room / 2 + number * width, frame.down(y)
        yield (
            f'<rect x="{left:.1f}" y="{min(top, zero):.1f}" width="{width:.1f}" height="{abs(zero - top):.1f}" '
            f'style="fill:{colour}"><title>{escape(series.name)}: {_number(y)}</title></rect>'
        )


def _legend(chart: Chart) -> str:
    """What each colour is; nothing for a single series, which the title names."""
    if len(chart.series) == 1:
        return ""
    entries = (
        f'<li><i style="background:{_colour(number, series)}"></i>{escape(series.name)}</li>'
        for number, series in enumerate(chart.series)
    )
    return f'<ul class="legend">{"".join(entries)}</ul>'


def _colour(number: int, series: Series) -> str:
    return f"var(--c{(number if series.colour is None else series.colour) % COLOURS})"


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "\u2212") if value else "0"
