"""The tail-risk budget of a run: how much of it was used, whether losses kept to it, and what the gate refused."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

import numpy as np

from adapters.records.columns import Table as Rows
from bot.evaluation.report import Chart, Series, Table
from bot.review.account import Account
from bot.review.section import Section, thinned
from contracts.quantities import Nanos
from quant.rolling import Floats
from quant.significance import christoffersen, kupiec

TRIALS_MIN: Final = 5
"""Fewer spans than that say nothing of a rate."""


class Tails(NamedTuple):
    """Spans of the risk horizon that do not overlap: what they brought, and the VaR and CVaR said at their starts."""

    at_ns: np.ndarray
    brought: Floats
    var: Floats
    cvar: Floats

    @property
    def hits(self) -> np.ndarray:
        """Where more was lost than the VaR."""
        return np.asarray(-self.brought > self.var)


def tails_of(decisions: Rows, account: Account, horizon_ns: Nanos) -> Tails:
    """Each span begins with the first decision after the one before it, and counts where a book was held."""
    at_ns, var = decisions.instants("at"), decisions.floats("var_eur")
    cvar = decisions.floats("cvar_after_eur")
    last = int(account.at_ns[-1]) if len(account.at_ns) else 0
    picked, free = [], -1
    for place, at in enumerate(at_ns.tolist()):
        if at >= free and at + horizon_ns <= last and var[place] > 0.0:
            picked.append(place)
            free = at + horizon_ns
    starts = at_ns[picked] if picked else np.array([], dtype=np.int64)
    brought = _equity_at(account, starts + horizon_ns) - _equity_at(account, starts)
    return Tails(starts, brought, var[picked] if picked else np.array([]), cvar[picked] if picked else np.array([]))


def figures_of(tails: Tails, decisions: Rows, alpha: float) -> dict[str, float]:
    """Use of the budget and the tests of the tail by name; NaN for fewer than five spans."""
    share, cvar, budget = (decisions.floats(name) for name in ("cvar_share", "cvar_after_eur", "cvar_max_eur"))
    known = share[np.isfinite(share)]
    budgeted = float(budget[np.isfinite(cvar)].sum())
    trials, hits = len(tails.brought), tails.hits
    enough = trials >= TRIALS_MIN
    return {
        "cvar_share_mean": float(np.nansum(cvar)) / budgeted if budgeted > 0.0 else np.nan,
        "cvar_share_max": float(known.max()) if len(known) else np.nan,
        "tail_spans": float(trials),
        "tail_exceedances": float(hits.sum()),
        "tail_exceedances_expected": (1.0 - alpha) * trials,
        "kupiec_p": kupiec(hits, 1.0 - alpha).p if enough else np.nan,
        "christoffersen_p": christoffersen(hits).p if enough else np.nan,
        "decisions": float(len(decisions)),
        "intents": float(np.nansum(decisions.floats("intents"))),
        "refusals": float(np.nansum(decisions.floats("refusals"))),
    }


def section_of(tails: Tails, decisions: Rows, refusals: Rows, figures: dict[str, float], horizon_s: float) -> Section:
    """The section of the page about the budget."""
    charts = (_budget(decisions), _realised(tails, horizon_s))
    tables = (_test(tails, figures, horizon_s), _refused(refusals, len(decisions)))
    return Section(
        name="Risk budget",
        lead="The tail of the whole book after each decision, of what it may be; and what the account lost then.",
        charts=tuple(each for each in charts if each.series),
        tables=tuple(each for each in tables if each.rows),
    )


def _equity_at(account: Account, at_ns: np.ndarray) -> Floats:
    """The last equity said at or before each of some times."""
    if not len(at_ns):
        return np.array([])
    place = np.searchsorted(account.at_ns, at_ns, side="right") - 1
    return np.asarray(account.equity[np.maximum(place, 0)])


def _budget(decisions: Rows) -> Chart:
    """The tail and its bound in money: the bound moves with the account and its multipliers."""
    seconds = decisions.instants("at") / 1e9
    used = thinned(seconds, decisions.floats("cvar_after_eur"))
    bound = thinned(seconds, decisions.floats("cvar_max_eur"))
    lines = (("CVaR of the book", used, 1), ("budget", bound, 4))
    return Chart(
        title="CVaR of the book, and its budget",
        kind="lines",
        x="",
        y="EUR",
        dates=True,
        wide=True,
        series=tuple(Series(name=name, x=x, y=y, colour=colour) for name, (x, y), colour in lines if x),
        note="A budget that shrinks below what is held stops additions; it does not sell.",
    )


def _realised(tails: Tails, horizon_s: float) -> Chart:
    x = tuple((tails.at_ns / 1e9).tolist())
    lines = (("brought", tails.brought, 0), ("VaR said", -tails.var, 7), ("CVaR said", -tails.cvar, 4))
    return Chart(
        title=f"What each {_span(horizon_s)} brought, and the loss that was said",
        kind="lines",
        x="",
        y="EUR",
        level=0.0,
        dates=True,
        wide=True,
        series=tuple(Series(name=name, x=x, y=tuple(y.tolist()), colour=c) for name, y, c in lines) if x else (),
    )


def _test(tails: Tails, figures: dict[str, float], horizon_s: float) -> Table:
    hits = tails.hits
    beyond = -tails.brought[hits]
    rows = (
        ("spans that do not overlap", figures["tail_spans"], "d"),
        ("losses beyond the VaR", figures["tail_exceedances"], "d"),
        ("expected", figures["tail_exceedances_expected"], ".1f"),
        ("Kupiec, p", figures["kupiec_p"], ".3f"),
        ("Christoffersen, p", figures["christoffersen_p"], ".3f"),
        ("mean loss beyond it, EUR", float(beyond.mean()) if len(beyond) else np.nan, ".3f"),
        ("mean CVaR said then, EUR", float(tails.cvar[hits].mean()) if len(beyond) else np.nan, ".3f"),
    )
    return Table(
        title=f"Losses over {_span(horizon_s)} against the tail that was said",
        columns=("", "value"),
        formats=("s", ""),
        rows=tuple(
            (name, "–" if np.isnan(value) else f"{value:{'.0f' if form == 'd' else form}}")
            for name, value, form in rows
        )
        if figures["tail_spans"]
        else (),
        note="Kupiec asks whether so many losses beyond the VaR are chance: a p below .05 says they are not. The book "
        "may have been changed inside a span, so this judges the gate together with what was done after it.",
    )


def _refused(refusals: Rows, decisions: int) -> Table:
    controls, texts = refusals.values("control"), refusals.values("text")
    counts = Counter(controls)
    touched = {control: set[int]() for control in counts}
    for control, decision in zip(controls, refusals.values("decision"), strict=True):
        touched[control].add(decision)
    example = dict(zip(reversed(controls), reversed(texts), strict=True))
    return Table(
        title="Refusals by reason",
        columns=("control", "reasons", "decisions, %", "the first of them"),
        formats=("s", "d", "p", "s"),
        rows=tuple(
            (control, count, len(touched[control]) / max(1, decisions), str(example[control])[:140])
            for control, count in counts.most_common()
        ),
    )


def _span(seconds: float) -> str:
    for unit_s, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= unit_s and seconds % unit_s == 0:
            count = int(seconds // unit_s)
            return f"{count} {name}s" if count > 1 else name
    return f"{seconds:g} s"
