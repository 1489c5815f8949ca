"""Charts as SVG: areas stand on zero, wide ones are wider, short spans have times of day, one line needs no legend."""

import re

import numpy as np
import pytest

from bot.evaluation.drawing import HEIGHT, WIDE, WIDTH, svg, ticks
from bot.evaluation.report import Chart, Series

NOON_S = 1_767_268_800.0


def chart(kind: str = "lines", *, y=(1.0, 2.0, 3.0), step_s: float = 3600.0, **changed) -> Chart:
    x = tuple(NOON_S + step_s * n for n in range(len(y)))
    facts = {"title": "t", "x": "", "y": "", "series": (Series(name="one", x=x, y=tuple(y)),), "dates": True}
    return Chart(kind=kind, **(facts | changed))  # type: ignore[arg-type]


def labels(text: str) -> list[str]:
    return re.findall(r'text-anchor="(?:middle|end)">(\d\d:\d\d(?::\d\d)?)<', text)


@pytest.mark.parametrize(
    ("step_s", "shown"),
    [(1.0, ["12:00:00", "12:00:01", "12:00:02"]), (3600.0, ["12:00", "12:15"]), (36_000.0, ["12:00", "15:00"])],
)
def test_less_than_three_days_are_marked_with_times_of_day(step_s, shown) -> None:
    assert labels(svg(chart(step_s=step_s)))[: len(shown)] == shown


def test_more_days_are_marked_with_dates() -> None:
    assert "2026-01-02" in svg(chart(y=np.arange(5.0), step_s=86_400.0))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("days", [4, 9, 17, 38, 62, 80])
def test_dates_stand_apart_and_are_more_than_one(days, wide) -> None:
    drawn = svg(chart(y=np.arange(days + 1.0), step_s=86_400.0, wide=wide))
    places = [float(x) for x in re.findall(r'<text class="t" x="([\d.]+)"[^>]*>2026-\d\d(?:-\d\d)?<', drawn)]
    assert len(places) > 1
    assert min(np.diff(places)) > 75.0


def test_an_area_reaches_from_its_line_to_zero() -> None:
    fallen = svg(chart("area", y=(0.0, -2.0, -1.0)))
    (points,) = re.findall(r'<polygon points="([^"]*)"', fallen)
    first, *_, last = [tuple(map(float, each.split(","))) for each in points.split()]
    assert first[1] == last[1] == 14.0
    risen = re.findall(r'<polygon points="\S+,(\S+) ', svg(chart("area", y=(0.0, 2.0, 1.0))))
    assert float(risen[0]) == HEIGHT - 44.0


def test_a_wide_picture_is_wider() -> None:
    assert f'viewBox="0 0 {WIDTH} {HEIGHT}"' in svg(chart())
    assert f'viewBox="0 0 {WIDE} {HEIGHT}"' in svg(chart(wide=True))


def test_a_single_line_needs_no_legend_and_a_colour_may_be_chosen() -> None:
    assert "legend" not in svg(chart())
    line = Series(name="two", x=(NOON_S, NOON_S + 1), y=(1.0, 2.0), colour=4)
    assert svg(chart(series=(line, line))).count("var(--c4)") == 4


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
