"""`bot diff`: another policy over a run, told to people and to programs."""

import pytest

from tests.kit.command_line import bot


def test_a_comparison_names_what_was_set_what_changed_and_where_it_began(finished) -> None:
    said = bot("diff", finished, "--set", "risk.cvar_budget_ratio=0.0005", "--set", "health.port=9")

    assert said.code == 0
    assert "risk.cvar_budget_ratio 0.01 -> 0.0005" in said.out
    assert "without effect, because outside and account are as recorded: health.port" in said.out
    assert "first differs in: gate" in said.out
    assert "the two part at" in said.out
    assert "because of seq" in said.out


def test_a_program_gets_all_of_it(finished) -> None:
    found = bot("diff", finished, "--set", "risk.cvar_budget_ratio=0.0005", "--json").json

    comparison = found["comparison"]
    assert comparison["decisions"] == comparison["equal"] + comparison["moved"] + len(comparison["changed"])
    assert comparison["changed"][0]["cause"]["stage"] == "gate"


def test_a_file_is_a_policy(finished, tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "canary"\n[risk]\ncvar_budget_ratio = 0.0005\n')

    found = bot("diff", finished, "--with", file, "--json").json
    assert found["changes"] == [{"key": "risk.cvar_budget_ratio", "was": 0.01, "now": 0.0005, "effect": True}]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ((), 2, "no other policy"),
        (("--set", "risk.cvar"), 4, "expected section.key=value"),
        (("--set", "risk.cvar_budget_ratio=2"), 4, "cvar_budget_ratio"),
        (("--with", "nothing-like-it"), 3, "nothing-like-it"),
        (("--with", "nowhere.toml"), 4, "no such file"),
    ],
)
def test_a_policy_that_is_none_is_refused(finished, options, code, words) -> None:
    said = bot("diff", finished, *options)
    assert (said.code, said.out) == (code, "")
    assert words in said.error


def test_a_run_that_is_not_there_is_told(tmp_path) -> None:
    assert bot("diff", "canary-000009", "--set", "seed=1", "--runs", tmp_path).code == 3


def test_a_run_whose_profile_was_changed_since_does_not_replay(copied) -> None:
    path = copied / "profile.json"
    path.write_text(path.read_text().replace('"cvar_budget_ratio": 0.01', '"cvar_budget_ratio": 0.0005'))

    said = bot("diff", copied, "--set", "seed=1")
    assert said.code == 8
    assert "no longer decides what is on record" in said.error
