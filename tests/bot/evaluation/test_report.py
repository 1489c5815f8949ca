import math

import msgspec
import pytest

from bot.evaluation.report import Report, Table, Target, targets, told


def a_report(**given: object) -> Report:
    fields = {
        "recipe": "E9",
        "title": "a trial",
        "data": {"symbols": ["A", "B"], "bars": 10, "first": "2020-01-01T00:00:00", "last": "2021-01-01T00:00:00"},
        "settings": {"seed": 1},
        "figures": {"skill_vs_fhs": 0.004, "dm_t": math.nan},
        "tables": (Table(title="evidence", columns=("author", "skill"), formats=("s", "%"), rows=(("blend", 0.004),)),),
    }
    return Report(**(fields | given))


@pytest.mark.parametrize(
    ("bound", "wanted", "measured", "met"),
    [
        ("at least", (0.3,), 0.3, True),
        ("at least", (0.3,), 0.29, False),
        ("at most", (0.3,), 0.31, False),
        ("below", (0.3,), 0.3, False),
        ("between", (0.89, 0.91), 0.9, True),
        ("between", (0.89, 0.91), 0.92, False),
        ("at most", (0.3,), math.nan, None),
    ],
)
def test_a_target_is_met_missed_or_not_measured(bound: str, wanted: tuple, measured: float, met: bool | None) -> None:
    assert Target(figure="x", bound=bound, wanted=wanted, measured=measured).met is met


def test_a_missed_stretch_is_no_broken_promise() -> None:
    found = targets({"skill": 0.4}, (("skill", "at least", (0.3,), False), ("skill", "at least", (0.5,), True)))

    assert [target.met for target in found] == [True, False]
    assert a_report(targets=found).missed == ()
    assert len(a_report(targets=targets({"skill": 0.1}, (("skill", "at least", (0.3,), False),))).missed) == 1


def test_json_has_the_figures_at_the_top_and_null_for_what_was_not_measured() -> None:
    said = msgspec.json.decode(msgspec.json.encode(a_report().plain()))

    assert said["recipe"] == "E9"
    assert said["skill_vs_fhs"] == 0.004
    assert said["dm_t"] is None
    assert said["tables"]["evidence"] == [{"author": "blend", "skill": 0.004}]


def test_a_report_comes_back_from_its_bytes() -> None:
    report = a_report(figures={"skill_vs_fhs": 0.1})

    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.00412, "%", "+0.412"),
        (0.025, "p", "2.50"),
        (-1.678, "t", "-1.68"),
        (3, "d", "3"),
        (0.5, ".3f", "0.500"),
        ("blend", "s", "blend"),
        (math.nan, "%", "–"),
        (None, "d", "–"),
    ],
)
def test_a_cell_is_told_by_its_form(value: object, form: str, text: str) -> None:
    assert told(value, form) == text
