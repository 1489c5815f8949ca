"""Schemas as people ask for them: by name and version, and held against a release or a directory."""

import json
import shutil

import pytest

from bot.schemas import BadSchema, SchemaNotFound, compared, listed, one
from contracts.schema_snapshots import DIRECTORY, documents, releases
from contracts.topics import TABLE


def test_every_message_is_listed_with_the_release_that_has_it() -> None:
    rows = {row.type: row for row in listed()}
    assert set(rows) == {topic.payload.__name__ for topic in TABLE}
    tick = rows["Tick"]
    assert (tick.version, tick.topic, tick.author, tick.key, tick.fields) == (1, "market.tick", "feed", "symbol", 8)
    assert tick.since == "0.1.0"


def test_a_schema_is_shown_by_name_and_version() -> None:
    assert one("Order") == one("Order", 1) == documents()["Order"]
    with pytest.raises(SchemaNotFound, match="no message is called 'Gossip'"):
        one("Gossip")
    with pytest.raises(SchemaNotFound, match="Order has no version 9, on file: 1"):
        one("Order", 9)


def test_the_last_release_is_what_is_compared_with() -> None:
    assert compared("") == compared(releases()[-1])


def test_a_directory_of_schemas_is_compared_with(tmp_path) -> None:
    for name in ("Order", "Tick"):
        shutil.copy(DIRECTORY / f"{name}.json", tmp_path)
    file = tmp_path / "Tick.json"
    was = json.loads(file.read_text())
    was["$defs"]["Tick"]["properties"]["last"] = {"type": "integer"}
    file.write_text(json.dumps(was))
    _, found = compared(str(tmp_path))
    assert [(each.type, each.path, each.kind) for each in found if each.breaks] == [("Tick", "last", "removed")]


def test_what_is_no_release_and_no_schema_is_named(tmp_path) -> None:
    with pytest.raises(SchemaNotFound, match=r"'0\.0\.9' is neither a release \(0\.1\.0"):
        compared("0.0.9")
    with pytest.raises(SchemaNotFound, match="holds no schema"):
        compared(str(tmp_path))
    for text in ("{", "[]", "{}", '{"x-keel": {"version": "1"}, "$defs": {}}'):
        (tmp_path / "Order.json").write_text(text)
        with pytest.raises(BadSchema, match=r"Order\.json is no schema of a message"):
            compared(str(tmp_path))
