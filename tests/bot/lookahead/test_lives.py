"""The believing half of the bot over a history, told as a backtest tells it."""

from pathlib import Path

import pytest

from bot.backtest.running import BacktestOptions, run_backtest
from bot.lookahead.comparing import faults
from bot.lookahead.lives import BELIEFS, Said, Told, live
from contracts.belief import FeatureFrame, SignalFrame, Slate
from tests.kit.history_data import a_walk
from tests.kit.journals import read_run
from tests.kit.worlds import a_profile

DATA = a_walk(width=3, times=160, seed=5)
START_NS = int(DATA.block.close_ns[100])
PROFILE = a_profile("backtest", feed__warmup_bars=100, cadence__decide_s=600, selection__caution=0.0)


@pytest.mark.numbers
def test_what_is_believed_is_what_a_backtest_believes(tmp_path) -> None:
    result = run_backtest(PROFILE, DATA, BacktestOptions(tmp_path, START_NS, 2**62), lambda at_ns: None)
    journal = read_run(Path(result.summary["journal"]).parent)
    life = live(PROFILE, DATA, Told(START_NS, 2**62))

    ours = [each for each in life.said if isinstance(each.payload, SignalFrame)]
    theirs = [Said(each.at_ns, each.source, each.payload) for each in journal if isinstance(each.payload, SignalFrame)]
    assert faults(ours, theirs, 2**62, "", DATA.symbols) == []
    assert len(ours) == len(theirs) > 50


def test_two_lives_are_one_and_hold_features_signals_and_slates() -> None:
    first, second = (live(PROFILE, DATA, Told(START_NS, 2**62)) for _ in range(2))

    assert faults(first.said, second.said, 2**62, "", DATA.symbols) == []
    assert {type(each.payload) for each in first.said} >= {FeatureFrame, SignalFrame, Slate}
    assert all(isinstance(each.payload, BELIEFS) for each in first.said)
    assert first.failed == []
