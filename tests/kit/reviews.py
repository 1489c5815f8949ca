"""Tables in memory for the tests of reviews: what a run of some days would have left."""

from decimal import Decimal
from typing import Any

import numpy as np

from adapters.records import rows
from adapters.records.columns import Table, frame_of

DAY_NS = 86_400_000_000_000
JANUARY_NS = 1_704_067_200_000_000_000
"""The first of January 2024."""


def table(kind: type[rows.Row], found: list[Any]) -> Table:
    return Table(frame_of(kind, found))


def equity_rows(values: Any, *, step_ns: int = DAY_NS, start_ns: int = JANUARY_NS) -> list[rows.EquityRow]:
    """An account that said these values, one a day."""
    peak = np.maximum.accumulate(values)
    return [
        rows.EquityRow(
            at=start_ns + number * step_ns, equity_eur=Decimal(str(value)), cash_eur=Decimal(str(value)),
            gross_eur=Decimal(0), net_eur=Decimal(0), unrealised_eur=Decimal(0), funding_eur=Decimal(0),
            peak_eur=Decimal(str(high)), drawdown=float(1 - value / high), exposure=0.5, net_exposure=0.5,
            cvar_eur=None, cvar_max_eur=None, cvar_share=None, complete=True,
        )
        for number, (value, high) in enumerate(zip(values, peak, strict=True))
    ]  # fmt: skip


def a_trade(number: int, pnl: str | None = "1", **changed: Any) -> rows.TradeRow:
    """A round trip of 100 EUR in BTC-EUR that closed, unless it has no profit yet."""
    profit = None if pnl is None else Decimal(pnl)
    facts: dict[str, Any] = {
        "trade": number, "symbol": "BTC-EUR", "side": "long", "state": "open" if pnl is None else "closed",
        "entry_at": JANUARY_NS, "exit_at": None if pnl is None else JANUARY_NS + DAY_NS,
        "holding_s": None if pnl is None else 86_400.0, "quantity": Decimal(1), "open_quantity": Decimal(0),
        "entry_price": Decimal(100), "exit_price": None, "notional_eur": Decimal(100), "gross_eur": profit,
        "fees_eur": Decimal("0.1"), "funding_eur": Decimal(0), "pnl_eur": profit,
        "return_bps": None if pnl is None else 100 * float(pnl), "fills": 2,
        "entry": rows.Context(mu=0.001 * number, regime="normal"), "exit": rows.Context(),
    }  # fmt: skip
    return rows.TradeRow(**(facts | changed))


def an_order_row(number: int, **changed: Any) -> rows.OrderRow:
    """A filled order for 100 EUR that cost 3 bps against its mark, two of them spread, and 0.01 EUR of fees."""
    facts: dict[str, Any] = {
        "order": f"k1-{number:06d}-00-0", "symbol": "BTC-EUR", "side": "buy", "quantity": Decimal(1),
        "limit": Decimal(101), "reduce_only": False, "decision": number, "leg": 0, "attempt": 0,
        "decided_at": JANUARY_NS, "ordered_at": JANUARY_NS, "acknowledged_at": None, "first_fill_at": JANUARY_NS,
        "last_fill_at": JANUARY_NS, "ended_at": JANUARY_NS, "filled": Decimal(1), "average_price": Decimal(100),
        "fills": 1, "notional_eur": Decimal(100), "fee_eur": Decimal("0.01"), "mark": 100.0, "mark_age_s": 0.0,
        "slippage_bps": 3.0, "half_spread_bps": 2.0, "shortfall_eur": 0.03, "spread_eur": 0.02, "impact_eur": 0.01,
        "mu": 0.001, "sigma": 0.01, "p_up": 0.5, "rank": 1, "cvar_eur": 4.0, "cvar_max_eur": 5.0, "cancels": 0,
        "unknowns": 0, "state": "FILLED", "reason": "",
    }  # fmt: skip
    return rows.OrderRow(**(facts | changed))


def a_decision_row(number: int, at: int, **changed: Any) -> rows.DecisionRow:
    """A decision that holds a book whose VaR is 3 of a CVaR of 4 of 5 EUR."""
    facts: dict[str, Any] = {
        "state": "TRADING", "universe": 2, "slate": 2, "picks": 1, "held": 0, "intents": 1, "refusals": 0,
        "refused_by": None, "orders": 1, "rung": "pool", "blend": "test", "regime": "normal",
        "equity_eur": Decimal(500), "cvar_before_eur": 0.0, "cvar_after_eur": 4.0, "cvar_max_eur": 5.0,
        "cvar_share": 0.8, "cvar_slow_after_eur": None, "cvar_slow_max_eur": None, "var_eur": 3.0,
        "deviation_eur": None, "multiplier": 1.0, "edge_eur": 0.0, "plan": "",
    }  # fmt: skip
    return rows.DecisionRow(at=at, decision=number, **(facts | changed))
