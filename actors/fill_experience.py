"""What the account has learned of its own executions: how much fills, and what it costs beyond the touch.

By symbol, by whether the order took or rested, and by how wide the spread was when it was sent. One order is in flight
per instrument, so what is heard of a symbol belongs to the last order sent for it.
"""

from collections.abc import Mapping

import msgspec

from contracts.market import MarkFrame
from contracts.quantities import BPS
from contracts.trade import Execution, OrderState
from quant.bandit import Odds, spread_bucket

UNSEEN = Odds()


class Sent(msgspec.Struct, frozen=True):
    """The last order of a symbol: which, of what kind, and the touch it was sent against."""

    client_id: str
    kind: str
    touch: float
    closed: bool = False


class FillExperience(msgspec.Struct):
    """Odds by kind of order, and the last order of each symbol."""

    odds: dict[str, Odds] = {}
    sent: dict[str, Sent] = {}

    def of(self, symbol: str, spread_bps: float) -> Odds:
        """What is believed of an order of that symbol that takes the touch now."""
        return self.odds.get(_kind(symbol, True, spread_bps), UNSEEN)

    def on_order(self, order: OrderState, marks: MarkFrame | None, columns: Mapping[str, int]) -> None:
        """An order changed its state; sent without a valid mark it teaches nothing."""
        if order.state == "SENDING":
            self._on_sending(order, marks, columns)
            return
        sent = self.sent.get(order.symbol)
        if sent is None or sent.closed or sent.client_id != order.client_id:
            return
        if order.state in ("FILLED", "CANCELLED"):
            share = float(order.filled / order.quantity)
            self.odds[sent.kind] = self.odds.get(sent.kind, UNSEEN).after_order(share)
        if order.state in ("FILLED", "CANCELLED", "REJECTED", "NOT_SENT"):
            self.sent[order.symbol] = msgspec.structs.replace(sent, closed=True)

    def _on_sending(self, order: OrderState, marks: MarkFrame | None, columns: Mapping[str, int]) -> None:
        column = columns.get(order.symbol)
        self.sent.pop(order.symbol, None)
        if marks is None or column is None or not marks.valid[column]:
            return
        bid, ask, mid = (float(row[column]) for row in (marks.bid, marks.ask, marks.mid))
        buys, limit = order.side == "buy", float(order.limit)
        takes = limit >= ask if buys else limit <= bid
        kind = _kind(order.symbol, takes, (ask - bid) / mid / BPS)
        self.sent[order.symbol] = Sent(order.client_id, kind, ask if buys else bid)

    def on_execution(self, fill: Execution) -> None:
        """A fill was booked: what it cost more than the touch at sending."""
        sent = self.sent.get(fill.symbol)
        if sent is None or sent.client_id != fill.client_id:
            return
        side = 1.0 if fill.side == "buy" else -1.0
        slippage_bps = side * (float(fill.price) / sent.touch - 1.0) / BPS
        self.odds[sent.kind] = self.odds.get(sent.kind, UNSEEN).after_fill(slippage_bps)


def _kind(symbol: str, takes: bool, spread_bps: float) -> str:
    return f"{symbol} {'take' if takes else 'rest'} {spread_bucket(spread_bps)}"
