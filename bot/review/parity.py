"""Two runs side by side: where their decisions and orders first differ, and how far apart their accounts went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from bot.evaluation.report import Chart, Series, Table
from bot.records.making import RunRecords
from bot.review.account import Account
from bot.review.section import Section, thinned

DECIDED: Final = ("at", "slate", "picks", "intents", "refusals", "orders", "state", "rung")
ORDERED: Final = ("symbol", "side", "quantity", "limit", "reduce_only")
FILLED: Final = ("filled", "average_price", "fee_eur", "state")
SHOWN_MAX: Final = 15


def figures_of(mine: RunRecords, other: RunRecords, accounts: tuple[Account, Account]) -> dict[str, float]:
    """How alike two runs are: shares of what is equal, and how far apart their accounts went."""
    decisions = _pairs(mine, other, "decisions", ("decision",), DECIDED)
    orders = _pairs(mine, other, "orders", ("decision", "leg", "attempt"), ORDERED)
    fills = _pairs(mine, other, "orders", ("decision", "leg", "attempt"), FILLED)
    distance = _distance(*accounts)
    return {
        "decisions_equal": _equal_share(decisions),
        "orders_equal": _equal_share(orders),
        "fills_equal": _equal_share(fills),
        "equity_distance_eur_max": float(np.abs(distance).max()) if len(distance) else np.nan,
        "equity_distance_eur_last": float(distance[-1]) if len(distance) else np.nan,
    }


def section_of(
    mine: RunRecords, other: RunRecords, accounts: tuple[Account, Account], figures: dict[str, float]
) -> Section:
    """The section of the page about parity."""
    names = (mine.made.run, other.made.run)
    names = names if names[0] != names[1] else ("this run", "the other")
    decisions = _pairs(mine, other, "decisions", ("decision",), DECIDED)
    orders = _pairs(mine, other, "orders", ("decision", "leg", "attempt"), ORDERED + FILLED)
    same = figures["decisions_equal"] == figures["orders_equal"] == 1.0
    alike = "every decision and order is equal" if same else _alike(figures)
    lead = f"Against {names[1]}: {alike}; the accounts were at most {figures['equity_distance_eur_max']:.4f} EUR apart."
    return Section(
        name="Parity",
        lead=lead,
        charts=(_both(names, accounts),),
        tables=tuple(
            each
            for each in (
                _differences("Decisions that differ", decisions, names, DECIDED),
                _differences("Orders that differ", orders, names, ORDERED + FILLED),
            )
            if each.rows
        ),
    )


Pair = tuple[tuple[Any, ...], dict[str, Any] | None, dict[str, Any] | None]


def _pairs(
    mine: RunRecords, other: RunRecords, table: str, keys: Sequence[str], fields: Sequence[str]
) -> list[tuple[Pair, bool]]:
    """Rows of both runs by their keys in the order of the keys, and whether all these fields are equal."""
    here, there = ({tuple(row[key] for key in keys): row for row in each.table(table).rows()} for each in (mine, other))
    found = []
    for key in sorted({**here, **there}):
        one, two = here.get(key), there.get(key)
        alike = one is not None and two is not None and all(one[name] == two[name] for name in fields)
        found.append(((key, one, two), alike))
    return found


def _equal_share(pairs: list[tuple[Pair, bool]]) -> float:
    return float(np.mean([alike for _, alike in pairs])) if pairs else 1.0


def _distance(mine: Account, other: Account) -> np.ndarray:
    """This account less the other at the times of this one, where both have begun and neither has ended."""
    if not len(mine.at_ns) or not len(other.at_ns):
        return np.array([])
    at_ns = np.unique(mine.at_ns)
    at_ns = at_ns[(at_ns >= other.at_ns[0]) & (at_ns <= other.at_ns[-1])]
    here, there = (each.equity[np.searchsorted(each.at_ns, at_ns, side="right") - 1] for each in (mine, other))
    return np.asarray(here - there)


def _both(names: tuple[str, str], accounts: tuple[Account, Account]) -> Chart:
    points = [thinned(each.at_ns / 1e9, each.equity) for each in accounts]
    return Chart(
        title="Equity of both",
        kind="lines",
        x="",
        y="EUR",
        series=tuple(Series(name=name, x=x, y=y) for name, (x, y) in zip(names, points, strict=True)),
        dates=True,
        wide=True,
    )


def _alike(figures: dict[str, float]) -> str:
    told = (f"{100.0 * figures[f'{name}_equal']:.1f} % of {name}" for name in ("decisions", "orders", "fills"))
    return f"{', '.join(told)} are equal"


def _differences(title: str, pairs: list[tuple[Pair, bool]], names: tuple[str, str], fields: Sequence[str]) -> Table:
    """The first pairs that are not equal, each with the first field that differs."""
    apart = [pair for pair, alike in pairs if not alike]
    rows = []
    for key, one, two in apart[:SHOWN_MAX]:
        known = one or two or {}
        at = str(known.get("at") or known.get("ordered_at") or "")[:19].replace("T", " ")
        number = "-".join(str(part) for part in key)
        if one is None or two is None:
            rows.append((number, at, "only in one", "there" if one else "–", "there" if two else "–"))
        else:
            field = next(name for name in fields if one[name] != two[name])
            rows.append((number, at, field, str(one[field]), str(two[field])))
    more = len(apart) - SHOWN_MAX
    return Table(
        title=title,
        columns=("decision", "at", "first field", names[0], names[1]),
        formats=5 * ("s",),
        rows=tuple(rows),
        note=f"{more} more" if more > 0 else "",
    )
