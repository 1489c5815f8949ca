"""One page of HTML that shows reports: nothing in it is fetched, and it follows the reader's day or night."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import zip_longest
from typing import Final

import msgspec

from bot.evaluation.drawing import svg
from bot.evaluation.report import Chart, Report, Table, Target, told

LIGHT: Final = "#4053d3 #d98b00 #00875a #b5179e #c1272d #0090b0 #7a5195 #6b8e23 #8c564b #3a3a3a #e377c2 #708090"
DARK: Final = "#8ea2ff #ffc24a #3ddc97 #ff7ad9 #ff7b7b #4fd3f7 #c9a0ff #b6d957 #d7a27c #d0d0d0 #ffb3e6 #a9b8c6"

STYLE: Final = """
:root{color-scheme:light dark;--bg:#fcfcfa;--fg:#1d1f24;--dim:#666b75;--line:#e2e3e0;--card:#fff;
--good:#00794f;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--bg:#14161a;--fg:#e8e9ec;--dim:#9aa0ab;--line:#2c3038;--card:#1b1e24;
--good:#4cd39a;--bad:#ff8a80}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}h1{font-size:24px;margin:0 0 4px}
h2{font-size:20px;margin:44px 0 4px}h3{font-size:15px;margin:26px 0 8px}p,.dim{color:var(--dim);margin:0 0 8px}
.tiles{display:flex;flex-wrap:wrap;gap:10px;margin:14px 0}.tile{background:var(--card);border:1px solid var(--line);
border-radius:10px;padding:10px 14px;min-width:132px}
.tile b{display:block;font-size:20px;font-variant-numeric:tabular-nums}
.tile span{color:var(--dim);font-size:12.5px}.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;min-width:100%}
th,td{padding:4px 9px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--dim);font-weight:600;position:sticky;top:0;background:var(--bg)}th.s,td.s{text-align:left}
tr.blend td{font-weight:700}.met{color:var(--good)}.missed{color:var(--bad)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(440px,1fr));gap:16px;margin-top:14px}
.wide{grid-column:1/-1}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
figcaption{font-weight:600;margin-bottom:6px}figure p{font-size:12.5px;margin:6px 0 0}
svg{width:100%;height:auto;display:block}
svg polyline{fill:none;stroke-width:1.8}svg .g{stroke:var(--line)}svg .r{stroke:var(--dim);stroke-dasharray:4 4}
svg .t{fill:var(--dim);font-size:11px}svg .l{fill:var(--dim);font-size:11.5px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:3px 14px;margin:8px 0 0;padding:0;
font-size:12.5px;color:var(--dim)}
.legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px;vertical-align:-1px}
@media(max-width:520px){.charts{grid-template-columns:1fr}}
"""

TILES: Final = (
    ("skill_vs_fhs", "%", "skill against FHS-EWMA, %"),
    ("skill_vs_equal_weight", "%", "skill against equal weight, %"),
    ("dm_t", "t", "DM t against POOL"),
    ("coverage_50", ".3f", "inside the central 50 %"),
    ("coverage_90", ".3f", "inside the central 90 %"),
    ("coverage_98", ".3f", "inside the central 98 %"),
    ("calibration_error_max", ".4f", "largest calibration error"),
)


def page(reports: Sequence[Report]) -> str:
    """The page, complete in itself."""
    body = "".join(_section(report) for report in reports)
    return document(
        "Keel: what the beliefs are worth",
        "<h1>What the beliefs are worth</h1>"
        "<p>Every forecast was made from what was known at its time, by the same actors that run live, "
        f"and scored apart from them.</p>{body}",
    )


def document(title: str, body: str, style: str = "") -> str:
    """A document around a body of HTML, with the colours of the charts and a style of its own."""
    colours = "".join(f"--c{number}:{colour};" for number, colour in enumerate(LIGHT.split()))
    night = "".join(f"--c{number}:{colour};" for number, colour in enumerate(DARK.split()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f"<style>:root{{{colours}}}@media(prefers-color-scheme:dark){{:root{{{night}}}}}{STYLE}{style}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def charts(drawn: Sequence[Chart]) -> str:
    """Charts as figures in a grid; wide ones take all of a row, and so does one that would stand in it alone."""
    figures = "".join(
        f"<figure{' class=wide' if chart.wide else ''}><figcaption>{escape(chart.title)}</figcaption>{svg(chart)}"
        + (f"<p>{escape(chart.note)}</p>" if chart.note else "")
        + "</figure>"
        for chart in _filling(drawn)
    )
    return f'<div class="charts">{figures}</div>'


def _filling(drawn: Sequence[Chart]) -> list[Chart]:
    """Two to a row; the one that is left over is drawn as wide as its row, which would blow it up otherwise."""
    filled: list[Chart] = []
    narrow = 0
    for chart, after in zip_longest(drawn, drawn[1:]):
        narrow = 0 if chart.wide else narrow + 1
        alone = narrow % 2 == 1 and (after is None or after.wide)
        filled.append(msgspec.structs.replace(chart, wide=True) if alone else chart)
    return filled


def _section(report: Report) -> str:
    data = report.data
    symbols = data.get("symbols", [])
    who = ", ".join(symbols[:6]) + (f" and {len(symbols) - 6} more" if len(symbols) > 6 else "")
    span = f"{data['first'][:10]} to {data['last'][:10]}" if "first" in data else ""
    about = " · ".join(part for part in (who, span, f"data {data['sha256'][:12]}" if "sha256" in data else "") if part)
    return (
        f"<section><h2>{escape(report.recipe)}: {escape(report.title)}</h2><p>{escape(about)}</p>"
        f"{_tiles(report)}{_targets(report.targets)}"
        f"{''.join(table_of(table) for table in report.tables)}"
        f"{charts(report.charts)}{''.join(f'<p>{escape(note)}</p>' for note in report.notes)}</section>"
    )


def _tiles(report: Report) -> str:
    said = ((report.figures.get(name, math.nan), form, label) for name, form, label in TILES)
    tiles = "".join(
        f'<div class="tile"><b>{told(value, form)}</b><span>{escape(label)}</span></div>'
        for value, form, label in said
        if math.isfinite(value)
    )
    return f'<div class="tiles">{tiles}</div>' if tiles else ""


def _targets(targets: Sequence[Target]) -> str:
    if not targets:
        return ""
    rows = "".join(
        f'<tr><td class="s">{escape(target.figure)}{" (stretch)" if target.stretch else ""}</td>'
        f"<td>{escape(wanted(target))}</td><td>{told(target.measured, '.5g')}</td>{_verdict(target)}</tr>"
        for target in targets
    )
    head = '<tr><th class="s">target</th><th>wanted</th><th>measured</th><th>met</th></tr>'
    return f'<h3>Targets</h3><div class="scroll"><table>{head}{rows}</table></div>'


def wanted(target: Target) -> str:
    """The bound in words."""
    values = [f"{value:g}" for value in target.wanted]
    return f"{target.bound} {' and '.join(values)}"


def _verdict(target: Target) -> str:
    if target.met is None:
        return "<td>–</td>"
    return '<td class="met">yes</td>' if target.met else '<td class="missed">no</td>'


def table_of(table: Table) -> str:
    """A table with its title and note."""
    kinds = ['class="s"' if form == "s" else "" for form in table.formats]
    head = "".join(f"<th {kind}>{escape(name)}</th>" for name, kind in zip(table.columns, kinds, strict=True))
    rows = "".join(_row(row, table.formats, kinds) for row in table.rows)
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    return f'<h3>{escape(table.title)}</h3><div class="scroll"><table><tr>{head}</tr>{rows}</table></div>{note}'


def _row(row: Sequence[str | int | float | None], formats: Sequence[str], kinds: Sequence[str]) -> str:
    cells = zip(row, formats, kinds, strict=True)
    drawn = "".join(f"<td {kind}>{escape(told(value, form))}</td>" for value, form, kind in cells)
    return f'<tr class="{escape(str(row[0]))}">{drawn}</tr>'
