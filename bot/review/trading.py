"""The trades of a run: how many won, what each came to, and what trading them cost."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from adapters.records.columns import Table as Rows
from bot.evaluation.report import Cell, Chart, Series, Table
from bot.review.account import RATIOS_S_MIN, Account
from bot.review.section import Section
from quant import performance_measures as measures
from quant.rolling import Floats

SHOWN_MAX: Final = 250
BINS: Final = 25
STATED_BPS: Final = 1e-4


def figures_of(trades: Rows, orders: Rows, account: Account) -> dict[str, float]:
    """The figures of trades and orders by name."""
    profits = _known(trades.floats("pnl_eur")[_closed(trades)])
    traded = orders.floats("notional_eur")
    notional = float(np.nansum(traded))
    filled = orders.floats("fills") > 0
    slippage = orders.floats("slippage_bps")
    weighed = np.isfinite(slippage) & np.isfinite(traded) & (traded > 0.0)
    years, enough = account.span_s / measures.YEAR_S, account.span_s >= RATIOS_S_MIN
    return {
        "trades": float(len(trades)),
        "trades_open": float(sum(state == "open" for state in trades.values("state"))),
        "hit_rate": measures.hit_rate(profits),
        "profit_factor": measures.profit_factor(profits),
        "payoff": measures.payoff(profits),
        "profit_mean_eur": float(profits.mean()) if len(profits) else np.nan,
        "holding_s_median": _median(trades.floats("holding_s")),
        "orders": float(len(orders)),
        "orders_filled": float(filled.mean()) if len(orders) else np.nan,
        "traded_eur": notional,
        "turnover": measures.turnover(notional, account.equity, years) if enough else np.nan,
        "slippage_bps": float(np.average(slippage[weighed], weights=traded[weighed])) if weighed.any() else np.nan,
        **costs_of(orders),
        "funding_eur": account.funding,
    }


def costs_of(orders: Rows) -> dict[str, float]:
    """What trading cost in EUR: fees, spread, impact; the last two NaN where the journal kept no quotes."""
    filled = orders.floats("fills") > 0
    parts = {name: orders.floats(name)[filled] for name in ("fee_eur", "shortfall_eur", "spread_eur", "impact_eur")}
    return {
        "fees_eur": float(np.nansum(parts["fee_eur"])),
        "shortfall_eur": float(np.nansum(parts["shortfall_eur"])),
        "spread_eur": float(parts["spread_eur"].sum()),
        "impact_eur": float(parts["impact_eur"].sum()),
    }


def section_of(trades: Rows, orders: Rows, figures: dict[str, float]) -> Section:
    """The section of the page about trades and their costs."""
    tables = (_attribution(figures), _by(trades, "symbol", "By instrument"), _by(trades, "entry_regime", "By regime"))
    return Section(
        name="Trades and costs",
        lead="A trade is a round trip from flat to flat. Costs are told against the mid at which it was decided.",
        charts=tuple(each for each in (_histogram(trades), _foreseen(trades)) if each is not None),
        tables=tuple(each for each in tables if each is not None and each.rows),
        long=_list(trades),
    )


def _attribution(figures: dict[str, float]) -> Table:
    """From what the decisions earned at their marks to what is left of it."""
    net, fees, shortfall = figures["profit_eur"], figures["fees_eur"], figures["shortfall_eur"]
    traded, funding = figures["traded_eur"], figures["funding_eur"]
    earned = net + fees + shortfall + funding
    split = np.isfinite(figures["spread_eur"]) and np.isfinite(figures["impact_eur"])
    between = (
        [("half the spread", -figures["spread_eur"]), ("slippage and impact beyond it", -figures["impact_eur"])]
        if split
        else [("spread, slippage and impact", -shortfall)]
    )
    held = [("funding of perpetuals", -funding)] if funding else []
    costs = [*between, ("fees", -fees), *held]
    rows = [("earned at the marks of the decisions", earned), *costs, ("change of equity", net)]
    return Table(
        title="Where the money went",
        columns=("", "EUR", "bps of what was traded"),
        formats=("s", "+.4f", "+.3f"),
        rows=tuple((name, amount, amount / traded / STATED_BPS if traded > 0.0 else None) for name, amount in rows),
        note="What was held is valued at marks on both ends.",
    )


def _by(trades: Rows, column: str, title: str) -> Table | None:
    keys, profits = trades.values(column), trades.floats("pnl_eur")
    fees, bps = trades.floats("fees_eur"), trades.floats("return_bps")
    funding = trades.floats("funding_eur")
    names, ended = sorted({key for key in keys if key is not None}), _closed(trades)
    rows = []
    for name in names:
        mine = np.array([key == name for key in keys])
        known, closed = mine & np.isfinite(profits), mine & ended & np.isfinite(profits)
        rows.append(
            (
                name,
                int(mine.sum()),
                measures.hit_rate(profits[closed]),
                float(profits[known].sum()),
                float(np.nansum(fees[mine])),
                float(np.nansum(funding[mine])),
                float(bps[closed].mean()) if closed.any() else None,
            )
        )
    rows.sort(key=lambda row: -row[3])
    return Table(
        title=title,
        columns=("", "trades", "won, %", "profit, EUR", "fees, EUR", "funding, EUR", "mean return, bps"),
        formats=("s", "d", "p", "+.4f", ".4f", ".4f", "+.2f"),
        rows=tuple(rows),
    )


def _histogram(trades: Rows) -> Chart | None:
    bps = _known(trades.floats("return_bps"))
    if len(bps) < 2:
        return None
    reach = float(np.quantile(np.abs(bps), 0.99)) or 1.0
    counts, edges = np.histogram(np.clip(bps, -reach, reach), bins=BINS, range=(-reach, reach))
    middles = 0.5 * (edges[1:] + edges[:-1])
    return Chart(
        title="Returns of the trades",
        kind="bars",
        x="bps of the notional entered, after fees",
        y="trades",
        series=(Series(name="trades", x=tuple(middles.tolist()), y=tuple(counts.astype(float).tolist())),),
    )


def _foreseen(trades: Rows) -> Chart | None:
    """What was believed at entry against what came of it, by fifths of the belief."""
    mu, bps = trades.floats("entry_mu"), trades.floats("return_bps")
    sides = np.array([1.0 if side == "long" else -1.0 for side in trades.values("side")])
    known = np.isfinite(mu) & np.isfinite(bps)
    if known.sum() < 10:
        return None
    believed, came = (1e4 * mu * sides)[known], bps[known]
    fifths = np.array_split(np.argsort(believed, kind="stable"), 5)
    return Chart(
        title="Believed at entry, and come true",
        kind="points",
        x="mean belief of a fifth of the trades, bps",
        y="mean return, bps",
        level=0.0,
        series=(
            Series(
                name="fifths of the trades",
                x=tuple(float(believed[each].mean()) for each in fifths),
                y=tuple(float(came[each].mean()) for each in fifths),
            ),
        ),
        note="Rising when a stronger belief earns more.",
    )


def _list(trades: Rows) -> Table | None:
    if not len(trades):
        return None
    columns = (
        "trade", "symbol", "side", "entry_at", "exit_at", "quantity", "entry_price", "exit_price", "fees_eur",
        "funding_eur", "pnl_eur", "return_bps", "entry_mu", "entry_sigma", "entry_p_up", "entry_regime", "entry_rung",
        "entry_rank", "entry_cvar_share", "exit_cause",
    )  # fmt: skip
    left = len(trades) - SHOWN_MAX
    rows = tuple(tuple(_cell(row[name], name) for name in columns) for row in trades.rows(SHOWN_MAX))
    heads = tuple(
        name.replace("entry_mu", "mu, bps").replace("entry_sigma", "sigma, bps").replace("_", " ") for name in columns
    )
    text = ("symbol", "side", "entry_at", "exit_at", "entry_regime", "entry_rung", "exit_cause")
    formats = tuple("s" if name in text else "" for name in columns)
    note = f"{left} more are in records/trades.parquet" if left > 0 else ""
    return Table(title="Round trips", columns=heads, formats=formats, rows=rows, note=note)


def _cell(value: Any, name: str) -> Cell:
    if value is None:
        return None
    if name.endswith("_at"):
        return str(value)[:19].replace("T", " ")
    if name in ("entry_mu", "entry_sigma"):
        return f"{1e4 * value:.1f}"
    if name in ("symbol", "side", "entry_regime", "entry_rung", "exit_cause", "trade", "entry_rank"):
        return str(value)
    return f"{float(value):.4f}" if name.endswith("_eur") else f"{float(value):.6g}"


def _closed(trades: Rows) -> np.ndarray:
    return np.array([state == "closed" for state in trades.values("state")], dtype=bool)


def _known(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _median(values: Floats) -> float:
    known = _known(values)
    return float(np.median(known)) if len(known) else np.nan
