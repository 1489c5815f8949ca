"""All controls on one proposal: every reason against it, judged on top of what was let through before it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from actors.risk import checks
from actors.risk.case import Case
from actors.risk.proposals import NOTHING, Proposal
from actors.risk.reserved import Reserved, WorstCase, ways
from actors.risk.settings import RiskSettings
from actors.risk.view import Floats, View
from contracts.decision import Reason
from contracts.quantities import nanos, seconds, sign
from contracts.trade import OrderState
from quant.limits import Check, Limits


class _Account(NamedTuple):
    """What every order that adds risk is judged by: what is against all of them, the limits of the book, the cash."""

    against: tuple[Reason | None, ...]
    limits: Limits
    cash: float


def _account_of(case: Case, settings: RiskSettings) -> _Account:
    equity, cash, lost, incomplete = case.equity, float("nan"), float("nan"), None
    if equity is not None:
        cash, lost = float(equity.cash), float(equity.day_start - equity.equity)
        if not equity.complete:
            incomplete = Reason("C14", f"equity is not complete: {', '.join(equity.missing)}")
    against = (
        checks.daily_loss(lost, settings.loss_max),
        checks.too_old("equity", case.at_ns, case.equity_ns, settings.equity_age_s_max),
        checks.too_old("slate", case.at_ns, case.slate_ns, settings.slate_age_s_max),
        incomplete,
    )
    limits = Limits(
        gross_eur_max=float(settings.gross_ceiling()),
        net_eur_max=float(settings.net_notional_max),
        symbol_eur_max=float(settings.symbol_notional_max),
        cluster_eur_max=float(settings.cluster_notional_max),
    )
    return _Account(against, limits, cash)


class Judge:
    """The controls of one decision: what they have of the account alone is looked at once, not for each proposal."""

    def __init__(self, case: Case, reserved: Reserved, settings: RiskSettings) -> None:
        self._case, self._reserved, self._settings = case, reserved, settings
        self._ceiling = settings.order_ceiling()
        self._account: _Account | None = None
        self._orders: dict[str, list[OrderState]] = {}
        for order in case.orders:
            self._orders.setdefault(order.symbol, []).append(order)

    def reasons_against(self, proposal: Proposal) -> list[Reason]:
        """Every reason, empty for none; CVaR, which is of all proposals together, apart."""
        found = [checks.account_state(self._case.gate, reducing=proposal.reduce_only)]
        if proposal.why:
            # Nothing is wanted, so there is no order that the other controls could be about.
            found.append(Reason("SIZE", proposal.why))
            return [reason for reason in found if reason is not None]
        if proposal.place < 0:
            found.append(Reason("C15", f"{proposal.symbol} is not in the universe"))
        else:
            found += self._market(proposal)
            found += self._order(proposal)
        if not proposal.reduce_only:
            found += self._adding(proposal)
        return [reason for reason in found if reason is not None]

    def _market(self, proposal: Proposal) -> list[Reason | None]:
        case, settings = self._case, self._settings
        view, place, symbol, limit = case.view, proposal.place, proposal.symbol, float(proposal.limit)
        bid, ask, mid = float(view.bid[place]), float(view.ask[place]), float(view.mid[place])
        close = mid if proposal.reduce_only else float(view.close[place])
        far = ask if proposal.side == "buy" else bid
        return [
            checks.too_old(f"mark of {symbol}", case.at_ns, int(view.tick_ns[place]), settings.mark_age_s_max),
            checks.symbol_state(symbol, case.feeds.get(symbol, case.feeds.get("", "unknown")), valid=0.0 < bid < ask),
            checks.collar(symbol, limit, mid, close, settings.collar_ratio_max, settings.reference_ratio_max),
            checks.aggressiveness(symbol, proposal.side, limit, far, settings.through_bps_max),
        ]

    def _order(self, proposal: Proposal) -> list[Reason | None]:
        case, reserved, settings = self._case, self._reserved, self._settings
        symbol, instrument = proposal.symbol, case.view.instruments[proposal.place]
        held, orders = case.positions.get(symbol, NOTHING), self._orders.get(symbol, [])
        same = [seconds(case.at_ns - said_ns) for said_ns in reserved.alike(proposal)]
        # Venues let what only closes be small; one that does not has said so once, and is not asked again and again.
        may_be_small = proposal.reduce_only and symbol not in case.stuck
        least = NOTHING if may_be_small else instrument.notional_min
        # What the tail of the book has left nothing of is too small (MIN); that is not a wrong size as well.
        nothing = proposal.quantity == 0
        return [
            None if nothing and least else checks.order_size(symbol, proposal.quantity, instrument.quantity_max),
            checks.smallest_order(symbol, _quote_notional(proposal), least, instrument.quote),
            None if nothing else checks.order_notional(symbol, _notional(proposal, case.view), self._ceiling),
            checks.throttle(case.at_ns, reserved.free_ns, settings.orders_per_minute, settings.orders_burst),
            checks.duplicate(symbol, same, settings.duplicate_s),
            checks.in_flight(symbol, orders),
            checks.self_trade(symbol, proposal.side, proposal.limit, orders),
            checks.short_sale(instrument, held - proposal.quantity) if proposal.side == "sell" else None,
            checks.reduces(symbol, proposal.side, proposal.quantity, held) if proposal.reduce_only else None,
        ]

    def _adding(self, proposal: Proposal) -> list[Reason | None]:
        """What only an order that adds risk is judged by."""
        settings = self._settings
        if self._account is None:
            self._account = _account_of(self._case, settings)
        adding = self._reserved.adding_since(self._case.at_ns - nanos(settings.repeat_window_s))
        found = [checks.repeats(adding + 1, settings.repeats_max, settings.repeat_window_s), *self._account.against]
        if proposal.place >= 0:
            found += self._reserves(proposal, self._account)
        return found

    def _reserves(self, proposal: Proposal, account: _Account) -> list[Reason | None]:
        case, reserved, settings = self._case, self._reserved, self._settings
        view, symbol, book = case.view, proposal.symbol, reserved.worst_case()
        open_notional = book.open_notional + abs(proposal.added)
        quote = view.instruments[proposal.place].quote
        found = [
            checks.fat_finger(symbol, _notional(proposal, view), reserved.usual, settings.fat_finger_multiple),
            checks.open_orders(
                reserved.open_count + 1, settings.open_orders_max, open_notional, settings.open_notional_max
            ),
            *_exposure(proposal, view, book, account.limits),
        ]
        if quote != case.currency:
            rate_ns = case.rates_ns.get(quote, 0)
            found.append(checks.too_old(f"rate of {quote}", case.at_ns, rate_ns, settings.rate_age_s_max))
        if proposal.side == "buy":
            needed = book.cash_needed + book.cash_for(proposal)
            found.append(checks.capital(needed, account.cash, settings.cash_reserve))
        return found


def _exposure(proposal: Proposal, view: View, book: WorstCase, limits: Limits) -> list[Reason | None]:
    """C8: gross, net, worst symbol and worst cluster of the book with every order filled to its worst side."""
    found = book.exposure.checks(limits, proposal.place, *ways(proposal))
    return [None if each.kept else _exceeded(each, view) for each in found]


def _exceeded(found: Check, view: View) -> Reason:
    of = f" of {view.symbols[found.at]}" if found.at >= 0 else ""
    return Reason("C8", f"{found.limit}{of} is {found.was_eur:.2f}, at most {found.may_eur:.2f}")


def _quote_notional(proposal: Proposal) -> Decimal:
    return proposal.quantity * proposal.limit if proposal.limit.is_finite() else NOTHING


def _notional(proposal: Proposal, view: View) -> float:
    """In the account's currency, at the worse of limit and mark (C2)."""
    at_limit = float(proposal.quantity) * float(proposal.limit) * float(view.rate[proposal.place])
    at_mark = abs(proposal.added)
    return at_limit if at_limit >= at_mark or at_limit != at_limit else at_mark


def signed(proposals: Sequence[Proposal], view: View) -> Floats:
    """The proposals as notionals over the view's columns."""
    added = [0.0] * len(view.symbols)
    for proposal in proposals:
        if proposal.place >= 0:
            added[proposal.place] += sign(proposal.side) * abs(proposal.added)
    return np.array(added)
