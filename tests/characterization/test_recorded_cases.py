"""Recorded cases: what was decided on a known outside is decided again, line by line."""

import json
from itertools import zip_longest

import pytest

from tests.characterization.cases import CASES, DIRECTORY, decisions, path_of, rendered

AGAIN = "if the change is meant: python -m tests.characterization.cases"


@pytest.mark.parametrize("case", CASES)
def test_the_same_outside_leads_to_the_same_decisions(case: str) -> None:
    recorded = json.loads(path_of(case).read_text(encoding="utf-8"))
    for was, now in zip_longest(recorded, decisions(case)):
        assert now == was, AGAIN


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_stored_as_it_is_written(case: str) -> None:
    assert path_of(case).read_text(encoding="utf-8") == rendered(case), AGAIN


@pytest.mark.parametrize("case", CASES)
def test_a_case_holds_orders_refusals_and_fills(case: str) -> None:
    kinds = {next(key for key in row if key != "at_s") for row in decisions(case)}
    assert kinds == {"intent", "refusal", "execution", "end"}


def test_every_stored_case_is_tested() -> None:
    assert sorted(path.stem for path in DIRECTORY.glob("*.json")) == sorted(CASES)
