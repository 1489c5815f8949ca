"""What is decided: the slate's choice, what the gate lets through and why not, the account's state, the log of all."""

from decimal import Decimal
from typing import Final, Literal

import msgspec

from contracts.column import Column
from contracts.quantities import Money, Nanos, Seconds, Side

NAN: Final = float("nan")


class Pick(msgspec.Struct, frozen=True):
    """One candidate of a selection in the order of choice; `held` ones were in the book before."""

    symbol: str
    side: Side
    quality: float
    gain: float
    propensity: float
    held: bool


class Selection(msgspec.Struct, frozen=True):
    """The diversified top-K, best first; `runners_up` are the best of those left out.

    `correlation` is the signed correlation of the picks' positions, shape (picks, picks).
    """

    decision: int
    universe: int
    picks: tuple[Pick, ...]
    runners_up: tuple[Pick, ...]
    correlation: Column
    slate_seq: int
    based_on: tuple[int, ...]


class AllocationAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Where a budget binds: which book of the largest edge would it allow? Columns over `symbols`, money in EUR.

    `position` is what is held or on its way, signed; `room` what may be added to it on its side; `edge` what one EUR
    added earns. `unit_losses` (rows, symbols) is what one EUR added loses in each scenario, `held` (rows,) what the
    book loses already. Only the hardest rows are there: `alpha` is such that their CVaR is that of all of them.
    """

    decision: int
    universe: int
    symbols: tuple[str, ...]
    sides: tuple[Side, ...]
    position: Column
    room: Column
    edge: Column
    unit_losses: Column
    held: Column
    budget: float
    gross_max: float
    alpha: float
    based_on: tuple[int, ...]


class AllocationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The book that was asked for: the signed notional to hold of each symbol, in EUR; advice, never an approval.

    `edge` is what its additions earn, `cvar` the tail of the whole book in the rows that were asked about,
    `shadow_price` what one EUR more of budget would earn. With a `reason` there is no plan. `asked_seq` is the message
    that asked.
    """

    decision: int
    universe: int
    symbols: tuple[str, ...]
    notional: Column
    edge: float
    cvar: float
    shadow_price: float
    reason: str
    asked_seq: int


class TargetFrame(msgspec.Struct, frozen=True):
    """What a strategy wants to hold, in base units, negative for short; NaN where it says nothing and keeps what is.

    `decision` numbers the frames of a strategy from 1.
    """

    decision: int
    universe: int
    position: Column
    based_on: tuple[int, ...]


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """Approval as a type: what the gate lets through, with the numbers it was judged by.

    `quantity` is on the lot grid, `limit` on the tick grid: the worst price that may be paid. `mark` is the mid used,
    said by message `mark_seq`. Nothing may be sent after `expires_ns`.
    """

    decision: int
    leg: int
    symbol: str
    side: Side
    quantity: Money
    limit: Money
    reduce_only: bool
    mark: float
    mark_seq: int
    mark_age_s: Seconds
    mu: float
    sigma: float
    horizon_s: Seconds
    notional: Money
    cvar_before: float
    cvar_after: float
    cvar_max: float
    expires_ns: Nanos
    instrument_version: int
    based_on: tuple[int, ...]


class Reason(msgspec.Struct, frozen=True):
    """One refusing control: its number in the list of controls, and a sentence with the number that was and may be."""

    control: str
    text: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate did not let through: all reasons, not the first."""

    decision: int
    leg: int
    symbol: str
    side: Side
    reasons: tuple[Reason, ...]
    based_on: tuple[int, ...]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The gate's last word of a decision: the tail risk of the whole book in the account's currency.

    `cvar_slow_*` is the CVaR over the slower horizon, `deviation_after` the standard deviation over the risk horizon.
    `multiplier` is what is left of the budget; `multipliers` what each cause leaves of it, and under `volatility` the
    share of what was added that its deviation left. `plan` is what became of an allocation plan: empty without one,
    "used", "smaller" than what the gate found by itself, or why it was refused. `edge` is what the additions earn in
    EUR, `edge_alone` what they would have without the plan.
    """

    decision: int
    intents: int
    refusals: int
    cvar_before: float
    cvar_after: float
    cvar_max: float
    var_after: float
    scenarios: int
    multiplier: float
    based_on: tuple[int, ...]
    cvar_slow_before: float = NAN
    cvar_slow_after: float = NAN
    cvar_slow_max: float = NAN
    deviation_after: float = NAN
    deviation_max: float = NAN
    multipliers: dict[str, float] = {}
    plan: str = ""
    edge: float = 0.0
    edge_alone: float = 0.0


AccountState = Literal["RECOVERING", "RECONCILING", "TRADING", "REDUCING", "HALTED"]


class GateState(msgspec.Struct, frozen=True):
    """What the account may do now, and every reason why not more; latches outlive restarts until a human resumes."""

    state: AccountState
    reasons: tuple[str, ...]
    latches: tuple[str, ...]


class DecisionLog(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a whole decision, by the seqs of its parts."""

    decision: int
    state: AccountState
    slate_seq: int
    selection_seq: int
    intent_seqs: tuple[int, ...]
    refusal_seqs: tuple[int, ...]
    verdict_seq: int
    equity: Decimal
    cvar_after: float
    cvar_max: float
    based_on: tuple[int, ...]


class Halt(msgspec.Struct, frozen=True):
    """A principal stops all new orders and cancels the open ones; latched until `Resume`."""

    principal: str
    reason: str


class Resume(msgspec.Struct, frozen=True):
    """A principal clears the latches."""

    principal: str
    reason: str


class Flatten(msgspec.Struct, frozen=True):
    """A principal wants every position closed; nothing new is opened while it lasts."""

    principal: str
    reason: str
