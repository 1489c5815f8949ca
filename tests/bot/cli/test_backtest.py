"""`bot backtest` on the command line."""

import json

import pytest
import typer

from bot.cli.backtest import kinds_of, overridden
from tests.kit.command_line import bot


def test_a_made_data_set_is_told_and_summed_up(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = ("data", "make", "--into", "made", "--seed", "7", "--instruments", "2", "--bars", "60", "--bar", "5m")
    assert bot(*made).code == 0
    told = bot("backtest", "--data", "made", "--set", "cadence.decide_s=1800", "--json")
    assert told.code == 0, told.err
    summary = json.loads(told.out)
    assert (summary["data"], summary["ending"]) == ("made", "history is at its end")
    assert 0 < summary["decisions"] <= 10


@pytest.mark.parametrize("verb", ["backtest", "lookahead"])
def test_a_data_set_that_is_not_there_is_not_found(tmp_path, verb):
    told = bot(verb, "--data", tmp_path / "nowhere")
    assert told.code == 3
    assert "nowhere" in told.error
    assert bot(verb, "--data", tmp_path).code == 4


def test_an_override_goes_the_way_of_the_environment():
    assert overridden(["risk.kelly_fraction=0.1"])["BOT__RISK__KELLY_FRACTION"] == "0.1"
    with pytest.raises(typer.BadParameter, match=r"expected section\.key=value"):
        overridden(["risk.kelly_fraction"])


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("nope.x=1", "nope: unknown key (from --set nope.x)"),
        ("risk.kelly_fraction=much", "(from --set risk.kelly_fraction)"),
        ("risk.=1", "--set risk.: names no key, expected section.key"),
    ],
)
def test_what_is_wrong_with_an_override_is_told_in_the_words_that_were_typed(tmp_path, pair, said):
    told = bot("backtest", "--data", tmp_path, "--set", pair)
    assert told.code == 4
    assert said in told.error and "BOT__" not in told.error


def test_an_unknown_kind_of_rows_is_refused_with_those_that_exist():
    assert kinds_of("funding, context") == {"funding", "context"}
    with pytest.raises(typer.BadParameter, match="expected some of quotes, trades"):
        kinds_of("tweets")
