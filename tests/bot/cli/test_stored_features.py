"""`bot features get|stored|drift` as a user sees them; a real store is asked in tests/services."""

import sys

import pytest

from quant.features.engine import REGISTRY
from tests.kit.command_line import bot


def test_features_of_a_run_are_got_by_name(finished):
    said = bot("features", "get", "btc-eur", "--run", finished, "--json").json["felt"]
    assert (said["symbol"], tuple(said["features"])) == ("BTC-EUR", REGISTRY.names)
    people = bot("features", "get", "BTC-EUR", "--run", finished)
    assert people.out.startswith("BTC-EUR at ") and len(people.out.splitlines()) == len(REGISTRY) + 1


@pytest.mark.numbers
def test_a_run_is_held_against_itself_or_another(finished):
    said = bot("features", "drift", finished, "--against", finished, "--json").json
    assert (said["drifted"], len(said["rows"])) == ([], len(REGISTRY))
    assert bot("features", "drift", finished, "--against", finished).out.splitlines()[-1].endswith("0 of 126 drifted")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("drift", "RUN"), 3, "used no model"),
        (("drift", "RUN", "--against", "RUN", "--model", "champion"), 2, "either --against RUN or --model MODEL"),
        (("drift", "RUN", "--models", "nowhere"), 3, "no champion"),
        (("drift", "nothing-000009"), 3, "was not found"),
        (("get", "XYZ-EUR", "--run", "RUN"), 3, "no instrument 'XYZ-EUR'"),
        (("get", "", "--run", "RUN"), 2, "say which instrument"),
        (("get",), 2, "say which instrument"),
        (("get", "BTC-EUR"), 4, "kept nowhere"),
        (("stored",), 4, "kept nowhere"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(finished, tmp_path, words, code, says):
    asked = [str(finished) if word == "RUN" else word for word in words]
    said = bot("features", *asked, *(("--runs", tmp_path) if words[0] == "drift" else ()))
    assert said.code == code and says in said.error


def test_a_store_that_cannot_be_had_is_told_before_a_run_is_begun(monkeypatch, tmp_path):
    asked = ("run", "--for", "1s", "--runs", tmp_path / "runs")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "redis.asyncio", None)
        said = bot(*asked, BOT__STORE__KIND="redis")
    assert (said.code, "pip install 'keel[redis]'" in said.error) == (4, True)
    said = bot(*asked, BOT__STORE__KIND="redis", BOT__STORE__REDIS__PASSWORD="env:NOWHERE_TO_BE_FOUND")
    assert said.code == 4 and "env:NOWHERE_TO_BE_FOUND" in said.error
    said = bot(*asked, BOT__STORE__KIND="redis", BOT__STORE__REDIS__HOST="10.0.0.5")
    assert said.code == 4 and "is not this machine" in said.error
    assert not (tmp_path / "runs").exists()
