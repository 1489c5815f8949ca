"""A strategy from a profile: found, set, and put in the place of the blend."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.strategies.ema_cross import EmaCross
from bot.assemble import Hooks, assemble
from bot.backtest.running import BacktestOptions, run_backtest
from bot.builder import REQUIRED_OF_STRATEGY, IncompleteSystem, SystemBuilder
from bot.configuration import BadConfiguration
from bot.own_code import identity_here
from bot.profile import Profile, load
from bot.replaying import replay_run
from bot.settings import StrategyProfile
from bot.strategies import strategy_of
from bot.worlds import replayed_bus
from contracts.account import Equity
from contracts.belief import Slate
from contracts.decision import DecisionLog, TargetFrame, Verdict
from contracts.history import Dated
from contracts.trade import Fill, Order
from runtime.replay import Comparer, Replay
from tests.kit.history_data import a_walk
from tests.kit.journals import read_run
from tests.kit.market import a_tick, at
from tests.kit.strategies import chance
from tests.kit.worlds import Run, TestWorld, a_profile, said, simulate


def made(name: str, **settings: Any) -> Any:
    return strategy_of(StrategyProfile(name=name, settings=settings), chance)()


def test_settings_of_the_profile_are_those_of_the_strategy() -> None:
    strategy = made("ema_cross", fast_bars=3, equity_share=0.2)
    assert strategy.settings == EmaCross.Settings(fast_bars=3, slow_bars=48, equity_share=0.2)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"fst_bars": 3}, "fst_bars: unknown key, did you mean 'fast_bars'?"),
        ({"fast_bars": "soon"}, "fast_bars: was 'soon'"),
        ({"fast_bars": 90}, "fast_bars was 90, expected less than slow_bars 48"),
    ],
)
def test_settings_that_do_not_fit_are_told(settings, told) -> None:
    with pytest.raises(BadConfiguration) as raised:
        made("ema_cross", **settings)
    assert str(raised.value).startswith("strategy 'ema_cross': settings")
    assert told in str(raised.value)


def test_a_class_that_answers_in_no_way_is_refused() -> None:
    with pytest.raises(BadConfiguration, match="Strategy overrides nothing, expected one of on_bar"):
        made("actors.strategies.base:Strategy")


def test_a_profile_names_its_strategy_from_the_environment_too() -> None:
    environment = {"BOT__STRATEGY__NAME": "ema_cross", "BOT__STRATEGY__SETTINGS__FAST_BARS": "5"}
    profile = load("canary", environment)
    assert profile.strategy == StrategyProfile(name="ema_cross", settings={"fast_bars": 5})
    assert load("canary", {}).strategy is None
    assert profile.digest != load("canary", {}).digest
    assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile


def test_the_assembly_of_a_strategy_has_no_beliefs_and_no_choice_and_the_ledger_speaks_first() -> None:
    profile = a_profile(strategy__name="buy_and_hold")
    assembly = assemble(profile, TestWorld(profile).outside(), Hooks())
    assert [cell.name for cell in assembly.bus.cells] == [
        "sentinel", "marker", "bar_builder", "ledger", "strategy", "risk", "desk", "auditor",
    ]  # fmt: skip
    assert [part.name for part in assembly.gateways] == ["feed", "venue", "cadence"]


def test_what_a_strategy_lacks_is_named() -> None:
    outside = TestWorld(a_profile()).outside()
    with pytest.raises(IncompleteSystem) as caught:
        SystemBuilder(outside, required=REQUIRED_OF_STRATEGY).build()
    assert str(caught.value) == f"the system lacks: {', '.join(REQUIRED_OF_STRATEGY)}"


def test_a_strategy_trades_live_as_a_canary_and_replays_to_the_byte() -> None:
    profile = a_profile(strategy__name="random_trader", strategy__settings={"trade_probability": 0.5})
    run = simulate(profile, seconds=200)
    decided = said(run, DecisionLog)
    targets = {each.seq: each.payload for each in run.envelopes if isinstance(each.payload, TargetFrame)}
    assert len(decided) == len(said(run, Verdict)) == len(targets) > 3
    assert [each.selection_seq for each in decided] == list(targets)
    assert said(run, Order)
    assert said(run, Slate) == []
    assert said(run, Equity)[-1].complete
    assert replayed(run) == len(run.envelopes)


def replayed(run: Run) -> int:
    """How many messages a replay says again, each byte for byte; raises Diverged."""
    comparer = Comparer()
    player = Replay(comparer)
    player.run(replayed_bus(run.profile, comparer, player.now), run.records)
    return comparer.compared


QUOTED = """
from actors.strategies.base import Quote, Row, Strategy


class Dip(Strategy):
    remembers = {"first": 0.0}

    def on_tick(self, quote: Quote, memory: Row) -> float:
        memory["first"] = memory["first"] or quote.mid
        return 0.5 if quote.mid < memory["first"] else 0.0
"""


def test_a_strategy_of_quotes_trades_over_history_told_in_ticks_between_two_decide_beats(tmp_path) -> None:
    (tmp_path / "dip.py").write_text(QUOTED)
    data = a_walk(width=1, times=60, bar_s=60.0)
    start_s = 60 * 50
    prices = [10_000 if second < 40 else 9_990 if second < 80 else 10_010 for second in range(0, 120, 2)]
    data.dated = [
        Dated(at(start_s + 2 * number), a_tick(symbol=data.symbols[0], bid=price - 1, ask=price + 1, bid_lots=9_000,
                                               ask_lots=9_000))
        for number, price in enumerate(prices)
    ]  # fmt: skip
    profile = a_profile(
        "canary", strategy__name=str(tmp_path / "dip.py"), cadence__decide_s=30, feed__warmup_bars=40,
        history={"half_spread_bps": 1.0, "impact_bps": 0.0, "participation_max": 1.0, "path": "open"},
        risk__reference_ratio_max=0.5, risk__limit_through_bps=5,
    )  # fmt: skip
    options = BacktestOptions(tmp_path / "runs", at(start_s), 2**62, kinds=frozenset({"quotes"}))
    result = run_backtest(profile, data, options, lambda at_ns: None)
    run = read_run(Path(result.summary["journal"]).parent)
    fills = [(each.payload.side, float(each.payload.price), each.at_ns) for each in run if type(each.payload) is Fill]
    assert [(side, price) for side, price, _ in fills] == [("buy", 99.91), ("sell", 100.09)]
    assert all(at(start_s + after) < when < at(start_s + after + 3) for after, (_, _, when) in zip((40, 80), fills))
    report = replay_run(
        Path(result.summary["journal"]).parent,
        lambda journal, now: replayed_bus(profile, journal, now),
        identity_here(),
    )
    assert report.byte_identical


def test_a_strategy_that_breaks_ends_its_backtest_and_is_named_with_its_error(tmp_path) -> None:
    (tmp_path / "odd.py").write_text(
        "from actors.strategies.base import Strategy\n\n\n"
        "class Odd(Strategy):\n"
        "    def on_bar(self, bar, memory):\n"
        "        return 1.0 / 0\n"
    )
    profile = a_profile("backtest", strategy__name=str(tmp_path / "odd.py"), feed__warmup_bars=0)
    data = a_walk(width=1, times=30, bar_s=300.0)
    result = run_backtest(profile, data, BacktestOptions(tmp_path / "runs", 0, 2**62), lambda at_ns: None)
    assert (result.exit_code, result.summary["orders"]) == (9, 0)
    assert result.reason.startswith("strategy gave up: ZeroDivisionError")
