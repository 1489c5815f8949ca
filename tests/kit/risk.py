"""A risk gate in a market: builders of its settings and of everything it has to have heard before it can decide."""

from decimal import Decimal
from typing import Any

import numpy as np

from actors.risk.account import SentinelSettings
from actors.risk.planning import UNPLANNED, PlanningSettings
from actors.risk.settings import RiskSettings
from actors.risk.tail import Tail
from actors.risk.view import View
from actors.risk_gate import RiskGate
from actors.target_gate import TargetGate
from contracts.column import floats, integers
from contracts.decision import TargetFrame
from contracts.market import BarHistory, FeedStatus
from quant.scenarios import variates
from tests.kit.beliefs import a_slate
from tests.kit.market import NOON_NS, a_universe_changed
from tests.kit.orders import Stage, a_gate_state, a_snapshot, a_start, an_equity, marks_of


def risk_settings(kind: type[RiskSettings] = RiskSettings, **changed: Any) -> RiskSettings:
    """The canonical account: EUR 500, 1 % at risk, limits that a test tightens one by one."""
    facts: dict[str, Any] = {
        "cvar_alpha": 0.975,
        "cvar_budget_ratio": 0.01,
        "risk_horizon_s_min": 14_400.0,
        "tail_slope": 1.25,
        "slow_horizon_s": 86_400.0,
        "slow_budget_multiple": 2.0,
        "budget_sigmas_min": 2.0,
        "component_ratio_max": 0.5,
        "flip_multiplier": 0.5,
        "confidence_full": 0.5,
        "scenarios": 2_048,
        "scenarios_min": 1_000,
        "kelly_fraction": 0.25,
        "share_max": 0.2,
        "parity": 0.5,
        "rebalance_ratio": 0.2,
        "min_hold_s": 0.0,
        "patience": 1,
        "order_notional_max": Decimal(200),
        "gross_notional_max": Decimal(400),
        "net_notional_max": Decimal(400),
        "symbol_notional_max": Decimal(200),
        "cluster_notional_max": Decimal(400),
        "cluster_correlation": 0.7,
        "open_orders_max": 8,
        "open_notional_max": Decimal(400),
        "cash_reserve": Decimal(10),
        "loss_max": Decimal(10),
        "collar_ratio_max": 0.02,
        "reference_ratio_max": 0.05,
        "limit_through_bps": 10.0,
        "through_bps_max": 20.0,
        "fat_finger_multiple": 10.0,
        "orders_per_minute": 60.0,
        "orders_burst": 10,
        "repeats_max": 20,
        "repeat_window_s": 60.0,
        "duplicate_s": 1.0,
        "mark_age_s_max": 5.0,
        "slate_age_s_max": 10.0,
        "equity_age_s_max": 90.0,
        "rate_age_s_max": 60.0,
        "intent_ttl_s": 5.0,
        "bar_s": 60.0,
        "bars_kept": 100,
    }
    return kind(**(facts | changed))


def sentinel_settings(**changed: Any) -> SentinelSettings:
    """A sentinel for the same account, always open."""
    facts: dict[str, Any] = {
        "loss_max": Decimal(10),
        "drawdown_ratio_max": 0.1,
        "orders_max": 20,
        "fills_max": 40,
        "repeat_window_s": 60.0,
        "rejects_in_row_max": 3,
        "rejects_ratio_max": 0.5,
        "rejects_window": 10,
        "fill_band_ratio_max": 0.05,
        "fee_ratio_max": 0.02,
        "quiet_s": 5.0,
        "external_halts": True,
        "windows": (),
    }
    return SentinelSettings(**(facts | changed))


def chance(decision: int) -> np.random.Generator:
    """A generator of its own for each decision."""
    return np.random.Generator(np.random.Philox(key=np.array([7, decision], dtype=np.uint64)))


def a_tail(view: View, settings: RiskSettings, number: int = 1) -> Tail:
    """The tail of a book in scenarios of its own for each number."""
    return Tail(view, settings, variates(view.corr, chance(number), settings.scenarios))


def a_history(
    *, width: int = 2, bars: int = 60, last: float = 100.0, sigma: float = 0.0005, seed: int = 1
) -> BarHistory:
    """Closed one-minute bars of independent walks that end at `last`."""
    steps = np.random.default_rng(1).normal(0.0, sigma, (bars, width))
    walk = last * np.exp(steps.cumsum(axis=0) - steps.sum(axis=0))
    closes = floats(walk)
    return BarHistory(
        universe=1,
        bar_s=60.0,
        close_ns=integers(np.arange(bars)),
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume=closes,
    )


def a_gate(
    kind: type[RiskSettings] = RiskSettings, *, planning: PlanningSettings = UNPLANNED, **changed: Any
) -> RiskGate:
    """A risk gate in EUR; without `planning` it asks nobody."""
    return RiskGate(risk_settings(kind, **changed), "EUR", chance, planning)


def a_gate_stage(
    gate: RiskGate | None = None, *symbols: str, balances: dict[str, Any] | None = None, slate: Any = None,
    instruments: dict[str, Any] | None = None, **positions: Any,
) -> Stage:  # fmt: skip
    """A gate that may trade: everything at 100.00, live and fresh, an account of EUR 500."""
    names = symbols or ("BTC-EUR", "ETH-EUR")
    stage = Stage(gate or a_gate())
    stage.admit(a_start())
    stage.admit(a_universe_changed(*names, **(instruments or {})))
    stage.admit(a_history(width=len(names)))
    stage.admit(FeedStatus("test", "live", 1, names, ""))
    stage.admit(a_snapshot(balances=balances, **positions))
    stage.admit(an_equity())
    stage.admit(marks_of(*(100.0 for _ in names), at_ns=NOON_NS))
    stage.admit(a_gate_state("TRADING"))
    stage.admit(slate or a_slate(width=len(names)))
    return stage


def a_target_stage(
    *symbols: str, bars: int = 60, gate: str = "TRADING", can_short: bool = True, **changed: Any
) -> Stage:
    """A target gate that may trade, as `a_gate_stage`; what names a limit changes it, what a symbol is held."""
    limits = {name: value for name, value in changed.items() if name in RiskSettings.__struct_fields__}
    held = {name: value for name, value in changed.items() if name not in limits}
    names = symbols or ("BTC-EUR", "ETH-EUR")
    stage = Stage(TargetGate(risk_settings(**limits), "EUR", chance))
    stage.admit(a_start())
    stage.admit(a_universe_changed(*names, can_short=can_short))
    stage.admit(a_history(width=len(names), bars=bars))
    stage.admit(FeedStatus("test", "live", 1, names, ""))
    stage.admit(a_snapshot(**held))
    stage.admit(an_equity())
    stage.admit(marks_of(*(100.0 for _ in names), at_ns=NOON_NS))
    stage.admit(a_gate_state(gate))
    stage.admit(a_target_frame(*(np.nan for _ in names)))
    return stage


def a_target_frame(*position: float, decision: int = 1, universe: int = 1) -> TargetFrame:
    """What a strategy wants to hold of each instrument, in column order."""
    return TargetFrame(decision, universe, floats(list(position)), (1,))
