"""A review as one page of HTML, complete in itself: nothing is fetched, and it follows the reader's day or night."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Final

import msgspec

from bot.evaluation.page import charts, document, table_of
from bot.evaluation.report import Table, told
from bot.review.section import Section
from bot.review.whole import Review

STYLE: Final = """
header{border-bottom:1px solid var(--line);padding-bottom:18px;margin-bottom:22px}
header .tag{display:inline-block;border:1px solid var(--line);border-radius:99px;padding:1px 10px;margin:8px 6px 0 0;
font-size:12.5px;color:var(--dim);background:var(--card)}
h1{font-size:28px;letter-spacing:-.01em}h2{padding-top:14px;border-top:1px solid var(--line)}
.hero{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 12px}
.hero .tile{padding:14px 16px}.hero .tile b{font-size:26px;letter-spacing:-.01em}
.tile.up b{color:var(--good)}.tile.down b{color:var(--bad)}
.small{grid-template-columns:repeat(auto-fit,minmax(122px,1fr));display:grid;gap:10px}.small .tile b{font-size:17px}
nav{display:flex;gap:16px;flex-wrap:wrap;margin:18px 0 0;font-size:13.5px}nav a{color:var(--c0);text-decoration:none}
nav a:hover{text-decoration:underline}
.heat td{text-align:center;min-width:58px;border:2px solid var(--bg);border-radius:6px}
.heat td.s,.heat th{text-align:center;border-color:transparent}
.long{max-height:520px;overflow:auto;border:1px solid var(--line);border-radius:10px;background:var(--card)}
.long th{background:var(--card)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(440px,1fr));gap:4px 28px}
.pair p{font-size:12.5px;margin-top:6px}.pair td.s:last-child{white-space:normal}
.lacks{border-left:3px solid var(--c1);padding:8px 14px;background:var(--card);border-radius:0 8px 8px 0;margin:16px 0}
.lacks p{margin:2px 0}footer{margin-top:48px;color:var(--dim);font-size:12.5px}
@media(max-width:520px){.pair{grid-template-columns:1fr}}
@media print{nav{display:none}.long{max-height:none}figure,.tile{break-inside:avoid}}
"""

NOT_ENDED: Final = "not ended: cut, or still running"
HERO: Final = (
    ("profit_eur", "+,.2f", "profit, EUR"),
    ("total_return", "+p", "return, %"),
    ("sharpe", ".2f", "Sharpe, a year"),
    ("max_drawdown", "p", "deepest drawdown, %"),
    ("trades", ",.0f", "trades"),
    ("costs_eur", ",.2f", "fees and slippage, EUR"),
)
SMALL: Final = (
    ("annual_return", "+p", "return a year, %"),
    ("volatility", "p", "volatility a year, %"),
    ("sortino", ".2f", "Sortino"),
    ("calmar", ".2f", "Calmar"),
    ("period_cvar", "p", "CVaR 97.5 % a period, %"),
    ("exposure_mean", "p", "mean exposure, %"),
    ("hit_rate", "p", "trades won, %"),
    ("profit_factor", ".2f", "profit factor"),
    ("payoff", ".2f", "mean win / mean loss"),
    ("turnover", ",.0f", "turnover a year, times"),
    ("trades_open", ",.0f", "trades still open"),
    ("unrealised_eur", "+,.2f", "still open, EUR"),
    ("orders", ",.0f", "orders"),
    ("orders_filled", "p", "orders filled, %"),
    ("slippage_bps", ".2f", "slippage to the mid, bps"),
    ("decisions", ",.0f", "decisions"),
    ("refusals", ",.0f", "refusals"),
    ("cvar_share_mean", "p", "mean CVaR budget used, %"),
    ("kupiec_p", ".3f", "Kupiec, p"),
    ("coverage_90", "p", "share inside the central 90 %"),
    ("calibration_error_max", ".4f", "calibration error"),
    ("decisions_equal", "p", "decisions equal, %"),
)
SIGNED: Final = frozenset({"profit_eur", "total_return", "sharpe", "annual_return"})


def page(review: Review) -> str:
    """The page."""
    drawn = [section for section in review.sections if _has(section)]
    links = "".join(f'<a href="#{_anchor(section)}">{escape(section.name)}</a>' for section in drawn)
    lacks = "".join(f"<p>This run lacks {escape(lack)}.</p>" for lack in review.lacks)
    body = (
        f"{_head(review)}{_tiles(review, HERO, 'hero')}{_tiles(review, SMALL, 'small')}<nav>{links}</nav>"
        + (f'<div class="lacks">{lacks}</div>' if lacks else "")
        + "".join(_section(section) for section in drawn)
        + "<footer>Made from the journal of the run alone. docs/report.md says how every figure is made.</footer>"
    )
    return document(f"Keel: {review.facts.run}", body, STYLE)


def _head(review: Review) -> str:
    facts = review.facts
    span = f"{review.first.replace('T', ' ')} to {review.last.replace('T', ' ')} UTC" if review.first else "no equity"
    tags = (
        span,
        f"profile {facts.profile}" if facts.profile else "",
        f"history {facts.data}" if facts.data else "",
        f"seed {facts.seed}" if facts.seed is not None else "",
        f"{review.messages:,} messages",
        "" if review.ended else NOT_ENDED,
        "thin journal" if review.thin else "",
        f"against {review.against}" if review.against else "",
    )
    told_tags = "".join(f'<span class="tag">{escape(tag)}</span>' for tag in tags if tag)
    return f"<header><h1>{escape(facts.run)}</h1>{told_tags}</header>"


def _tiles(review: Review, wanted: tuple[tuple[str, str, str], ...], kind: str) -> str:
    figures = review.figures | {"costs_eur": review.figures["fees_eur"] + review.figures["shortfall_eur"]}
    tiles = []
    for name, form, label in wanted:
        value = figures.get(name, math.nan)
        if math.isfinite(value):
            way = ("up" if value > 0.0 else "down" if value < 0.0 else "") if name in SIGNED else ""
            tiles.append(f'<div class="tile {way}"><b>{figure(value, form)}</b><span>{escape(label)}</span></div>')
    return f'<div class="{kind}">{"".join(tiles)}</div>' if tiles else ""


def figure(value: float, form: str) -> str:
    """A figure for people; `+p` tells hundredths with a sign, all other forms are those of tables."""
    text = f"{100.0 * value:+.2f}" if form == "+p" else told(value, form)
    return text.replace("-", "\u2212")


def _section(section: Section) -> str:
    lead = f"<p>{escape(section.lead)}</p>" if section.lead else ""
    parts = [charts(section.charts)] if section.charts else []
    if section.heat is not None:
        parts.append(_heat(section.heat))
    if section.tables:
        parts.append(f'<div class="pair">{"".join(f"<div>{table_of(table)}</div>" for table in section.tables)}</div>')
    if section.long is not None:
        parts.append(table_of(_said(section.long)).replace('class="scroll"', 'class="long"', 1))
    return f'<section id="{_anchor(section)}"><h2>{escape(section.name)}</h2>{lead}{"".join(parts)}</section>'


def _said(table: Table) -> Table:
    """The columns of which any row says something: without beliefs there are none of their columns."""
    kept = [n for n in range(len(table.columns)) if any(row[n] is not None for row in table.rows)]
    return msgspec.structs.replace(
        table,
        columns=tuple(table.columns[n] for n in kept),
        formats=tuple(table.formats[n] for n in kept),
        rows=tuple(tuple(row[n] for n in kept) for row in table.rows),
    )


def _heat(table: Table) -> str:
    """Cells in a shade of green or red, deeper the further they are from zero."""
    values = [abs(cell) for row in table.rows for cell in row[1:-1] if isinstance(cell, float)]
    most = max(values, default=0.0) or 1.0
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    rows = "".join(
        f"<tr>{''.join(_shaded(cell, form, most) for cell, form in _cells(row, table))}</tr>" for row in table.rows
    )
    return f'<h3>{escape(table.title)}</h3><div class="scroll heat"><table><tr>{head}</tr>{rows}</table></div>'


def _cells(row: tuple[object, ...], table: Table) -> Iterator[tuple[object, str]]:
    return zip(row, table.formats, strict=True)


def _shaded(cell: object, form: str, most: float) -> str:
    if not isinstance(cell, float) or math.isnan(cell):
        return f'<td class="s dim">{escape("" if cell is None else str(cell))}</td>'
    colour = "var(--good)" if cell > 0.0 else "var(--bad)"
    depth = round(55 * min(1.0, abs(cell) / most))
    text = told(cell, form).replace("-", "\u2212")
    return f'<td style="background:color-mix(in srgb,{colour} {depth}%,transparent)">{text}</td>'


def _has(section: Section) -> bool:
    return bool(section.charts or section.tables or section.heat or section.long)


def _anchor(section: Section) -> str:
    return section.name.lower().replace(" ", "-")
