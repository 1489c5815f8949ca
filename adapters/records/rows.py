"""What one row of each table of records says; the fields are the columns.

The type of a column follows from its field: `at` and `..._at` are instants (nanoseconds, UTC), a Decimal that ends in
`_eur` is money of the account to 8 places, any other Decimal an amount of the venue to 18, a nested row is laid flat
with its field's name in front. None is null; so is a float that is NaN. Ratios are fractions, `_bps` hundredths of a
percent, `_s` seconds. A cost is positive.
"""

from decimal import Decimal

import msgspec

from contracts.quantities import Bps, Nanos, Seconds, Side


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a table."""


class Context(Row, frozen=True, kw_only=True):
    """What was believed and allowed when an order was decided; null where nobody had decided it.

    `mu`, `sigma`, `p_up`, `confidence` and `es` are the blend's over `horizon_s`; `es` is the mean loss of that side in
    its worst 2.5 %, a fraction. `cause` is `selected` for what adds, `turned` where the other side was selected, `cut`
    where less of the same side was wanted, `let go` where it was selected no more, `flatten` where a principal wanted
    so, `strategy` where a strategy of the user said so. `rank` counts the selection from 1. `top_agent` weighs most in
    the blend, by `top_weight`. `cvar_eur` is the tail of the whole book after the decision, of at most `cvar_max_eur`.
    """

    order: str | None = None
    decision: int | None = None
    cause: str | None = None
    mark: float | None = None
    mu: float | None = None
    sigma: float | None = None
    horizon_s: Seconds | None = None
    p_up: float | None = None
    confidence: float | None = None
    es: float | None = None
    cost_bps: Bps | None = None
    regime: str | None = None
    rung: str | None = None
    blend: str | None = None
    top_agent: str | None = None
    top_weight: float | None = None
    rank: int | None = None
    quality: float | None = None
    gain: float | None = None
    propensity: float | None = None
    cvar_eur: float | None = None
    cvar_max_eur: float | None = None
    cvar_share: float | None = None


class TradeRow(Row, frozen=True, kw_only=True):
    """One round trip of an instrument: from flat to flat, or to the other side.

    `quantity` is all that was entered, `fills` counts both sides. `gross_eur` is what the prices brought on what was
    left again, each fill at the exchange rate of its time; `funding_eur` is what holding it paid, below zero what it
    got; `pnl_eur` is the gross less all fees and funding. `return_bps` is the profit against the notional entered. What
    is still open has `open_quantity`, no `exit_at` and no return; its profit is that so far, from the average entry.
    What was held before the run has no entry price, and no profit.
    """

    trade: int
    symbol: str
    side: str
    state: str
    entry_at: Nanos
    exit_at: Nanos | None
    holding_s: Seconds | None
    quantity: Decimal
    open_quantity: Decimal
    entry_price: Decimal | None
    exit_price: Decimal | None
    notional_eur: Decimal | None
    gross_eur: Decimal | None
    fees_eur: Decimal | None
    funding_eur: Decimal | None
    pnl_eur: Decimal | None
    return_bps: Bps | None
    fills: int
    entry: Context
    exit: Context


class OrderRow(Row, frozen=True, kw_only=True):
    """One order and its life; times are null where that never happened.

    `decided_at` is the intent's, `ordered_at` the desk's, `acknowledged_at` the venue's first answer. `slippage_bps`
    is the average price against the mark of the decision, `half_spread_bps` what of it the quotes then explain (null
    in a thin journal), `shortfall_eur` the whole in money, and `spread_eur` and `impact_eur` its two parts.
    """

    order: str
    symbol: str
    side: Side
    quantity: Decimal
    limit: Decimal
    reduce_only: bool
    decision: int
    leg: int
    attempt: int
    decided_at: Nanos | None
    ordered_at: Nanos
    acknowledged_at: Nanos | None
    first_fill_at: Nanos | None
    last_fill_at: Nanos | None
    ended_at: Nanos | None
    filled: Decimal
    average_price: Decimal | None
    fills: int
    notional_eur: Decimal | None
    fee_eur: Decimal | None
    mark: float | None
    mark_age_s: Seconds | None
    slippage_bps: Bps | None
    half_spread_bps: Bps | None
    shortfall_eur: float | None
    spread_eur: float | None
    impact_eur: float | None
    mu: float | None
    sigma: float | None
    p_up: float | None
    rank: int | None
    cvar_eur: float | None
    cvar_max_eur: float | None
    cancels: int
    unknowns: int
    state: str
    reason: str


class EquityRow(Row, frozen=True, kw_only=True):
    """The account at one instant; `cvar_eur` and its bound are those of the last verdict before.

    `funding_eur` is what holding perpetuals has paid since the run began, each payment at the rate of its time.
    """

    at: Nanos
    equity_eur: Decimal
    cash_eur: Decimal
    gross_eur: Decimal
    net_eur: Decimal
    unrealised_eur: Decimal
    funding_eur: Decimal | None
    peak_eur: Decimal
    drawdown: float
    exposure: float
    net_exposure: float
    cvar_eur: float | None
    cvar_max_eur: float | None
    cvar_share: float | None
    complete: bool


class DecisionRow(Row, frozen=True, kw_only=True):
    """One decision: how much was believed, selected, let through, refused, and what of the budget it uses.

    `slate` counts the instruments the blend had a belief of, `refused_by` names the control that refused most.
    `var_eur` is the loss that the book after it exceeds with the probability 1 - alpha.
    """

    at: Nanos
    decision: int
    state: str
    universe: int | None
    slate: int | None
    picks: int | None
    held: int | None
    intents: int
    refusals: int
    refused_by: str | None
    orders: int
    rung: str | None
    blend: str | None
    regime: str | None
    equity_eur: Decimal
    cvar_before_eur: float | None
    cvar_after_eur: float | None
    cvar_max_eur: float | None
    cvar_share: float | None
    cvar_slow_after_eur: float | None
    cvar_slow_max_eur: float | None
    var_eur: float | None
    deviation_eur: float | None
    multiplier: float | None
    edge_eur: float | None
    plan: str | None


class RefusalRow(Row, frozen=True, kw_only=True):
    """One reason of one refusal."""

    at: Nanos
    decision: int
    leg: int
    symbol: str
    side: Side
    control: str
    text: str


class WeightRow(Row, frozen=True, kw_only=True):
    """What one agent weighs in one slate, the mean over its instruments."""

    at: Nanos
    agent: str
    weight: float


class CalibrationRow(Row, frozen=True, kw_only=True):
    """How many of an author's closed labels fell at or below a quantile it had said."""

    author: str
    level: float
    below: int
    labels: int


class PitRow(Row, frozen=True, kw_only=True):
    """How many of an author's closed labels fell into one part of the distribution it had said."""

    author: str
    low: float
    high: float
    labels: int


TABLES: dict[str, type[Row]] = {
    "trades": TradeRow,
    "orders": OrderRow,
    "equity": EquityRow,
    "decisions": DecisionRow,
    "refusals": RefusalRow,
    "weights": WeightRow,
    "calibration": CalibrationRow,
    "pit": PitRow,
}
"""The tables of a run by their names, which are those of their files too."""
