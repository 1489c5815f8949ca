"""The list of features is the registry's, and its page is current."""

import re

import pytest

from bot.features.catalogue import GROUPS, FeatureNotFound, described, rows
from quant.features.engine import REGISTRY


def test_every_feature_has_a_row_a_group_and_its_own_hash() -> None:
    found = rows()

    assert tuple(row.name for row in found) == REGISTRY.names
    assert {row.group for row in found} == set(GROUPS)
    assert len({row.hash for row in found}) == len(found)
    assert {row.source for row in found} == {"bar", "trade", "book", "perp", "context", "time"}
    assert all(row.inputs or row.source == "time" for row in found)


def test_there_are_at_least_the_features_that_were_promised() -> None:
    counts = {group: sum(row.group == group for row in rows()) for group in GROUPS}

    assert len(rows()) >= 121
    assert sum(count for group, count in counts.items() if not group.startswith("I")) >= 112


def test_a_description_holds_the_code_that_is_hashed() -> None:
    found = described("xr_1440")

    assert found.row.name == "xr_1440"
    assert found.cross
    assert any("def " in code for code in found.code.values())
    assert set(found.rules) == {"R1", "R4"}


@pytest.mark.parametrize(("wrong", "hint"), [("vpin50", "did you mean vpin_50"), ("zzzzzz", "see `bot features list`")])
def test_an_unknown_feature_is_told_with_those_that_are_near(wrong: str, hint: str) -> None:
    with pytest.raises(FeatureNotFound, match=re.escape(hint)):
        described(wrong)
