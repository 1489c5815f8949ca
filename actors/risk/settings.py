"""The limits of the risk gate. None of them has a default, because every one of them moves money."""

from decimal import Decimal
from typing import ClassVar, Final

import msgspec

from actors.settings import at_least, more_than_zero, within
from contracts.quantities import Bps, Money, Seconds

SCENARIOS_MAX: Final = 65_536
"""A decision over 250 instruments would already draw a hundred megabytes of them."""

MAY_BE_ZERO: Final = (
    "cash_reserve",
    "min_hold_s",
    "parity",
    "limit_through_bps",
    "rebalance_ratio",
    "flip_multiplier",
)
RATIOS: Final = (
    "cvar_budget_ratio",
    "share_max",
    "parity",
    "kelly_fraction",
    "collar_ratio_max",
    "reference_ratio_max",
    "rebalance_ratio",
    "component_ratio_max",
    "flip_multiplier",
    "confidence_full",
)


class RiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything the gate sizes and refuses by; amounts are in the account's currency.

    Tail risk: CVaR at `cvar_alpha` over at least `risk_horizon_s_min` within `cvar_budget_ratio` of equity times the
    multipliers, from `scenarios` drawn rows and never fewer than `scenarios_min`; over `slow_horizon_s` within
    `slow_budget_multiple` budgets; `budget_sigmas_min` standard deviations of the book within one. Of three positions
    or more none has more than `component_ratio_max` of the budget. Believed curves go on beyond their outer quantiles
    with `tail_slope` times their slope. Less is risked after a change of regime (`flip_multiplier`), and on an
    instrument whose confidence is below `confidence_full`. Sizing: `kelly_fraction` of
    Kelly, at most `share_max` of equity per position, `parity` of it spread by equal tail risk; a position is traded
    when it is further than `rebalance_ratio` from its target. A held position that is not selected is closed after
    `patience` decisions, not before `min_hold_s`. `limit_through_bps` is how far beyond the far touch a limit is set,
    `through_bps_max` how far it may ever be. Correlations are of the last `bars_kept` bars of `bar_s`.

    Raises:
        ValueError: a limit that is not positive and finite, a ratio above 1, or limits that contradict each other.
    """

    NOTIONAL_CEILING: ClassVar[Money | None] = None
    """No order above it, whatever the limits below say (I35)."""

    GROSS_CEILING: ClassVar[Money | None] = None
    """No book above it, whatever the limits below say (I35)."""

    cvar_alpha: float
    cvar_budget_ratio: float
    risk_horizon_s_min: Seconds
    tail_slope: float
    slow_horizon_s: Seconds
    slow_budget_multiple: float
    budget_sigmas_min: float
    component_ratio_max: float
    flip_multiplier: float
    confidence_full: float
    scenarios: int
    scenarios_min: int
    kelly_fraction: float
    share_max: float
    parity: float
    rebalance_ratio: float
    min_hold_s: Seconds
    patience: int
    order_notional_max: Money
    gross_notional_max: Money
    net_notional_max: Money
    symbol_notional_max: Money
    cluster_notional_max: Money
    cluster_correlation: float
    open_orders_max: int
    open_notional_max: Money
    cash_reserve: Money
    loss_max: Money
    collar_ratio_max: float
    reference_ratio_max: float
    limit_through_bps: Bps
    through_bps_max: Bps
    fat_finger_multiple: float
    orders_per_minute: float
    orders_burst: int
    repeats_max: int
    repeat_window_s: Seconds
    duplicate_s: Seconds
    mark_age_s_max: Seconds
    slate_age_s_max: Seconds
    equity_age_s_max: Seconds
    rate_age_s_max: Seconds
    intent_ttl_s: Seconds
    bar_s: Seconds
    bars_kept: int

    def __post_init__(self) -> None:
        numbers = {name: float(getattr(self, name)) for name in self.__struct_fields__}
        more_than_zero("risk", **{name: value for name, value in numbers.items() if name not in MAY_BE_ZERO})
        at_least("risk", 0.0, **{name: numbers[name] for name in MAY_BE_ZERO})
        within("risk", 0.0, 1.0, **{name: numbers[name] for name in RATIOS})
        within("risk", 0.5, 0.9999, cvar_alpha=self.cvar_alpha)
        at_least("risk", float(self.scenarios_min), scenarios=self.scenarios)
        at_least("risk", self.limit_through_bps, through_bps_max=self.through_bps_max)
        at_least("risk", 1.0, fat_finger_multiple=self.fat_finger_multiple, tail_slope=self.tail_slope)
        if self.scenarios > SCENARIOS_MAX:
            raise ValueError(f"risk: scenarios was {self.scenarios}, expected at most {SCENARIOS_MAX}")
        if self.scenarios % 2:
            raise ValueError(f"risk: scenarios was {self.scenarios}, expected an even number: they come in pairs")

    def order_ceiling(self) -> Money:
        """The largest notional of one order: the limit, or the compiled-in ceiling below it."""
        return _least(self.order_notional_max, self.NOTIONAL_CEILING)

    def gross_ceiling(self) -> Money:
        """The largest gross of the book: the limit, or the compiled-in ceiling below it."""
        return _least(self.gross_notional_max, self.GROSS_CEILING)


class CanaryRiskSettings(RiskSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The canary's limits, under ceilings that no profile can lift: a fifth of its EUR 500 an order, EUR 500 in all."""

    NOTIONAL_CEILING: ClassVar[Money | None] = Decimal(100)
    GROSS_CEILING: ClassVar[Money | None] = Decimal(500)


def _least(limit: Money, ceiling: Money | None) -> Money:
    return limit if ceiling is None else min(limit, ceiling)
