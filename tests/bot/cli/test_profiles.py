"""`bot profile`: what there is, every value with its origin, all problems at once."""

import re

import pytest

from bot.configuration import shipped
from tests.kit.command_line import bot


def test_the_shipped_profiles_are_listed_with_a_line_each() -> None:
    said = bot("profile", "list")
    assert tuple(line.split()[0] for line in said.out.splitlines()) == shipped()
    assert all(len(line.split()) > 3 for line in said.out.splitlines())
    assert tuple(bot("profile", "list", "--json").json) == shipped()


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_is_in_order(name) -> None:
    said = bot("profile", "check", name)
    assert (said.code, said.out) == (0, f"profile {name} is in order\n")
    assert bot("profile", "check", name, "--json").json == {"profile": name, "ok": True}


def test_every_value_is_shown_with_where_it_came_from() -> None:
    shown = bot("profile", "show", "soak", "--json", BOT__CADENCE__DECIDE_S="3", BOT__RISK__LOSS_MAX="9.5").json
    assert shown["cadence.decide_s"] == {"value": 3.0, "origin": "environment BOT__CADENCE__DECIDE_S"}
    assert shown["risk.loss_max"] == {"value": "9.5", "origin": "environment BOT__RISK__LOSS_MAX"}
    assert shown["seed"]["origin"] in ("canary.toml", "soak.toml")
    assert shown["feed.fx.USD"] == {"value": "0.92", "origin": "canary.toml"}
    people = bot("profile", "show", "soak", BOT__CADENCE__DECIDE_S="3").out
    assert re.search(r"^cadence\.decide_s +3\.0 +environment BOT__CADENCE__DECIDE_S$", people, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BOT__CADENCE__DECIDES", "1", "cadence.decides: unknown key, did you mean 'decide_s'?"),
        ("BOT__CADANCE__DECIDE_S", "1", "cadance: unknown key, did you mean 'cadence'?"),
        ("BOT__RISK__LOSS_MAX", "-1", "risk: loss_max was -1.0, expected a finite number above 0"),
        ("BOT__RISK__LOSS_MAX", "nan", "risk: loss_max was nan"),
        ("BOT__RISK__LOSS_MAX", "ten", "risk.loss_max: was 'ten'"),
        ("BOT__RISK__CVAR_BUDGET_RATIO", "inf", "cvar_budget_ratio was inf"),
        ("BOT__CADENCE__DECIDE_S", "0", "cadence: decide_s was 0.0"),
        ("BOT__CADENCE__DECIDE_S", "1e300", "decide_s was 1e+300, expected 0.01 to 86400"),
        ("BOT__SENTINEL__WINDOWS", '["Mon 25:00"]', "'Mon 25:00', expected for example"),
        ("BOT__AGENTS__BREAKOUT__KIND", "brakout", "did you mean 'breakout'?"),
        ("BOT__AGENTS__BREAKOUT__KIND", "os:system", "no subclass of actors.agents.base.Agent"),
        ("BOT__AGENTS__BREAKOUT__KIND", "no.such:Thing", "cannot be loaded"),
        ("BOT__PROCESS__ON_STOP", "explode", "process.on_stop: was 'explode'"),
        ("BOT__RISK", "5", "risk: was 5: Expected a table"),
        ("BOT__", "1", "names no key"),
    ],
)
def test_a_variable_that_cannot_be_meant_is_one_clear_line(name, value, told) -> None:
    said = bot("profile", "check", **{name: value})
    assert (said.code, said.out) == (4, "")
    assert told in said.error


def test_all_problems_of_a_file_are_told_at_once(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "canary"\nsed = 1\n[features]\nbar_s = "soon"\n[process]\ndrain_s = -1\n[risk]\nloss_max = 9.5\n'
        '[account]\nname = "../etc"\n[bogus]\nx = 1\n'
    )
    said = bot("profile", "check", path)
    assert said.code == 4
    first, *problems = said.err.splitlines()
    assert re.fullmatch(r"Error: profile '.*mine\.toml' has 6 problems: \(code 4\)", first)
    told = "\n".join(problems)
    for part in ("sed: unknown key, did you mean 'seed'?", "features.bar_s: was 'soon'", "process: drain_s was -1",
                 'write "9.5" in quotes', "account: name was '../etc'", "bogus: unknown key"):  # fmt: skip
        assert part in told


@pytest.mark.parametrize("name", ["", "nope", "../canary", "nope.toml", "x" * 5000 + ".toml", "x" * 5000, "é", "."])
def test_a_profile_that_is_not_there_is_told(name) -> None:
    for verb in ("show", "check"):
        said = bot("profile", verb, name)
        assert (said.code, said.out) == (4, "")
        assert "there is no such" in said.error


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"a = ", b"[a]\n[a]\n", b"\x00", b'extends = "mine.toml"\n', b"[" * 9999]
)
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, content) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    said = bot("profile", "check", tmp_path / "mine.toml")
    assert said.code == 4
    assert "mine.toml" in said.error


def test_a_live_limit_is_not_taken_from_the_environment() -> None:
    said = bot("profile", "check", "live", BOT__RISK__LOSS_MAX="9")
    assert (said.code, "not from environment BOT__RISK__LOSS_MAX" in said.error) == (4, True)
