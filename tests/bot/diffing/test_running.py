"""A run is diffed by its journal, live or backtest; what cannot be lived again is refused."""

from pathlib import Path

import msgspec
import pytest

from bot.backtest.running import BacktestOptions, run_backtest
from bot.diffing.policy import policy_of
from bot.diffing.running import ThinRun, diff_run
from bot.models.places import store_of
from bot.own_code import identity_here
from bot.profile import store, stored
from bot.replaying import JournalEmpty
from runtime.replay import Diverged
from tests.kit.history_data import a_walk
from tests.kit.worlds import a_profile


def diffed(run, *sets, profile=None):
    other = policy_of(run, stored(run), "", sets, {}, store_of(run / "models"))
    return diff_run(run, profile or stored(run), other, identity_here())


@pytest.fixture(scope="module")
def backtested(tmp_path_factory) -> Path:
    data = a_walk(width=3, times=160, seed=5)
    options = BacktestOptions(tmp_path_factory.mktemp("diffed"), int(data.block.close_ns[100]), 2**62)
    profile = a_profile("backtest", cadence__decide_s=600, feed__warmup_bars=100, selection__caution=0.0)
    result = run_backtest(profile, data, options, lambda at_ns: None)
    return Path(result.summary["journal"]).parent


@pytest.mark.numbers
def test_a_backtest_is_diffed_as_a_live_run_is(backtested) -> None:
    report = diffed(backtested, "risk.cvar_budget_ratio=0.002")

    assert report.comparison.decisions > 10
    assert [each.key for each in report.changes] == ["risk.cvar_budget_ratio"]
    assert (report.model, report.ahead, report.own) == ("", False, report.policy)
    assert diffed(backtested).comparison.parting is None


def test_a_thin_journal_cannot_be_lived_again(tmp_path) -> None:
    data = a_walk(width=3, times=120, seed=5)
    options = BacktestOptions(tmp_path, int(data.block.close_ns[100]), 2**62, decisions_only=True)
    profile = a_profile("backtest", cadence__decide_s=600, feed__warmup_bars=100)
    result = run_backtest(profile, data, options, lambda at_ns: None)

    with pytest.raises(ThinRun, match="without --decisions-only"):
        diffed(Path(result.summary["journal"]).parent)


def test_a_run_that_no_longer_replays_is_not_compared(copied) -> None:
    profile = stored(copied)
    risk = msgspec.structs.replace(profile.risk, cvar_budget_ratio=0.0005)
    store(msgspec.structs.replace(profile, risk=risk), copied)

    with pytest.raises(Diverged):
        diffed(copied)


def test_a_run_without_a_message_is_no_run(copied) -> None:
    for path in (copied / "journal").iterdir():
        path.unlink()
    with pytest.raises(JournalEmpty):
        diffed(copied)


@pytest.mark.numbers
def test_a_run_of_a_strategy_is_diffed_by_what_it_wants_to_hold(tmp_path) -> None:
    data = a_walk(width=3, times=160, seed=5)
    options = BacktestOptions(tmp_path, int(data.block.close_ns[60]), 2**62)
    strategy = {"name": "ema_cross", "settings": {}}
    profile = a_profile("backtest", cadence__decide_s=300, feed__warmup_bars=50, strategy=strategy)
    result = run_backtest(profile, data, options, lambda at_ns: None)
    run = Path(result.summary["journal"]).parent

    same, smaller = diffed(run), diffed(run, "risk.cvar_budget_ratio=0.001")
    assert same.comparison.equal == same.comparison.decisions > 40
    assert (same.comparison.parting, same.comparison.failures, smaller.comparison.failures) == (None, (), ())
    assert set(smaller.comparison.causes) == {"gate"}
    assert smaller.worth.judged == 0
