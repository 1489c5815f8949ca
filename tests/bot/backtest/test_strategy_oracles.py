"""Buy-and-hold, an EMA cross and a random trader come to what a plain calculation says, by trade and to the cent."""

from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bot.backtest.running import BacktestOptions, run_backtest
from bot.own_code import identity_here
from bot.profile import Profile
from bot.replaying import replay_run
from bot.worlds import replayed_bus
from contracts.account import Equity
from contracts.decision import Refusal
from contracts.instrument import Universe
from contracts.trade import Fill
from tests.kit.history_data import MemoryDataset, a_walk
from tests.kit.journals import read_run
from tests.kit.next_open import CENT, Outcome, Rule, Trade, reckon
from tests.kit.strategies import chance
from tests.kit.worlds import a_profile

CASH, FEE_BPS, HALF_BPS, THROUGH_BPS = Decimal(10_000), Decimal(8), 1.5, 30.0
FIRST, WARMUP = 60, 50
FAR = "10000000"
SHARE = 0.2


@cache
def a_wide_profile(strategy: str, **settings: float) -> Profile:
    """A backtest in which no limit binds."""
    far = dict.fromkeys(
        (
            *(f"risk__{name}_notional_max" for name in ("order", "gross", "net", "symbol", "cluster", "open")),
            "risk__loss_max",
            "sentinel__loss_max",
        ),
        FAR,
    )
    changed = {f"strategy__settings__{name}": value for name, value in settings.items()}
    return a_profile(
        "backtest", strategy__name=strategy, seed=7, cadence__decide_s=300, feed__warmup_bars=WARMUP,
        risk__cvar_budget_ratio=1.0, risk__component_ratio_max=1.0, risk__limit_through_bps=THROUGH_BPS,
        risk__through_bps_max=2 * THROUGH_BPS, risk__fat_finger_multiple=1e6,
        history__half_spread_bps=HALF_BPS, history__impact_bps=0.0, history__participation_max=1.0,
        simulated__broker__balances__EUR=str(CASH), **far, **changed,
    )  # fmt: skip


@cache
def some_bars() -> MemoryDataset:
    """Bars that open beside their predecessor's close, now and then too far for a limit."""
    data = a_walk(width=3, times=240, seed=11)
    noise = np.random.default_rng(5).normal(0.0, 0.0012, data.block.open.shape)
    block = data.block._replace(open=np.round(data.block.open * (1.0 + noise), 2))
    dear = tuple(
        msgspec.structs.replace(each, fee_taker_bps=float(FEE_BPS), fee_maker_bps=float(FEE_BPS))
        for each in data.instruments.instruments
    )
    return MemoryDataset(block, Universe(1, dear))


def buy_and_hold() -> Rule:
    units = np.full(3, np.nan)

    def rule(number: int, equity: float, close: np.ndarray) -> np.ndarray:
        units[:] = np.where(np.isnan(units), 0.9 * equity / 3 / close, units)
        return units

    return rule


def ema_cross() -> Rule:
    seen: list[np.ndarray] = []
    units = np.zeros(3)

    def average(span: float) -> np.ndarray:
        value = seen[0]
        for close in seen[1:]:
            value = value + (close - value) * 2.0 / (span + 1.0)
        return value

    def rule(number: int, equity: float, close: np.ndarray) -> np.ndarray:
        seen.append(close)
        if len(seen) < 20:
            return np.full(3, np.nan)
        above = average(5) > average(20)
        units[:] = np.where(above, np.where(units > 0, units, SHARE * equity / close), 0.0)
        return units

    return rule


def random_trader() -> Rule:
    units = np.zeros(3)

    def rule(number: int, equity: float, close: np.ndarray) -> np.ndarray:
        whether, how_much = chance(number).random((2, 3))
        if not np.isnan(equity):
            units[:] = np.where(whether < 0.3, how_much * SHARE * equity / close, units)
        return units

    return rule


CASES = {
    "buy_and_hold": (buy_and_hold, {"equity_share": 0.9}, 3),
    "ema_cross": (ema_cross, {"fast_bars": 5, "slow_bars": 20, "equity_share": SHARE}, 25),
    "random_trader": (random_trader, {"trade_probability": 0.3, "equity_share": SHARE}, 120),
}


@pytest.fixture(scope="module", params=CASES)
def told(request, tmp_path_factory) -> tuple[str, Path]:
    """The name of a strategy, and the directory of the run of its backtest."""
    name, directory, data = request.param, tmp_path_factory.mktemp(request.param), some_bars()
    options = BacktestOptions(directory, int(data.block.close_ns[FIRST]), 2**62)
    result = run_backtest(a_wide_profile(name, **CASES[name][1]), data, options, lambda at_ns: None)
    assert result.exit_code == 0
    return name, Path(result.summary["journal"]).parent


def outcome_of(directory: Path) -> Outcome:
    """What the machine came to: its fills by the bar and instrument, its equity at every decide beat."""
    data, said = some_bars(), read_run(directory)
    assert [each.payload for each in said if isinstance(each.payload, Refusal)] == []
    closes = data.block.close_ns
    trades: dict[tuple[int, int], Trade] = {}
    for each in said:
        fill = each.payload
        if isinstance(fill, Fill):
            bar, column = int(np.searchsorted(closes, each.at_ns, "right")) - 1, data.symbols.index(fill.symbol)
            before = trades.get((bar, column), Trade(bar, column, Decimal(0), fill.price, Decimal(0)))
            assert before.price == fill.price
            signed = fill.quantity if fill.side == "buy" else -fill.quantity
            trades[bar, column] = before._replace(quantity=before.quantity + signed, fee=before.fee + fill.fee)
    stamps = set(closes[FIRST:-1].tolist())
    equity = {each.at_ns: each.payload.equity for each in said if isinstance(each.payload, Equity)}
    return Outcome([trades[key] for key in sorted(trades)], [equity[at_ns] for at_ns in sorted(stamps)])


def test_a_strategy_comes_to_what_a_plain_calculation_says(told) -> None:
    name, directory = told
    make, _, least = CASES[name]
    expected = reckon(
        some_bars().block, make(), first=FIRST, warmup=WARMUP, cash=CASH, half_bps=HALF_BPS, fee_bps=FEE_BPS,
        through_bps=THROUGH_BPS,
    )  # fmt: skip
    found = outcome_of(directory)
    assert found.trades == expected.trades
    assert len(found.trades) >= least
    assert [each.quantize(CENT) for each in found.equity] == [each.quantize(CENT) for each in expected.equity]


def test_a_backtest_of_a_strategy_replays_to_the_byte(told) -> None:
    name, directory = told
    profile = a_wide_profile(name, **CASES[name][1])
    report = replay_run(directory, lambda journal, now: replayed_bus(profile, journal, now), identity_here())
    assert report.byte_identical
    assert report.decisions > 10
