"""Looking after orders as time passes: which are cancelled, which are asked for, which are taken for UNKNOWN."""

from typing import Final

import msgspec

from actors.execution.orders import Tracked
from actors.settings import at_least, more_than_zero
from contracts.decision import GateState
from contracts.quantities import Nanos, Seconds, nanos
from contracts.trade import CancelOrder, OrderQuery

DOUBLINGS_MAX: Final = 16


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long an order may rest, and how patiently the venue is asked.

    `order_ttl_s`: an order older than this is cancelled. `answer_s`: an order that could not leave any more and has
    had no answer for that long is UNKNOWN. Questions are repeated after `query_first_s`, then twice that, up to
    `query_s_max`; requests to cancel every `cancel_retry_s`.

    Raises:
        ValueError: a duration that is no positive finite number, or a longest interval below the first.
    """

    order_ttl_s: Seconds
    answer_s: Seconds
    query_first_s: Seconds
    query_s_max: Seconds
    cancel_retry_s: Seconds

    def __post_init__(self) -> None:
        more_than_zero("desk", order_ttl_s=self.order_ttl_s, answer_s=self.answer_s, query_first_s=self.query_first_s)
        more_than_zero("desk", cancel_retry_s=self.cancel_retry_s)
        at_least("desk", self.query_first_s, query_s_max=self.query_s_max)


def look_after(
    tracked: Tracked, gate: GateState, settings: DeskSettings, at_ns: Nanos, *, keeping: bool = False
) -> list[CancelOrder | OrderQuery]:
    """What to tell the venue about one order now; changes the order accordingly.

    `keeping` leaves open orders to rest, because the process ends and was told to keep them; HALTED still ends them.
    """
    if tracked.state == "SENDING" and at_ns >= tracked.order.expires_ns + nanos(settings.answer_s):
        tracked.asks_from(at_ns)
        tracked.step("UNKNOWN", f"no answer {settings.answer_s:.1f} s after it could last be sent")
    said: list[CancelOrder | OrderQuery] = []
    wish = cancel_wish(tracked, gate, nanos(settings.order_ttl_s), at_ns)
    if wish and not (keeping and gate.state != "HALTED") and at_ns >= tracked.cancel_ns:
        said.append(_cancel(tracked, wish, settings, at_ns))
    if tracked.query_ns and at_ns >= tracked.query_ns:
        said.append(_query(tracked, settings, at_ns))
    return said


def cancel_wish(tracked: Tracked, gate: GateState, ttl_ns: Nanos, at_ns: Nanos) -> str:
    """Why the order should be cancelled; empty when it should not.

    HALTED ends every order of the account, strangers' too; REDUCING ends what could add risk.
    """
    if tracked.alive and gate.state == "HALTED":
        return "the account is HALTED"
    if tracked.revived or (tracked.state == "CANCELLING" and not tracked.external):
        return tracked.reason
    if tracked.external or not tracked.alive:
        return ""
    if gate.state == "REDUCING" and not tracked.order.reduce_only:
        return "the account is REDUCING"
    if tracked.state == "OPEN" and at_ns - tracked.sent_ns >= ttl_ns:
        return "older than its time to live"
    return ""


def _cancel(tracked: Tracked, wish: str, settings: DeskSettings, at_ns: Nanos) -> CancelOrder:
    tracked.cancels += 1
    tracked.cancel_ns = at_ns + nanos(settings.cancel_retry_s)
    tracked.commanded_ns = at_ns
    if tracked.state in ("SENDING", "OPEN"):
        tracked.step("CANCELLING", wish)
    return CancelOrder(tracked.order.client_id, tracked.order.symbol, tracked.cancels, wish)


def _query(tracked: Tracked, settings: DeskSettings, at_ns: Nanos) -> OrderQuery:
    interval_s = settings.query_first_s * 2.0 ** min(tracked.queries, DOUBLINGS_MAX)
    tracked.queries += 1
    tracked.query_ns = at_ns + nanos(min(interval_s, settings.query_s_max))
    return OrderQuery(tracked.order.client_id, tracked.order.symbol, tracked.queries)
