"""All controls on one proposal: every reason against it, judged on top of what was let through before it."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import numpy as np

from actors.risk import checks
from actors.risk.proposals import Proposal
from actors.risk.settings import RiskSettings
from actors.risk.view import Floats, View
from contracts.account import Equity
from contracts.decision import GateState, Reason
from contracts.quantities import Nanos, nanos, seconds, sign
from contracts.trade import OrderState
from quant.limits import Check, Exposure, Limits


class Said(NamedTuple):
    """An order that was let through: what a duplicate would look like, and when."""

    symbol: str
    side: str
    quantity: Decimal
    limit: Decimal
    at_ns: Nanos
    reduce_only: bool


class Case(NamedTuple):
    """What one decision is judged by; nothing in here changes while it is."""

    at_ns: Nanos
    view: View
    gate: GateState
    equity: Equity | None
    equity_ns: Nanos
    slate_ns: Nanos
    orders: Sequence[OrderState]
    feeds: dict[str, str]
    rates_ns: dict[str, Nanos]
    positions: dict[str, Decimal]
    notionals: list[float]
    currency: str
    stuck: dict[str, str]


class Reserved:
    """What the proposals of this decision have already taken of limits that they share."""

    def __init__(self, case: Case, said: list[Said], free_ns: Nanos) -> None:
        view = case.view
        self.exposure = Exposure(view.position, view.buys, view.sells, view.cluster)
        self.open_notional = float(view.buys.sum() + view.sells.sum())
        self.cash_needed = float((view.buys * (1.0 + np.where(view.buys != 0.0, view.cost, 0.0))).sum())
        self._costs, self._notionals = view.cost, case.notionals
        self.open_count = len(case.orders)
        self.said: list[Said] = []
        self.free_ns = free_ns
        self._alike: dict[tuple[str, str], list[Said]] = {}
        self._adding_ns: list[Nanos] = []
        for each in said:
            self._remember(each)

    @cached_property
    def usual(self) -> float:
        """The usual size of an order (C4)."""
        return checks.usual_size(self._notionals)

    def take(self, proposal: Proposal, at_ns: Nanos, interval_ns: Nanos) -> None:
        """Count a proposal that was let through."""
        self.exposure.add(proposal.place, *ways(proposal))
        self.open_notional += abs(proposal.added)
        self.cash_needed += self.cash_for(proposal)
        self.open_count += 1
        self.free_ns = max(self.free_ns, at_ns) + interval_ns
        self._remember(said_of(proposal, at_ns))

    def cash_for(self, proposal: Proposal) -> float:
        """What filling a proposal takes of the cash, its fees included."""
        buy, _ = ways(proposal)
        return buy * (1.0 + float(self._costs[proposal.place])) if buy else 0.0

    def _remember(self, said: Said) -> None:
        self.said.append(said)
        self._alike.setdefault((said.symbol, said.side), []).append(said)
        if not said.reduce_only:
            self._adding_ns.append(said.at_ns)

    def alike(self, proposal: Proposal) -> list[Nanos]:
        """When the same order was said before."""
        return [
            each.at_ns
            for each in self._alike.get((proposal.symbol, proposal.side), ())
            if (each.quantity, each.limit) == (proposal.quantity, proposal.limit)
        ]

    def adding_since(self, at_ns: Nanos) -> int:
        """How many orders that add risk were said after that; they were said in order of time."""
        return len(self._adding_ns) - bisect_right(self._adding_ns, at_ns)


def ways(proposal: Proposal) -> tuple[float, float]:
    """What a proposal may buy and what it may sell, in the account's currency."""
    size = abs(proposal.added)
    return (size, 0.0) if proposal.side == "buy" else (0.0, size)


def said_of(proposal: Proposal, at_ns: Nanos) -> Said:
    """The proposal as it is remembered."""
    return Said(
        proposal.symbol, proposal.side, proposal.quantity, proposal.limit, at_ns, reduce_only=proposal.reduce_only
    )


def reasons_against(proposal: Proposal, case: Case, reserved: Reserved, settings: RiskSettings) -> list[Reason]:
    """Every reason, empty for none; CVaR, which is of all proposals together, apart."""
    found = [checks.account_state(case.gate, reducing=proposal.reduce_only)]
    if proposal.why:
        # Nothing is wanted, so there is no order that the other controls could be about.
        found.append(Reason("SIZE", proposal.why))
        return [reason for reason in found if reason is not None]
    if proposal.place < 0:
        found.append(Reason("C15", f"{proposal.symbol} is not in the universe"))
    else:
        found += _market(proposal, case, settings)
        found += _order(proposal, case, reserved, settings)
    if not proposal.reduce_only:
        found += _account(proposal, case, reserved, settings)
    return [reason for reason in found if reason is not None]


def _market(proposal: Proposal, case: Case, settings: RiskSettings) -> list[Reason | None]:
    view, place, symbol = case.view, proposal.place, proposal.symbol
    valid = bool(view.bid[place] > 0.0 and view.bid[place] < view.ask[place])
    limit, mid = float(proposal.limit), float(view.mid[place])
    close = mid if proposal.reduce_only else float(view.close[place])
    far = float(view.ask[place] if proposal.side == "buy" else view.bid[place])
    return [
        checks.too_old(f"mark of {symbol}", case.at_ns, int(view.tick_ns[place]), settings.mark_age_s_max),
        checks.symbol_state(symbol, case.feeds.get(symbol, case.feeds.get("", "unknown")), valid=valid),
        checks.collar(symbol, limit, mid, close, settings.collar_ratio_max, settings.reference_ratio_max),
        checks.aggressiveness(symbol, proposal.side, limit, far, settings.through_bps_max),
    ]


