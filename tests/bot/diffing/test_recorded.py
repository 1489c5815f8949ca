"""Two recorded runs held against each other."""

import pytest

from bot.diffing.recorded import hold_against
from bot.diffing.running import ThinRun
from tests.kit.command_line import bot


def made(tmp_path):
    data = tmp_path / "made"
    told = bot("data", "make", "--into", data, "--seed", "7", "--instruments", "2", "--bars", "60", "--bar", "5m")
    assert told.code == 0, told.err
    return data


def told(tmp_path, data, *arguments):
    said = bot("backtest", "--data", data, "--runs", tmp_path, "--set", "cadence.decide_s=1800", "--json", *arguments)
    assert said.code == 0, said.err
    return tmp_path / "backtest" / said.json["run"]


@pytest.mark.numbers
def test_a_run_made_twice_is_the_same_in_every_decision(tmp_path):
    data = made(tmp_path)
    found = hold_against(told(tmp_path, data), told(tmp_path, data))
    assert found.same == found.matched > 5
    assert (found.alone, found.causes, found.first) == ((0, 0), {}, None)


@pytest.mark.numbers
def test_where_the_market_was_another_the_first_difference_is_there(tmp_path):
    data = made(tmp_path)
    wide = told(tmp_path, data, "--set", "history.half_spread_bps=5")
    found = hold_against(told(tmp_path, data), wide)
    assert found.same == 0 and found.first is not None
    assert found.first.cause.stage == "market"
    assert found.first.cause.text.startswith("MarkFrame: bid[0] ")


@pytest.mark.numbers
def test_decisions_of_one_alone_are_counted_by_the_run_that_took_them(tmp_path):
    data = made(tmp_path)
    rare = told(tmp_path, data, "--set", "cadence.decide_s=3600")
    found = hold_against(told(tmp_path, data), rare)
    assert found.alone[0] > 0 == found.alone[1]


@pytest.mark.numbers
def test_runs_over_other_instruments_are_held_against_each_other_by_what_names_its_own(tmp_path):
    data = made(tmp_path)
    found = hold_against(told(tmp_path, data), told(tmp_path, data, "--symbols", "M000-EUR"))
    assert set(found.causes) <= {"selection", "state", "gate"}


def test_a_run_that_kept_its_decisions_alone_cannot_be_held_against_another(tmp_path):
    thin = told(tmp_path, made(tmp_path), "--decisions-only")
    with pytest.raises(ThinRun, match="kept its decisions alone"):
        hold_against(thin, thin)
