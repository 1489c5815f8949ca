"""The whole review of a real run, the page it makes, and two runs held against each other."""

import math
import re

import msgspec
import numpy as np
import pytest

from bot.records.making import records_of
from bot.review.account import account_of
from bot.review.facts import facts_of
from bot.review.lines import lines_of
from bot.review.page import page
from bot.review.parity import figures_of
from bot.review.whole import COUNTS, NO_HORIZON, review_of
from contracts.decision import Selection
from tests.bot.cli.test_look import resealed, rewritten


@pytest.fixture(scope="module")
def reviewed(finished):
    return review_of(facts_of(finished), records_of(finished))


def test_the_figures_of_a_run_are_those_of_its_tables(reviewed, finished) -> None:
    equity = records_of(finished).table("equity").floats("equity_eur")
    figures = reviewed.figures
    assert figures["profit_eur"] == pytest.approx(equity[-1] - equity[0])
    assert figures["orders"] > 0 and figures["decisions"] > 0
    assert reviewed.currency == "EUR" and reviewed.lacks[-1:] != (NO_HORIZON,)


def test_the_page_is_complete_in_itself(reviewed) -> None:
    text = page(reviewed)
    assert text.startswith("<!doctype html>") and text.endswith("</html>\n")
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import|<script", text)
    for name in ("Account", "Trades and costs", "Risk budget"):
        assert f"<h2>{name}</h2>" in text
    assert text.count("<svg") == text.count("</svg>") == sum(len(each.charts) for each in reviewed.sections)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower().replace("finance", "")


def test_a_name_is_never_markup(reviewed) -> None:
    facts = msgspec.structs.replace(reviewed.facts, run="<b>x</b>", data="<i>")
    text = page(msgspec.structs.replace(reviewed, facts=facts, lacks=("<u>",)))
    assert "<b>x</b>" not in text and "<i>" not in text.replace("<i style", "") and "<u>" not in text


def test_json_has_figures_first_and_every_table(reviewed) -> None:
    plain = reviewed.plain()
    assert list(plain)[:2] == ["run", "equity_first_eur"]
    assert plain["tables"]["Round trips"][0]["symbol"].endswith("-EUR")
    assert "Where the money went" in plain["tables"]


def test_what_counts_is_a_whole_number_in_json(reviewed) -> None:
    plain = reviewed.plain()
    assert plain.keys() >= COUNTS
    assert {type(plain[name]) for name in COUNTS} == {int}
    assert type(plain["exposure_mean"]) is float


def test_the_list_of_trades_has_no_column_that_says_nothing(reviewed) -> None:
    section = next(each for each in reviewed.sections if each.long is not None)
    table = section.long
    silent = table.columns.index("mu, bps")
    rows = tuple((*row[:silent], None, *row[silent + 1 :]) for row in table.rows)
    without = msgspec.structs.replace(section, long=msgspec.structs.replace(table, rows=rows))
    assert ">mu, bps</th>" in page(reviewed)
    assert ">mu, bps</th>" not in page(msgspec.structs.replace(reviewed, sections=(without,)))


def test_lines_tell_the_figures_that_have_a_value(reviewed) -> None:
    lines = list(lines_of(reviewed))
    assert any(line.startswith("profit, EUR") for line in lines)
    assert not any("Sharpe" in line or line.endswith("nan") for line in lines)


def test_a_run_is_equal_to_itself_and_a_changed_one_is_told_with_its_first_difference(finished, copied) -> None:
    mine = records_of(finished)
    same = review_of(facts_of(finished), mine, mine)
    assert same.figures["decisions_equal"] == same.figures["orders_equal"] == same.figures["fills_equal"] == 1.0
    assert same.figures["equity_distance_eur_max"] == 0.0
    other = records_of(resealed(copied, lambda record: rewritten(record, Selection, picks=())))
    apart = review_of(facts_of(finished), mine, other)
    assert apart.figures["decisions_equal"] < 1.0
    (table,) = (each for each in apart.sections[-1].tables if each.title == "Decisions that differ")
    assert table.rows[0][2] == "picks" and table.rows[0][4] == "0"


def test_an_account_that_speaks_twice_at_one_instant_is_as_far_from_itself_as_nothing(finished) -> None:
    mine = records_of(finished)
    account = account_of(mine.table("equity"))
    twice = account._replace(at_ns=np.repeat(account.at_ns[::2], 2)[: len(account.at_ns)])
    assert figures_of(mine, mine, (twice, twice))["equity_distance_eur_max"] == 0.0


def test_a_profile_that_does_not_say_its_horizon_is_no_reason_to_fail(finished) -> None:
    facts = msgspec.structs.replace(facts_of(finished), risk_horizon_s=None, alpha=None)
    found = review_of(facts, records_of(finished))
    assert NO_HORIZON in found.lacks and found.figures["tail_spans"] == 0


def test_accounts_that_never_met_have_no_distance(finished) -> None:
    mine = records_of(finished)
    account = account_of(mine.table("equity"))
    later = account._replace(at_ns=account.at_ns + 10**15)
    assert math.isnan(figures_of(mine, mine, (account, later))["equity_distance_eur_max"])
