"""A small history through the whole harness, from prices to a page; the plans; what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from bot.evaluation.casting import AGENTS, cast_of, tape_of
from bot.evaluation.page import page
from bot.evaluation.prices import BadPrices
from bot.evaluation.recipes import E1, E2, Told, examples_of, forecast, report_of
from bot.evaluation.retraining import FittedModels
from tests.bot.evaluation.test_history import a_history

SMALL = replace(E2, recipe="prices", from_ns=None, window_s=150 * 3600.0, retrain_s=80 * 3600.0, wanted=E2.wanted)


@pytest.fixture(scope="module")
def told() -> Told:
    return forecast(a_history(rows=300), SMALL)


@pytest.mark.numbers
def test_a_report_has_every_author_and_the_figures_that_are_promised(told: Told) -> None:
    report = report_of(told, SMALL)

    authors = [row[0] for row in report.tables[0].rows]
    assert authors[:3] == ["Gaussian EWMA", "FHS-EWMA", "FHS-HAR"]
    assert {"equal weight", "POOL", "ts_momentum", "blend"} <= set(authors)
    names = ("skill_vs_fhs", "skill_vs_equal_weight", "dm_t", "calibration_error_max", "pinball", "coverage_90")
    for name in (*names, "coverage_50", "coverage_98", "skill_vs_fhs_returns", "skill_vs_equal_weight_returns"):
        assert np.isfinite(report.figures[name]), name
    assert report.figures["crossings"] == 0
    assert report.figures["answered"] == 1.0
    assert 0.8 < report.figures["coverage_90"] < 0.97
    assert report.data["symbols"] == ["S0", "S1"]
    assert len(report.data["sha256"]) == 64


def test_independent_agents_are_seen_to_be_wrong(told: Told) -> None:
    lines = told.found.lines

    assert lines["independent agents (wrong)"].score.coverage[1] < 0.75
    assert lines["independent agents (wrong)"].fhs.skill < -0.05


def test_where_the_blend_stood_accounts_for_every_row(told: Told) -> None:
    standing = next(table for table in report_of(told, SMALL).tables if table.title == "where the blend stood")

    assert sum(row[2] for row in standing.rows) == pytest.approx(1.0)
    assert {row[0] for row in standing.rows} <= {"pool", "stack", "booster"}
    assert {row[1] for row in standing.rows} <= {"calm", "warn", "widen", "pool", "half", "flat"}


def test_only_rows_after_the_start_are_counted(told: Told) -> None:
    first = int(np.flatnonzero(told.found.ground.counted)[0])

    assert first == 100
    assert told.found.lines["FHS-EWMA"].score.labels == 2 * (300 - 100 - 4)


def test_charts_and_page_are_made_of_it(told: Told) -> None:
    report = report_of(told, SMALL)

    titles = [chart.title for chart in report.charts]
    assert titles[:3] == ["Calibration", "Probability integral transform", "Skill so far against FHS-EWMA"]
    assert "Weights of the agents" in titles
    assert page([report]).count("<svg") == len(report.charts)


def test_agents_without_anything_to_go_by_are_named(told: Told) -> None:
    assert "funding_carry" in told.silent
    assert "ts_momentum" not in told.silent
    assert "funding_carry" in report_of(told, SMALL).notes[0]


def test_a_start_outside_the_history_is_refused() -> None:
    with pytest.raises(BadPrices, match="cannot count from 2000-01-01"):
        forecast(a_history(rows=60), replace(SMALL, from_ns=E1.from_ns))


def test_a_history_shorter_than_two_horizons_is_refused() -> None:
    with pytest.raises(BadPrices, match="8 bars are too few for a horizon of 4"):
        forecast(a_history(rows=8), SMALL)


def test_without_a_start_it_is_after_the_window_or_a_third() -> None:
    prices = a_history(rows=600)

    assert SMALL.start_ns(prices) == prices.at_ns[150]
    assert replace(SMALL, window_s=1e9).start_ns(prices) == prices.at_ns[200]


def test_examples_for_training_come_from_the_weighter_itself_and_know_all_agents() -> None:
    data = examples_of(a_history(rows=90, width=1), 4)

    assert len(data.examples) > 80
    assert all(example.end_ns - example.said_ns == 4 * 3600 * 10**9 for example in data.examples)
    assert all(example.x.values.shape == (1, len(data.names)) for example in data.examples)
    assert "funding_carry.mu" in data.names
    assert len({example.schema for example in data.examples}) == 1


def test_an_agent_of_ones_own_is_heard_beside_the_others() -> None:
    tape = tape_of(a_history(rows=80, width=1), 4)

    cast = cast_of(tape, 4, FittedModels(), (*AGENTS, "tests.characterization.users:Weathercock"))

    assert cast.agents[-1] == "Weathercock"
    assert "Weathercock.mu" in cast.inputs
