"""All controls on one proposal: every reason against it, judged on top of what was let through before it."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from actors.risk import checks
from actors.risk.case import Case
from actors.risk.proposals import Proposal
from actors.risk.reserved import Reserved, WorstCase, ways
from actors.risk.settings import RiskSettings
from actors.risk.view import Floats, View
from contracts.decision import Reason
from contracts.quantities import nanos, seconds, sign
from quant.limits import Check, Limits


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
    bid, ask, mid, limit = float(view.bid[place]), float(view.ask[place]), float(view.mid[place]), float(proposal.limit)
    close = mid if proposal.reduce_only else float(view.close[place])
    far = ask if proposal.side == "buy" else bid
    return [
        checks.too_old(f"mark of {symbol}", case.at_ns, int(view.tick_ns[place]), settings.mark_age_s_max),
        checks.symbol_state(symbol, case.feeds.get(symbol, case.feeds.get("", "unknown")), valid=0.0 < bid < ask),
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
    view, symbol, book = case.view, proposal.symbol, reserved.worst_case()
    open_notional = book.open_notional + abs(proposal.added)
    quote = view.instruments[proposal.place].quote
    found = [
        checks.fat_finger(symbol, _notional(proposal, view), reserved.usual, settings.fat_finger_multiple),
        checks.open_orders(
            reserved.open_count + 1, settings.open_orders_max, open_notional, settings.open_notional_max
        ),
        *_exposure(proposal, view, book, settings),
    ]
    if quote != case.currency:
        found.append(
            checks.too_old(f"rate of {quote}", case.at_ns, case.rates_ns.get(quote, 0), settings.rate_age_s_max)
        )
    if proposal.side == "buy":
        cash = float(case.equity.cash) if case.equity is not None else float("nan")
        needed = book.cash_needed + book.cash_for(proposal)
        found.append(checks.capital(needed, cash, settings.cash_reserve))
    return found


def _exposure(proposal: Proposal, view: View, book: WorstCase, settings: RiskSettings) -> list[Reason | None]:
    """C8: gross, net, worst symbol and worst cluster of the book with every order filled to its worst side."""
    limits = Limits(
        gross_eur_max=float(settings.gross_ceiling()),
        net_eur_max=float(settings.net_notional_max),
        symbol_eur_max=float(settings.symbol_notional_max),
        cluster_eur_max=float(settings.cluster_notional_max),
    )
    found = book.exposure.checks(limits, proposal.place, *ways(proposal))
    return [None if each.kept else _exceeded(each, view) for each in found]


def _exceeded(found: Check, view: View) -> Reason:
    of = f" of {view.symbols[found.at]}" if found.at >= 0 else ""
    return Reason("C8", f"{found.limit}{of} is {found.was_eur:.2f}, at most {found.may_eur:.2f}")


def _quote_notional(proposal: Proposal) -> Decimal:
    return proposal.quantity * proposal.limit if proposal.limit.is_finite() else Decimal(0)


def _notional(proposal: Proposal, view: View) -> float:
    """In the account's currency, at the worse of limit and mark (C2)."""
    at_limit = float(proposal.quantity) * float(proposal.limit) * float(view.rate[proposal.place])
    at_mark = abs(proposal.added)
    return at_limit if at_limit >= at_mark or at_limit != at_limit else at_mark


def signed(proposals: Sequence[Proposal], view: View) -> Floats:
    """The proposals as notionals over the view's columns."""
    added = np.zeros(len(view.symbols))
    for proposal in proposals:
        if proposal.place >= 0:
            added[proposal.place] += sign(proposal.side) * abs(proposal.added)
    return added
