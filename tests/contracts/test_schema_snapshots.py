"""Schemas on file: a changed contract is a visible diff."""

import pytest

from contracts import schema_snapshots
from contracts.topics import TABLE


@pytest.mark.parametrize("topic", TABLE, ids=lambda topic: topic.payload.__name__)
def test_the_schema_on_file_is_the_schema_of_the_type(topic) -> None:
    name = f"{topic.payload.__name__}.json"
    on_file = (schema_snapshots.DIRECTORY / name).read_bytes()
    assert on_file == schema_snapshots.rendered()[name], "a changed contract: python -m contracts.schema_snapshots"


def test_no_schema_is_on_file_for_a_type_that_is_gone() -> None:
    assert {path.name for path in schema_snapshots.DIRECTORY.glob("*.json")} == set(schema_snapshots.rendered())
