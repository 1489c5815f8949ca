"""Variables: each leads to a key as it is spelled in the profile, and carries one value or plain text."""

import pytest

from bot.environment import Override, overrides

VALUES = {"cadence": {"decide_s": 5}, "feed": {"fx": {"USD": "0.92"}}, "agents": {}, "name": "x"}


def the_override(name: str, text: str = "1") -> Override:
    (found,) = overrides({name: text, "PATH": "/bin"}, VALUES, float)
    return found


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("BOT__CADENCE__DECIDE_S", ("cadence", "decide_s")),
        ("BOT__FEED__FX__USD", ("feed", "fx", "USD")),
        ("BOT__FEED__FX__GBP", ("feed", "fx", "GBP")),
        ("BOT__AGENTS__MINE__KIND", ("agents", "mine", "kind")),
        ("BOT__NAME__DEEPER", ("name", "deeper")),
        ("BOT__", ("",)),
    ],
)
def test_a_variable_leads_to_the_key_as_it_is_spelled(name, path) -> None:
    assert the_override(name).path == path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ('"quoted"', "quoted"),
        ("plain text", "plain text"),
        ("", ""),
        ("007", "007"),
        ("1\nother = 2", "1\nother = 2"),
        ("[" * 5_000, "[" * 5_000),
        ("\ud800", "\ud800"),
    ],
)
def test_a_value_is_one_toml_value_or_the_text_itself(text, value) -> None:
    found = the_override("BOT__NAME", text)
    assert (found.value, found.text) == (value, text)


def test_variables_come_in_the_order_of_their_names_whatever_the_order_they_were_set_in() -> None:
    environment = {"BOT__B": "1", "BOT__A": "2"}
    assert [each.name for each in overrides(environment, {}, float)] == ["BOT__A", "BOT__B"]


def test_the_environment_of_others_is_left_alone() -> None:
    assert list(overrides({"BOTANY": "1", "HOME": "/", "bot__name": "x"}, VALUES, float)) == []


def test_what_a_verb_reads_is_no_key_of_a_profile() -> None:
    environment = {"BOT__SINK__DSN": "postgresql://keel@127.0.0.1/keel", "BOT__SINK__PASSWORD": "env:X"}
    assert list(overrides(environment, VALUES, float)) == []
    assert [each.path for each in overrides({"BOT__SINK__DNS": "x"}, VALUES, float)] == [("sink", "dns")]
