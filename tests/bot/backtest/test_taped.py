"""A paper run and a backtest over its export decide the same."""

from decimal import Decimal

import msgspec
import pytest

from bot.backtest.exported import export_run
from bot.backtest.taped import run_taped
from contracts.trade import Execution, Order
from tests.kit.command_line import bot
from tests.kit.journals import read_run


def exported(tmp_path, *arguments, **environment):
    told = bot("run", "--profile", "canary", "--speed", "max", "--runs", tmp_path, *arguments, **environment)
    assert told.code == 0, told.err
    run = next((tmp_path / "canary").glob("canary-*"))
    return run, export_run(run, tmp_path / "export", lambda size: None)


def taped(export, tmp_path, decider=None):
    result, parity = run_taped(export, decider or export.profile, tmp_path / "again", lambda at_ns: None)
    assert result.exit_code == 0, result.reason
    return next((tmp_path / "again" / "export").glob("canary-*")), result, parity


@pytest.fixture(scope="module")
def a_short_run(tmp_path_factory):
    return exported(tmp_path_factory.mktemp("short"), "--for", "20s")[1]


def test_every_decision_and_every_fill_is_that_of_the_run(tmp_path):
    run, export = exported(tmp_path, "--for", "40s")
    again, result, parity = taped(export, tmp_path)
    assert parity.same and parity.agreed == parity.decisive == export.made_of.decisive, parity.first
    assert result.summary["decision_hash"] == export.made_of.decision_hash
    for kind in (Order, Execution):
        then, now = ([each for each in read_run(path) if isinstance(each.payload, kind)] for path in (run, again))
        assert len(then) > 0
        assert [(each.at_ns, each.payload.client_id, each.payload.quantity) for each in then] == [
            (each.at_ns, each.payload.client_id, each.payload.quantity) for each in now
        ]


def test_another_policy_parts_from_the_run_where_it_decides_otherwise(a_short_run, tmp_path):
    export = a_short_run
    risk = msgspec.structs.replace(export.profile.risk, symbol_notional_max=Decimal(30))
    _, _, parity = taped(export, tmp_path, msgspec.structs.replace(export.profile, risk=risk))
    assert not parity.same
    assert 0 < parity.agreed < parity.decisive
    assert "is said here, Intent" in parity.first


def test_fills_are_at_the_prices_of_the_run_whatever_market_the_decider_has(a_short_run, tmp_path):
    export = a_short_run
    simulated = export.profile.simulated
    elsewhere = msgspec.structs.replace(simulated.market, seed=simulated.market.seed + 1)
    decider = msgspec.structs.replace(export.profile, simulated=msgspec.structs.replace(simulated, market=elsewhere))
    _, result, parity = taped(export, tmp_path, decider)
    assert parity.same, parity.first
    assert result.summary["fills"] > 0


@pytest.mark.numbers
def test_twenty_minutes_of_the_canary_have_parity(tmp_path):
    _, export = exported(tmp_path, "--for", "20m", BOT__CADENCE__DECIDE_S="15")
    _, result, parity = taped(export, tmp_path)
    assert parity.same, parity.first
    assert result.summary["fills"] > 5
