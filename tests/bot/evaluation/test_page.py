import re
from html.parser import HTMLParser

import msgspec
import pytest

from bot.evaluation.drawing import svg, ticks
from bot.evaluation.lines import lines_of
from bot.evaluation.page import charts, page
from bot.evaluation.report import Chart, Series, targets
from tests.bot.evaluation.test_report import a_report

LINES = Chart(
    title="Skill <so far>",
    kind="lines",
    x="",
    y="percent",
    dates=True,
    level=0.0,
    series=(Series(name="A&B", x=(1.5e9, 1.55e9, 1.6e9), y=(0.1, float("nan"), 0.3)),),
)
BARS = Chart(
    title="PIT", kind="bars", x="u", y="n", level=1.0, series=(Series(name="blend", x=(0.25, 0.75), y=(0.9, 1.1)),)
)
POINTS = Chart(title="Frontier", kind="points", x="sd", y="q", series=(Series(name="K=5", x=(0.7, 1.0), y=(0.9, 1.0)),))


def test_a_chart_that_would_stand_alone_in_its_row_is_drawn_as_wide_as_the_row() -> None:
    wide = msgspec.structs.replace(LINES, wide=True)

    def rows(*drawn: Chart) -> list[bool]:
        return ["class=wide" in figure for figure in charts(drawn).split("<figure")[1:]]

    assert rows(BARS) == [True]
    assert rows(BARS, POINTS) == [False, False]
    assert rows(wide, BARS, POINTS, BARS) == [True, False, False, True]
    assert rows(BARS, wide, BARS, POINTS) == [True, True, False, False]


class Balance(HTMLParser):
    """Which elements were opened and not closed."""

    VOID = frozenset({"meta", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        assert tag in self.VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing() -> None:
    wanted = targets({"skill_vs_fhs": 0.004}, (("skill_vs_fhs", "at least", (0.003,), False),))
    text = page([a_report(charts=(LINES, BARS, POINTS), targets=wanted, notes=("one < two",))])

    balance = Balance()
    balance.feed(text)
    assert balance.open == []
    assert not re.search(r"https?://|<script|<link|@import|url\(|src=", text)
    assert text.count("<svg") == 3
    assert "prefers-color-scheme:dark" in text
    assert "A&amp;B" in text
    assert "Skill &lt;so far&gt;" in text
    assert "one &lt; two" in text
    assert "nan" not in text.lower().replace("finance", "")


@pytest.mark.parametrize("chart", [LINES, BARS, POINTS])
def test_everything_drawn_lies_inside_its_picture(chart: Chart) -> None:
    text = svg(chart)

    for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall(r'points="([^"]*)"', text))):
        assert 0 <= float(x) <= 640
        assert 0 <= float(y) <= 300
    for attribute, most in (("cx", 640), ("cy", 300), ("x", 640), ("y", 300)):
        assert all(0 <= float(value) <= most for value in re.findall(rf' {attribute}="(-?[\d.]+)"', text))


def test_one_point_and_no_spread_can_be_drawn() -> None:
    lonely = Chart(title="x", kind="lines", x="", y="", series=(Series(name="a", x=(1.0,), y=(2.0,)),))

    assert "polyline" in svg(lonely)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), (-3.0, 12.0, [-2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0])],
)
def test_ticks_are_round_numbers_inside_the_range(low: float, high: float, wanted: list[float]) -> None:
    found = ticks(low, high)

    assert all(low <= tick <= high for tick in found)
    assert found == wanted or len(found) in (4, 5, 6)


def test_lines_for_a_terminal_align_and_say_what_was_met() -> None:
    wanted = targets({"skill_vs_fhs": 0.004}, (("skill_vs_fhs", "at least", (0.003,), False),))

    report = a_report(targets=wanted, notes=("a note",))
    lines = list(lines_of(report))

    alone = msgspec.structs.replace(report, data=report.data | {"symbols": ["BTC"]})
    assert lines[0] == "E9: a trial"
    assert lines[1] == "2 instruments, 10 bars, 2020-01-01 to 2021-01-01"
    assert list(lines_of(alone))[1] == "BTC, 10 bars, 2020-01-01 to 2021-01-01"
    assert "author   skill" in lines
    assert "blend   +0.400" in lines
    assert any(line.endswith("met") and "at least 0.003" in line for line in lines)
    assert lines[-1] == "a note"
