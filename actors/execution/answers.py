"""What each answer of a venue does to one order. Nothing here is said; the desk says what has changed.

Two laws hold throughout: what has ended stays ended (I7), and only the venue's own word ends what may be alive (I8).
"""

from typing import Final

from actors.execution.orders import Tracked
from contracts.quantities import Money, Nanos
from contracts.trade import OrderReport

TWICE: Final = "the venue took it twice"


def accepted(tracked: Tracked, venue_id: str, at_ns: Nanos) -> None:
    """The venue knows the order; a second name for it means that it holds two."""
    if tracked.venue_id not in ("", venue_id):
        tracked.reason = f"{TWICE}: as {tracked.venue_id} and as {venue_id}"
        return
    tracked.venue_id = venue_id
    tracked.acknowledged = True
    if tracked.state in ("SENDING", "UNKNOWN"):
        tracked.query_ns = 0
        tracked.step("OPEN")
    elif tracked.state in ("REJECTED", "NOT_SENT"):
        revived(tracked, "accepted after its end", at_ns)


def rejected(tracked: Tracked, reason: str, at_ns: Nanos) -> None:
    """The venue said no. To an order that it has shown to know, that is a contradiction and has to be asked about."""
    _ended_unfilled(tracked, "REJECTED", reason, at_ns)


def not_sent(tracked: Tracked, reason: str, at_ns: Nanos) -> None:
    """The order never left the process."""
    _ended_unfilled(tracked, "NOT_SENT", reason, at_ns)


def silent(tracked: Tracked, reason: str, at_ns: Nanos) -> None:
    """The venue proved nothing: what may be open stays reserved, and is asked for."""
    if not tracked.alive:
        return
    if tracked.state != "UNKNOWN":
        tracked.asks_from(at_ns)
    if tracked.state in ("SENDING", "OPEN"):
        tracked.step("UNKNOWN", reason)


def cancelled(tracked: Tracked, filled: Money, at_ns: Nanos) -> None:
    """The venue ended the order."""
    if tracked.alive:
        tracked.close("CANCELLED", filled, at_ns)
    elif not tracked.settled:
        tracked.claim(filled, at_ns)


def cancel_refused(tracked: Tracked, reason: str, at_ns: Nanos) -> None:
    """Refusing to cancel says neither that the order lives nor that it is gone."""
    if not tracked.alive:
        return
    tracked.asks_from(at_ns)
    if tracked.state == "CANCELLING":
        tracked.step("UNKNOWN", f"cancel refused: {reason}")


def reported(tracked: Tracked, report: OrderReport, at_ns: Nanos) -> None:
    """The answer to a question. `open` and `absent` asked before our last command say nothing about it."""
    fresh = report.asked_ns >= tracked.commanded_ns
    if report.state in ("filled", "cancelled"):
        if not tracked.alive:
            cancelled(tracked, report.filled, at_ns)
        else:
            tracked.close("FILLED" if report.state == "filled" else "CANCELLED", report.filled, at_ns)
    elif report.state == "rejected":
        rejected(tracked, "reported rejected", at_ns)
    elif report.state == "open" and fresh:
        seen_open(tracked, at_ns)
    elif report.state == "absent" and fresh:
        absent(tracked, report, at_ns)


def seen_open(tracked: Tracked, at_ns: Nanos) -> None:
    """The venue shows the order as resting."""
    tracked.acknowledged = True
    if not tracked.alive:
        revived(tracked, "open at the venue after its end", at_ns)
        return
    tracked.query_ns = 0
    tracked.step("OPEN", tracked.reason if tracked.state == "OPEN" else "")


def absent(tracked: Tracked, report: OrderReport, at_ns: Nanos) -> None:
    """The venue does not know the order: proof only from its engine, and only after the order could no longer leave."""
    if not (report.authoritative and report.asked_ns > tracked.order.expires_ns):
        return
    if not tracked.alive:
        tracked.claim(tracked.filled, at_ns)
    elif tracked.acknowledged:
        tracked.close("CANCELLED", tracked.filled, at_ns, "the venue no longer knows it")
    else:
        tracked.close("NOT_SENT", tracked.filled, at_ns, "the venue proved that it never came")


def filled(tracked: Tracked, trade_id: str, quantity: Money, at_ns: Nanos) -> None:
    """A fill, seen for the first time: it proves that the order lives, or lived."""
    tracked.trades.append(trade_id)
    tracked.filled += quantity
    tracked.acknowledged = True
    if not tracked.alive:
        tracked.reason = "" if tracked.filled <= tracked.ceiling else f"filled {tracked.filled} after its end"
        tracked.claim(tracked.ceiling, at_ns)
    elif tracked.filled >= tracked.order.quantity:
        over = tracked.filled - tracked.order.quantity
        tracked.close("FILLED", tracked.filled, at_ns, f"filled {over} too much" if over else "")
    elif tracked.state in ("SENDING", "UNKNOWN"):
        tracked.query_ns = 0
        tracked.step("OPEN")


def revived(tracked: Tracked, reason: str, at_ns: Nanos) -> None:
    """A closed order shows life: all of it is exposure again until the venue has ended it."""
    tracked.reason = reason
    tracked.revived = True
    tracked.ceiling = max(tracked.order.quantity, tracked.filled)
    tracked.asks_from(at_ns)


def _ended_unfilled(tracked: Tracked, state: str, reason: str, at_ns: Nanos) -> None:
    assert state in ("REJECTED", "NOT_SENT")
    if not tracked.alive:
        if tracked.filled == 0 and not tracked.settled:
            tracked.claim(tracked.filled, at_ns)
        return
    if tracked.acknowledged:
        silent(tracked, f"{reason}, but the venue knew it", at_ns)
    elif state == "REJECTED":
        tracked.close("REJECTED", tracked.filled, at_ns, reason)
    else:
        tracked.close("NOT_SENT", tracked.filled, at_ns, reason)
