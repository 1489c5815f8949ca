"""`bot sweep` on the command line."""

import pytest
import typer

from bot.cli.sweep import values_of
from tests.kit.command_line import bot, bot_process


def made(tmp_path, bars):
    data = tmp_path / "made"
    told = bot("data", "make", "--into", data, "--seed", "7", "--instruments", "2", "--bars", bars, "--bar", "5m")
    assert told.code == 0, told.err
    return ("sweep", "--data", data)


@pytest.mark.numbers
def test_every_combination_is_a_row_in_the_order_asked_for(tmp_path):
    told = bot(*made(tmp_path, "40"), "--over", "seed=2,1", "--out", tmp_path / "out", "--json")
    assert told.code == 0, told.err
    answer = told.json
    assert answer["tries"] == 2
    assert [point["overrides"] for point in answer["points"]] == [{"seed": "2"}, {"seed": "1"}]
    assert all(point["decision_hash"] and point["exit_code"] == 0 for point in answer["points"])


@pytest.mark.numbers
def test_one_and_two_workers_find_the_same_decisions(tmp_path):
    asked = (*made(tmp_path, "120"), "--over", "cadence.decide_s=1800,3600", "--over", "seed=1,2", "--json")
    alone, beside = (
        [point["decision_hash"] for point in bot_process(*asked, "--workers", n, "--out", tmp_path / n).json["points"]]
        for n in ("1", "2")
    )
    assert alone == beside
    assert len(set(alone)) == 2, "how often is decided decides; the seed of a market that is history does not"


def test_what_cannot_be_combined_is_refused_by_name():
    assert values_of(["seed=1, 2", "risk.kelly_fraction=0.1"]) == {"seed": ("1", "2"), "risk.kelly_fraction": ("0.1",)}
    with pytest.raises(typer.BadParameter, match="'seed', expected section"):
        values_of(["seed"])
    with pytest.raises(typer.BadParameter, match="names seed twice"):
        values_of(["seed=1", "seed=2"])


def test_a_key_that_does_not_exist_is_told_as_it_was_typed(tmp_path):
    told = bot("sweep", "--data", tmp_path, "--out", tmp_path / "out", "--over", "nope.x=1,2")
    assert told.code == 4
    assert "nope: unknown key (from --over nope.x)" in told.error


def test_a_workforce_nobody_has_is_a_matter_of_configuration(tmp_path):
    told = bot(*made(tmp_path, "40"), "--with", "crowd", "--out", tmp_path / "out")
    assert told.code == 4
    assert "'crowd', expected one of joblib, dask:ADDRESS, ray" in told.err
