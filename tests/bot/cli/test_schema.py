"""`bot schema`: what there is, one of them, and whether it is still readable."""

import json
import shutil

from contracts.schema_snapshots import DIRECTORY, documents
from tests.kit.command_line import bot


def test_the_messages_are_listed_with_version_and_topic() -> None:
    said = bot("schema", "list")
    assert said.code == 0
    (line,) = (line for line in said.out.splitlines() if line.startswith("Fill@1 "))
    assert line.split() == ["Fill@1", "trade.fill", "venue", "client_id", "0.1.0"]
    assert {each["type"] for each in bot("schema", "list", "--json").json["messages"]} == set(documents())


def test_a_schema_is_shown() -> None:
    assert json.loads(bot("schema", "show", "Order").out) == documents()["Order"]
    assert bot("schema", "show", "Order", "--version", 1, "--json").json == documents()["Order"]
    assert bot("schema", "show", "Gossip").code == 3
    assert "no version 7" in bot("schema", "show", "Order", "--version", 7).error


def test_what_was_released_can_be_read() -> None:
    said = bot("schema", "check")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1].startswith("everything that 0.1.0 wrote can be read")
    found = bot("schema", "check", "--against", "0.1.0", "--json").json
    assert found["ok"] and not any(change["breaks"] for change in found["changes"])


def test_a_change_that_breaks_ends_with_its_own_code(tmp_path) -> None:
    shutil.copy(DIRECTORY / "Tick.json", tmp_path)
    was = json.loads((tmp_path / "Tick.json").read_text())
    was["$defs"]["Tick"]["properties"]["last"] = {"type": "integer"}
    (tmp_path / "Tick.json").write_text(json.dumps(was))
    said = bot("schema", "check", "--against", tmp_path)
    assert said.code == 10 and "Tick.last: the field is gone or has another name" in said.error
    assert any(line.startswith("BREAKS  removed   Tick.last") for line in said.out.splitlines())
    assert not bot("schema", "check", "--against", tmp_path, "--json").json["ok"]
    assert bot("schema", "check", "--against", tmp_path / "nowhere").code == 3
    (tmp_path / "Tick.json").write_text("{}")
    assert bot("schema", "check", "--against", tmp_path).code == 4
