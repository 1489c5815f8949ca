"""The oracle's second half: every order that was sent is judged again, by what was known when it was decided.

I9 (worst-case exposure), I10 (every control), I11 (state of account and feed), I14 (age and continuity of the data),
I32 (numbers that are numbers, on the grid) and I35 (the canary's compiled-in caps). No code of the engine is used.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

SECOND: Final = 1_000_000_000
ROUNDING: Final = 1.001
"""Exposure is compared with a tenth of a percent to spare: engine and oracle price an order by a few bps apart."""

CANARY_ORDER_CAP: Final = 100.0
CANARY_GROSS_CAP: Final = 500.0
FRAMES_KEPT: Final = 8

Breach = Callable[[Any, str, str], None]


@cache
def reaction_to(type_name: str) -> str:
    """The name of the method that hears a type: `_on_order_state` for `OrderState`."""
    return "_on_" + re.sub(r"(?<!^)(?=[A-Z])", "_", type_name).lower()


class Controls:
    """Hears every envelope; judges intents and orders as they are said."""

    def __init__(self, profile: Any, breach: Breach) -> None:
        self.limits = profile.risk
        self._canary: bool = profile.stage == "canary"
        self._breach = breach
        self._gate = "RECOVERING"
        self._feeds: dict[str, str] = {}
        self._void_seq: dict[str, int] = {}
        self._instruments: dict[str, Any] = {}
        self._columns: dict[str, int] = {}
        self._frames: dict[int, Any] = {}
        self._marks: dict[str, float] = {}
        self._rates: dict[str, float] = {profile.account.currency: 1.0}
        self._held: dict[str, float] = {}
        self._orders: dict[str, Any] = {}
        self._symbols: dict[str, str] = {}
        self._equity: Any = None
        self._equity_ns = 0
        self._slate_ns = 0
        self._intents: dict[int, Any] = {}
        self._sent: list[tuple[int, Any]] = []
        self._window_ns = SECOND * float(max(profile.risk.repeat_window_s, 60.0))

    def symbol_of(self, client_id: str) -> str:
        """The instrument of an order."""
        return self._symbols.get(client_id, "")

    def hear(self, envelope: Any) -> None:
        """Take the next message."""
        heard = getattr(self, reaction_to(type(envelope.payload).__name__), None)
        if heard is not None:
            heard(envelope, envelope.payload)

    def _on_run_started(self, envelope: Any, said: Any) -> None:
        self._feeds = {}

    def _on_gate_state(self, envelope: Any, said: Any) -> None:
        self._gate = said.state

    def _on_feed_status(self, envelope: Any, said: Any) -> None:
        for symbol in said.symbols or tuple(self._columns):
            self._feeds[symbol] = said.state
            if said.state in ("gap", "down"):
                self._void_seq[symbol] = envelope.seq

    def _on_universe_changed(self, envelope: Any, said: Any) -> None:
        self._instruments = {each.symbol: each for each in said.universe.instruments}
        self._columns = {symbol: column for column, symbol in enumerate(self._instruments)}

    def _on_mark_frame(self, envelope: Any, said: Any) -> None:
        self._frames[envelope.seq] = said
        if len(self._frames) > FRAMES_KEPT:
            del self._frames[next(iter(self._frames))]
        for symbol, column in self._columns.items():
            if said.valid[column]:
                self._marks[symbol] = float(said.mid[column])

    def _on_fx_mark(self, envelope: Any, said: Any) -> None:
        self._rates[said.currency] = float(said.rate)

    def _on_venue_snapshot(self, envelope: Any, said: Any) -> None:
        if not self._held:
            self._held = {symbol: float(quantity) for symbol, quantity in said.positions.items()}

    def _on_position(self, envelope: Any, said: Any) -> None:
        self._held[said.symbol] = float(said.quantity)

    def _on_equity(self, envelope: Any, said: Any) -> None:
        self._equity, self._equity_ns = said, envelope.at_ns

    def _on_slate(self, envelope: Any, said: Any) -> None:
        self._slate_ns = envelope.at_ns

    def _on_order_state(self, envelope: Any, said: Any) -> None:
        self._symbols[said.client_id] = said.symbol
        if said.open > 0:
            self._orders[said.client_id] = said
        else:
            self._orders.pop(said.client_id, None)

    def _on_intent(self, envelope: Any, said: Any) -> None:
        self._intents[envelope.seq] = said
        self._numbers(envelope, said)
        self._data(envelope, said)

    def _on_order(self, envelope: Any, said: Any) -> None:
        self._symbols[said.client_id] = said.symbol
        intent = self._intents.pop(said.intent_seq, None)
        if intent is None:
            return
        self._state(envelope, said)
        self._pace(envelope, said)
        self._own_orders(envelope, said)
        if said.reduce_only:
            self._reduction(envelope, said)
        else:
            self._money(envelope, intent)
            self._exposure(envelope, said)
        self._sent = [(at, each) for at, each in self._sent if envelope.at_ns - at < self._window_ns]
        self._sent.append((envelope.at_ns, said))

    def _worth(self, symbol: str, price: float) -> float:
        return price * self._rates.get(self._instruments[symbol].quote, float("nan"))

    def _numbers(self, envelope: Any, intent: Any) -> None:
        instrument = self._instruments[intent.symbol]
        quantity, limit = intent.quantity, intent.limit
        if not (quantity.is_finite() and limit.is_finite() and quantity > 0 and limit > 0):
            self._breach(envelope, "I32", f"quantity {quantity} at {limit}")
            return
        if quantity % instrument.lot or limit % instrument.tick:
            self._breach(envelope, "I32", f"{quantity} at {limit} is off the grid of {intent.symbol}")
        if quantity > instrument.quantity_max:
            self._breach(envelope, "I10", f"C1 quantity {quantity}")
        if quantity * limit < instrument.notional_min and not intent.reduce_only:
            self._breach(envelope, "I10", f"notional {quantity * limit} below the venue's smallest")
        notional = float(quantity) * self._worth(intent.symbol, max(float(limit), intent.mark))
        if not notional <= float(self.limits.order_notional_max) * ROUNDING:
            self._breach(envelope, "I10", f"C2 notional {notional:.2f}")
        if self._canary and not notional <= CANARY_ORDER_CAP * ROUNDING:
            self._breach(envelope, "I35", f"a canary's order of {notional:.2f}")

    def _data(self, envelope: Any, intent: Any) -> None:
        """The mark an intent was judged by: its age, its place, and that no gap lies between it and the decision."""
        limits, frame, column = self.limits, self._frames.get(intent.mark_seq), self._columns[intent.symbol]
        if frame is None or not frame.valid[column]:
            self._breach(envelope, "I14", f"{intent.symbol} has no valid mark at seq {intent.mark_seq}")
            return
        tick_ns, tick_seq = int(frame.tick_ns[column]), int(frame.tick_seq[column])
        age_s = (envelope.at_ns - tick_ns) / SECOND
        if not (0 <= age_s <= limits.mark_age_s_max and abs(age_s - intent.mark_age_s) < 1e-6):
            self._breach(envelope, "I14", f"C14 mark of {intent.symbol} is {age_s} s old, said {intent.mark_age_s}")
        if tick_seq <= self._void_seq.get(intent.symbol, 0):
            self._breach(envelope, "I14", f"mark of {intent.symbol} is from before a gap")
        if self._feeds.get(intent.symbol) != "live":
            self._breach(envelope, "I14", f"C15 feed of {intent.symbol} is {self._feeds.get(intent.symbol)}")
        mid, limit = float(frame.mid[column]), float(intent.limit)
        if not abs(limit - mid) / mid <= limits.collar_ratio_max:
            self._breach(envelope, "I10", f"C3 limit {limit} against the mid {mid}")
        far = float(frame.ask[column] if intent.side == "buy" else frame.bid[column])
        beyond = (limit - far if intent.side == "buy" else far - limit) / far * 1e4
        if not beyond <= limits.through_bps_max + 1e-4:
            self._breach(envelope, "I10", f"C4 limit {limit} is {beyond} bps through {far}")

    def _state(self, envelope: Any, order: Any) -> None:
        if not (self._gate == "TRADING" or (self._gate == "REDUCING" and order.reduce_only)):
            self._breach(envelope, "I11", f"{order.client_id} in {self._gate}")
        if envelope.at_ns >= order.expires_ns:
            self._breach(envelope, "I11", f"{order.client_id} after its expiry")

    def _pace(self, envelope: Any, order: Any) -> None:
        limits, sent = self.limits, self._sent
        minute = 1 + sum(envelope.at_ns - at < 60 * SECOND for at, _ in sent)
        if minute > limits.orders_per_minute + limits.orders_burst:
            self._breach(envelope, "I10", f"C5 {minute} orders in a minute")
        adding = sum(not each.reduce_only for _, each in sent)
        if not order.reduce_only and adding + 1 > limits.repeats_max:
            self._breach(envelope, "I10", f"C6 {adding + 1} orders in the window")
        shape = (order.symbol, order.side, order.quantity, order.limit)
        ages = [envelope.at_ns - at for at, it in sent if (it.symbol, it.side, it.quantity, it.limit) == shape]
        if ages and min(ages) < limits.duplicate_s * SECOND:
            self._breach(envelope, "I10", f"C7 {order.client_id} repeats an order of {min(ages) / SECOND} s ago")

    def _own_orders(self, envelope: Any, order: Any) -> None:
        for other in self._orders.values():
            if other.symbol == order.symbol and other.side != order.side:
                crosses = order.limit >= other.limit if order.side == "buy" else order.limit <= other.limit
                if crosses:
                    self._breach(envelope, "I16", f"C13 {order.client_id} crosses {other.client_id}")

    def _reduction(self, envelope: Any, order: Any) -> None:
        held = self._held.get(order.symbol, 0.0)
        against = held > 0 if order.side == "sell" else held < 0
        if not against or float(order.quantity) > abs(held) * (1 + 1e-12):
            self._breach(envelope, "I10", f"C8 {order.side} {order.quantity} does not reduce {held}")

    def _money(self, envelope: Any, intent: Any) -> None:
        limits, equity = self.limits, self._equity
        if equity is None or not equity.complete:
            self._breach(envelope, "I10", "C14 equity is not complete")
            return
        if not equity.day_start - equity.equity <= limits.loss_max:
            self._breach(envelope, "I10", f"C11 loss of {equity.day_start - equity.equity}")
        budget = limits.cvar_budget_ratio * float(equity.equity)
        if not (intent.cvar_after <= intent.cvar_max + 1e-9 and intent.cvar_max <= budget + 1e-9):
            self._breach(envelope, "I10", f"C12 cvar {intent.cvar_after}, at most {intent.cvar_max} of {budget}")
        if envelope.at_ns - self._equity_ns > limits.equity_age_s_max * SECOND:
            self._breach(envelope, "I10", "C14 equity is old")
        if envelope.at_ns - self._slate_ns > limits.slate_age_s_max * SECOND:
            self._breach(envelope, "I10", "C14 slate is old")

    def _exposure(self, envelope: Any, order: Any) -> None:
        """The book with this order, every open order filled to its worst side."""
        long, short = dict.fromkeys(self._marks, 0.0), dict.fromkeys(self._marks, 0.0)
        open_notional = 0.0
        for each in [*self._orders.values(), order]:
            left = float(getattr(each, "open", order.quantity))
            worth = left * self._worth(each.symbol, max(self._marks[each.symbol], float(each.limit)))
            (long if each.side == "buy" else short)[each.symbol] += worth
            open_notional += worth
        now = {each: self._held.get(each, 0.0) * self._worth(each, mark) for each, mark in self._marks.items()}
        worst = {each: max(abs(now[each] + long[each]), abs(now[each] - short[each])) for each in now}
        gross, limits = sum(worst.values()), self.limits
        net = max(abs(sum(now[each] + long[each] for each in now)), abs(sum(now[each] - short[each] for each in now)))
        free = float(self._equity.cash if self._equity is not None else "nan") - float(limits.cash_reserve)
        found = (
            ("symbol", worst[order.symbol], float(limits.symbol_notional_max)),
            ("gross", gross, float(limits.gross_notional_max)),
            ("net", net, float(limits.net_notional_max)),
            ("open orders", open_notional, float(limits.open_notional_max)),
            ("count", len(self._orders) + 1, limits.open_orders_max),
            ("cash", sum(long.values()), free if order.side == "buy" else float("inf")),
        )
        for what, was, most in found:
            if not was <= most * ROUNDING:
                self._breach(envelope, "I9", f"{what} {was:.2f}, at most {most:.2f}, with {order.client_id}")
        if self._canary and gross > CANARY_GROSS_CAP * ROUNDING:
            self._breach(envelope, "I35", f"a canary's book of {gross:.2f}")
        instrument = self._instruments[order.symbol]
        if not instrument.can_short and now[order.symbol] - short[order.symbol] < -1e-9:
            self._breach(envelope, "I10", f"C15 {order.symbol} sold short")
