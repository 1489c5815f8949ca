"""The account of a run: its figures, equity and drawdown, months, rolling Sharpe, exposure."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from adapters.records.columns import Table as Rows
from bot.evaluation.report import Chart, Series, Table
from bot.review.section import Section, thinned
from quant import performance_measures as measures
from quant.rolling import Floats

PERIODS_S: Final = (86_400, 3_600, 60, 1)
NAMES: Final = {86_400: "day", 3_600: "hour", 60: "minute", 1: "second"}
PERIODS_MIN: Final = 30
"""So many periods make a figure; the longest of which there are so many is the one that is measured by."""

YEARLY_S_MIN: Final = 30 * 86_400
"""From how long a run on its return is told as one of a year."""

RATIOS_S_MIN: Final = 86_400
"""From how long a run on ratios are told at all: an hour says nothing of a year."""

ALPHA: Final = 0.975
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Account(NamedTuple):
    """Equity as it was said (n,), and at the ends of equal periods (m,); times in nanoseconds.

    `unrealised` is what the positions still held have gained, by the last word, and `funding` what holding has paid.
    """

    at_ns: np.ndarray
    equity: Floats
    exposure: Floats
    unrealised: float
    funding: float
    period_s: int
    grid_ns: np.ndarray
    grid: Floats

    @property
    def per_year(self) -> float:
        """How many of its periods a year has."""
        return measures.YEAR_S / self.period_s

    @property
    def span_s(self) -> float:
        """From the first to the last word of equity, in seconds."""
        return float(self.at_ns[-1] - self.at_ns[0]) / 1e9 if len(self.at_ns) else 0.0


def account_of(rows: Rows) -> Account:
    """The account of a table of equity."""
    at_ns, equity = rows.instants("at"), rows.floats("equity_eur")
    span_s = float(at_ns[-1] - at_ns[0]) / 1e9 if len(at_ns) else 0.0
    period_s = next((each for each in PERIODS_S if span_s / each >= PERIODS_MIN), PERIODS_S[-1])
    grid_ns, grid = measures.on_grid(at_ns, equity, period_s * 10**9)
    unrealised = float(rows.floats("unrealised_eur")[-1]) if len(at_ns) else np.nan
    funding = float(rows.floats("funding_eur")[-1]) if len(at_ns) else 0.0
    return Account(at_ns, equity, rows.floats("exposure"), unrealised, funding, period_s, grid_ns, grid)


def figures_of(account: Account) -> dict[str, float]:
    """The figures of the account by name; NaN where there is too little of it."""
    returns, per_year = measures.returns_of(account.grid), account.per_year
    enough, ratios = account.span_s >= YEARLY_S_MIN, account.span_s >= RATIOS_S_MIN
    some = len(account.equity) > 0
    return {
        "equity_first_eur": float(account.equity[0]) if some else np.nan,
        "equity_last_eur": float(account.equity[-1]) if some else np.nan,
        "unrealised_eur": account.unrealised,
        "profit_eur": float(account.equity[-1] - account.equity[0]) if some else np.nan,
        "total_return": measures.total_return(account.equity),
        "annual_return": measures.annual_return(account.grid, per_year) if enough else np.nan,
        "volatility": measures.volatility(returns, per_year) if ratios else np.nan,
        "sharpe": measures.sharpe(returns, per_year) if ratios else np.nan,
        "sortino": measures.sortino(returns, per_year) if ratios else np.nan,
        "max_drawdown": measures.max_drawdown(account.equity),
        "drawdown_s_max": float(measures.drawdown_periods_max(account.grid) * account.period_s),
        "calmar": measures.calmar(account.grid, per_year) if enough else np.nan,
        "period_cvar": measures.tail_loss(returns, ALPHA),
        "period_s": float(account.period_s),
        "exposure_mean": _held_mean(account.at_ns, account.exposure),
        "exposure_max": float(np.nanmax(account.exposure)) if np.isfinite(account.exposure).any() else np.nan,
    }


def section_of(account: Account) -> Section:
    """The section of the page about the account."""
    seconds = account.at_ns / 1e9
    equity = thinned(seconds, account.equity)
    fallen = thinned(seconds, -100.0 * measures.drawdowns(account.equity), lambda values: float(values.min()))
    rolling = _rolling(account)
    held = thinned(seconds, 100.0 * account.exposure)
    charts = [
        _chart("Equity", "EUR", "lines", equity, 0, wide=True),
        _chart("Drawdown", "percent below the highest so far", "area", fallen, 4, wide=True),
        *rolling,
        _chart("Exposure", "percent of equity, long and short", "area", held, 5, wide=not rolling),
    ]
    period = NAMES[account.period_s]
    lead = f"Ratios are of returns by the {period}, told for a year of {account.per_year:,.0f} {period}s."
    if account.span_s < YEARLY_S_MIN:
        lead = f"{lead} The run is short: they are extrapolations."
    if account.span_s < RATIOS_S_MIN:
        lead = "The run is shorter than a day: it says nothing of a year."
    return Section(
        name="Account", lead=lead, charts=tuple(each for each in charts if each.series), heat=_months(account)
    )


def _rolling(account: Account) -> list[Chart]:
    returns = measures.returns_of(account.grid)
    window = max(10, len(returns) // 6)
    if len(returns) < 2 * window or account.span_s < RATIOS_S_MIN:
        return []
    rolled = measures.rolling_sharpe(returns, window, account.per_year)
    points = thinned(account.grid_ns[1:] / 1e9, rolled)
    title = f"Sharpe of the last {window} {NAMES[account.period_s]}s"
    return [_chart(title, "a year", "lines", points, 0, level=0.0)]


def _chart(
    title: str, y: str, kind: str, points: tuple[tuple[float, ...], tuple[float, ...]], colour: int,
    *, wide: bool = False, level: float | None = None,
) -> Chart:  # fmt: skip
    series = (Series(name=title.split(" of")[0].lower(), x=points[0], y=points[1], colour=colour),) if points[0] else ()
    return Chart(title=title, kind=kind, x="", y=y, series=series, dates=True, wide=wide, level=level)  # type: ignore[arg-type]


def _months(account: Account) -> Table | None:
    """Return of each calendar month and year, by the last equity of each; None for a run inside one month.

    What is said at the very end of a month, as of the bar that closes then, is the month's last word.
    """
    began = account.at_ns[:1].astype("datetime64[ns]").astype("datetime64[M]")
    months = np.maximum((account.at_ns - 1).astype("datetime64[ns]").astype("datetime64[M]"), began)
    if not len(months) or months[0] == months[-1]:
        return None
    every = np.arange(months[0], months[-1] + 1)
    ends = account.equity[np.searchsorted(months, every, side="right") - 1]
    before = np.concatenate([account.equity[:1], ends[:-1]])
    found = dict(zip(every.tolist(), (ends / before - 1.0).tolist(), strict=True))
    years = sorted({each.year for each in found})
    rows = []
    for year in years:
        cells = [found.get(next((m for m in found if (m.year, m.month) == (year, n)), None)) for n in range(1, 13)]
        whole = float(np.prod([1.0 + cell for cell in cells if cell is not None])) - 1.0
        rows.append((str(year), *cells, whole))
    return Table(
        title="Months, percent",
        columns=("", *MONTHS, "Year"),
        formats=("s", *(13 * ("p",))),
        rows=tuple(rows),
    )


def _held_mean(at_ns: np.ndarray, values: Floats) -> float:
    """The mean over time of what holds from one word to the next."""
    spans = np.diff(at_ns).astype(np.float64)
    known = np.isfinite(values[:-1])
    total = float(spans[known].sum())
    return float((values[:-1] * spans)[known].sum()) / total if total > 0.0 else np.nan
