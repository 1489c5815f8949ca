"""Whole backtests over made history: the live assembly told by a driver."""

from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
import pytest

from bot.backtest.running import BacktestOptions, run_backtest
from bot.configuration import BadConfiguration
from contracts.decision import DecisionLog, Intent
from contracts.history import DatasetUnusable
from contracts.life import Beat
from contracts.market import BarFrame, ClosedBars, MarkFrame
from contracts.trade import Fill, Order
from tests.kit.history_data import a_walk
from tests.kit.journals import read_run
from tests.kit.worlds import a_profile

DATA = a_walk(width=3, times=260, seed=5)
START_NS = int(DATA.block.close_ns[100])


@cache
def a_small_profile():
    return a_profile(
        "backtest", cadence__decide_s=600, feed__warmup_bars=100, agents__momentum__prior=0.1, selection__caution=0.0
    )


def run(directory: Path, *, data=DATA, profile=None, **changed):
    options = {"from_ns": START_NS, "to_ns": 2**62} | changed
    return run_backtest(profile or a_small_profile(), data, BacktestOptions(directory, **options), lambda at_ns: None)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    directory = tmp_path_factory.mktemp("backtest")
    result = run(directory)
    return result, read_run(Path(result.summary["journal"]).parent)


def of(told, kind):
    return [each for each in told[1] if isinstance(each.payload, kind)]


def test_every_stamp_is_believed_and_every_second_one_decided_but_the_last(told):
    stamps = [each.payload.close_ns for each in of(told, ClosedBars)]
    assert stamps == [at for at in DATA.block.close_ns.tolist() if at >= START_NS]
    assert [each.payload.close_ns for each in of(told, BarFrame)] == stamps
    decided = [each.at_ns for each in of(told, Beat) if each.payload.kind == "decide"]
    assert decided == [at for at in stamps[:-1] if at % (600 * 10**9) == 0]
    assert len(of(told, DecisionLog)) == len(decided)


def test_a_decision_sees_the_marks_of_the_close_it_is_made_at(told):
    closes = {each.payload.close_ns: each.payload.close.values for each in of(told, ClosedBars)}
    for frame in of(told, MarkFrame):
        if frame.at_ns in closes:
            assert abs(frame.payload.mid.values - closes[frame.at_ns]).max() < 0.02


def test_a_fill_has_the_price_of_the_next_open_and_half_the_spread(told):
    fills = of(told, Fill)
    assert fills
    opens = dict(zip(DATA.block.close_ns[:-1].tolist(), DATA.block.open[1:].tolist(), strict=True))
    for fill in fills:
        closed_ns = max(at for at in opens if at <= fill.at_ns)
        column = DATA.symbols.index(fill.payload.symbol)
        away = float(fill.payload.price) / opens[closed_ns][column] - 1
        assert 0 < (away if fill.payload.side == "buy" else -away) < 12e-4
        assert fill.at_ns - closed_ns < 6 * 10**9


def test_the_same_history_makes_the_same_decisions(told, tmp_path):
    again = run(tmp_path)
    assert again.summary["decision_hash"] == told[0].summary["decision_hash"]
    assert again.summary["orders"] > 0


@pytest.mark.numbers
def test_a_record_of_decisions_alone_decides_the_same_and_keeps_less(told, tmp_path):
    thin = run(tmp_path, decisions_only=True)
    assert thin.summary["decision_hash"] == told[0].summary["decision_hash"]
    size = [sum(each.stat().st_size for each in Path(r.summary["journal"]).glob("*.seg")) for r in (told[0], thin)]
    assert size[1] < 0.7 * size[0]
    kept = read_run(Path(thin.summary["journal"]).parent)
    assert [each.payload for each in kept if isinstance(each.payload, Order | Intent)] == [
        each.payload for each in told[1] if isinstance(each.payload, Order | Intent)
    ]


def test_what_a_backtest_was_made_of_lies_with_it(told):
    made_of = msgspec.json.decode((Path(told[0].summary["journal"]).parent / "backtest.json").read_bytes())
    assert made_of["data"] == "memory"
    assert made_of["digest"] == DATA.digest
    assert made_of["from_ns"] == START_NS


def test_equity_is_what_the_fills_and_the_last_marks_make_of_the_opening(told):
    result, _ = told
    cash, held = Decimal(500), {}
    for fill in of(told, Fill):
        signed = fill.payload.quantity * (1 if fill.payload.side == "buy" else -1)
        held[fill.payload.symbol] = held.get(fill.payload.symbol, Decimal(0)) + signed
        cash -= signed * fill.payload.price + fill.payload.fee
    last = of(told, MarkFrame)[-1].payload
    worth = sum(float(quantity) * last.mid[DATA.symbols.index(symbol)] for symbol, quantity in held.items())
    assert float(result.summary["equity_eur"]) == pytest.approx(float(cash) + worth, abs=1e-6)


def test_a_range_without_bars_is_refused_before_a_run_is_made(tmp_path):
    with pytest.raises(DatasetUnusable, match="nothing in the range"):
        run(tmp_path, from_ns=2**61)
    assert not any(tmp_path.iterdir())


def test_a_profile_without_history_is_refused(tmp_path):
    with pytest.raises(BadConfiguration, match=r"has no \[history\]"):
        run(tmp_path, profile=a_profile("canary"))