def _order(proposal: Proposal, case: Case, reserved: Reserved, settings: RiskSettings) -> list[Reason | None]:
    symbol, instrument = proposal.symbol, case.view.instruments[proposal.place]
    held = case.positions.get(symbol, Decimal(0))
    same = [seconds(case.at_ns - said_ns) for said_ns in reserved.alike(proposal)]
    orders = [each for each in case.orders if each.symbol == symbol]
    # Venues let what only closes be small; one that does not has said so once, and is not asked again and again.
    may_be_small = proposal.reduce_only and symbol not in case.stuck
    least = Decimal(0) if may_be_small else instrument.notional_min
    # What the tail of the book has left nothing of is too small (MIN); that is not a wrong size as well.
    nothing = proposal.quantity == 0
    return [
        None if nothing and least else checks.order_size(symbol, proposal.quantity, instrument.quantity_max),
        checks.smallest_order(symbol, _quote_notional(proposal), least, instrument.quote),
        None if nothing else checks.order_notional(symbol, _notional(proposal, case.view), settings.order_ceiling()),
        checks.throttle(case.at_ns, reserved.free_ns, settings.orders_per_minute, settings.orders_burst),
        checks.duplicate(symbol, same, settings.duplicate_s),
        checks.in_flight(symbol, orders),
        checks.self_trade(symbol, proposal.side, proposal.limit, orders),
        checks.short_sale(instrument, held - proposal.quantity) if proposal.side == "sell" else None,
        checks.reduces(symbol, proposal.side, proposal.quantity, held) if proposal.reduce_only else None,
    ]


def _account(proposal: Proposal, case: Case, reserved: Reserved, settings: RiskSettings) -> list[Reason | None]:
    """What only an order that adds risk is judged by."""
    equity, adding = case.equity, reserved.adding_since(case.at_ns - nanos(settings.repeat_window_s))
    lost = float(equity.day_start - equity.equity) if equity is not None else float("nan")
    found: list[Reason | None] = [
        checks.repeats(adding + 1, settings.repeats_max, settings.repeat_window_s),
        checks.daily_loss(lost, settings.loss_max),
        checks.too_old("equity", case.at_ns, case.equity_ns, settings.equity_age_s_max),
        checks.too_old("slate", case.at_ns, case.slate_ns, settings.slate_age_s_max),
    ]
    if equity is not None and not equity.complete:
        found.append(Reason("C14", f"equity is not complete: {', '.join(equity.missing)}"))
    if proposal.place >= 0:
        found += _reserves(proposal, case, reserved, settings)
    return found


def _reserves(proposal: Proposal, case: Case, reserved: Reserved, settings: RiskSettings) -> list[Reason | None]:
    view, symbol = case.view, proposal.symbol
    open_notional = reserved.open_notional + abs(proposal.added)
    quote = view.instruments[proposal.place].quote
    found = [
        checks.fat_finger(symbol, _notional(proposal, view), reserved.usual, settings.fat_finger_multiple),
        checks.open_orders(
            reserved.open_count + 1, settings.open_orders_max, open_notional, settings.open_notional_max
        ),
        *_exposure(proposal, view, reserved, settings),
    ]
    if quote != case.currency:
        found.append(
            checks.too_old(f"rate of {quote}", case.at_ns, case.rates_ns.get(quote, 0), settings.rate_age_s_max)
        )
    if proposal.side == "buy":
        cash = float(case.equity.cash) if case.equity is not None else float("nan")
        needed = reserved.cash_needed + reserved.cash_for(proposal)
        found.append(checks.capital(needed, cash, settings.cash_reserve))
    return found


def _exposure(proposal: Proposal, view: View, reserved: Reserved, settings: RiskSettings) -> list[Reason | None]:
    """C8: gross, net, worst symbol and worst cluster of the book with every order filled to its worst side."""
    limits = Limits(
        gross_eur_max=float(settings.gross_ceiling()),
        net_eur_max=float(settings.net_notional_max),
        symbol_eur_max=float(settings.symbol_notional_max),
        cluster_eur_max=float(settings.cluster_notional_max),
    )
    found = reserved.exposure.checks(limits, proposal.place, *ways(proposal))
    return [None if each.kept else _exceeded(each, view) for each in found]


def _exceeded(found: Check, view: View) -> Reason:
    of = f" of {view.symbols[found.at]}" if found.at >= 0 else ""
    return Reason("C8", f"{found.limit}{of} is {found.was_eur:.2f}, at most {found.may_eur:.2f}")


def _quote_notional(proposal: Proposal) -> Decimal:
    return proposal.quantity * proposal.limit if proposal.limit.is_finite() else Decimal(0)


def _notional(proposal: Proposal, view: View) -> float:
    """In the account's currency, at the worse of limit and mark (C2)."""
    at_limit = float(proposal.quantity) * float(proposal.limit) * float(view.rate[proposal.place])
    return float(np.maximum(at_limit, abs(proposal.added)))


def signed(proposals: Sequence[Proposal], view: View) -> Floats:
    """The proposals as notionals over the view's columns."""
    added = np.zeros(len(view.symbols))
    for proposal in proposals:
        if proposal.place >= 0:
            added[proposal.place] += sign(proposal.side) * abs(proposal.added)
    return added
