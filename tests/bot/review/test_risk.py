"""The budget: spans that do not overlap, and whether losses keep to the tail that was said."""

import math

import numpy as np
import pytest

from adapters.records.rows import DecisionRow, EquityRow, RefusalRow
from bot.review import risk
from bot.review.account import account_of
from quant.significance import kupiec
from tests.kit.reviews import DAY_NS, JANUARY_NS, a_decision_row, equity_rows, table

HOUR_NS = DAY_NS // 24


def decisions(count: int, **changed):
    return table(DecisionRow, [a_decision_row(n, JANUARY_NS + n * HOUR_NS, **changed) for n in range(count)])


def account(values):
    return account_of(table(EquityRow, equity_rows(values, step_ns=HOUR_NS)))


def test_spans_do_not_overlap_and_end_before_the_run_does() -> None:
    tails = risk.tails_of(decisions(24), account(np.linspace(500.0, 477.0, 24)), 4 * HOUR_NS)
    assert (np.diff(tails.at_ns) == 4 * HOUR_NS).all() and len(tails.at_ns) == 5
    np.testing.assert_allclose(tails.brought, -4.0)
    assert tails.hits.all()


def test_losses_beyond_the_tail_are_tested_by_their_rate() -> None:
    values = np.full(200, 500.0)
    values[50:64:2] -= 5.0
    tails = risk.tails_of(decisions(200), account(values), HOUR_NS)
    figures = risk.figures_of(tails, decisions(200), 0.975)
    hits = np.diff(values) < -3.0
    assert figures["tail_exceedances"] == hits.sum()
    assert 0.1 < figures["kupiec_p"] < 0.9
    assert figures["kupiec_p"] == pytest.approx(kupiec(hits, 0.025).p)
    assert figures["tail_exceedances_expected"] == pytest.approx(0.025 * 199)


def test_where_no_book_is_held_there_is_nothing_to_test() -> None:
    tails = risk.tails_of(decisions(24, var_eur=0.0), account(np.full(24, 500.0)), HOUR_NS)
    figures = risk.figures_of(tails, decisions(24), 0.975)
    assert figures["tail_spans"] == 0 and math.isnan(figures["kupiec_p"])
    section = risk.section_of(tails, decisions(24), table(RefusalRow, []), figures, 3600.0)
    assert [chart.title for chart in section.charts] == ["CVaR of the book, and its budget"]
    assert section.tables == ()


def test_refusals_are_counted_by_reason_with_an_example() -> None:
    said = [
        RefusalRow(at=1, decision=n % 2, leg=0, symbol="A", side="buy", control="C12" if n else "MIN", text=f"no {n}")
        for n in range(4)
    ]
    tails = risk.tails_of(decisions(4), account(np.full(4, 500.0)), HOUR_NS)
    section = risk.section_of(
        tails, decisions(4), table(RefusalRow, said), risk.figures_of(tails, decisions(4), 0.9), 60.0
    )
    (refused,) = (each for each in section.tables if each.title == "Refusals by reason")
    assert refused.rows == (("C12", 3, 0.5, "no 1"), ("MIN", 1, 0.25, "no 0"))
