"""The account at the simulated venue: exact balances and positions, and the rules an order must obey."""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from adapters.simulated.ledger import Filled
from contracts.instrument import Instrument
from contracts.quantities import Money, Nanos, Side, sign
from contracts.trade import Order, VenueOrderState

NONE = Decimal(0)

Mid = Callable[[str], Decimal | None]
Value = Callable[[], None]


class Held(msgspec.Struct, kw_only=True):
    """One accepted order; while it does not rest, `pieces` executions are still to come.

    `in_vain` is how often the market had been told when there was nothing in it for the order.
    """

    venue_id: str
    client_id: str
    symbol: str
    side: Side
    quantity: Money
    limit: Money
    reduce_only: bool
    placed_ns: Nanos
    filled: Money = NONE
    state: VenueOrderState = "open"
    pieces: int = 0
    resting: bool = True
    in_vain: int | None = None

    @property
    def left(self) -> Money:
        """What may still be filled."""
        return self.quantity - self.filled if self.state == "open" else NONE


class Account:
    """Balances per quote asset and positions per symbol: the opening plus every fill and every payment of funding.

    What positions are worth is kept from one order to the next, and worked out anew for what was traded or has moved.
    """

    def __init__(self, balances: dict[str, Decimal]) -> None:
        self.balances = dict(balances)
        self.positions: dict[str, Decimal] = {}
        self._worth: dict[str, Money] = {}
        self._net = self._gross = NONE
        self._traded: dict[str, None] = {}

    def book(self, fill: Filled) -> None:
        """Apply one fill: a buy pays price x quantity, and the fee is paid in the same asset."""
        signed = fill.quantity * sign(fill.side)
        self.positions[fill.symbol] = self.positions.get(fill.symbol, NONE) + signed
        self._traded[fill.symbol] = None
        self.pay(fill.fee_asset, signed * fill.price + fill.fee)

    def pay(self, asset: str, amount: Money) -> None:
        """Take an amount from a balance; one below zero is put there."""
        self.balances[asset] = self.balances.get(asset, NONE) - amount

    def turn_to(self, moved: Iterable[str] | None, mid: Mid) -> None:
        """Value the positions by the middles of now; `moved` names what has moved since the last time, None: all."""
        symbols = self.positions if moved is None else {**self._traded, **dict.fromkeys(moved)}
        for symbol in symbols:
            quantity = self.positions.get(symbol, NONE)
            worth = quantity * (mid(symbol) or NONE) if quantity else NONE
            was = self._worth.get(symbol, NONE)
            self._worth[symbol] = worth
            self._net += worth - was
            self._gross += abs(worth) - abs(was)
        self._traded = {}

    def refusals(self, order: Order, instrument: Instrument, open_orders: Iterable[Held], value: Value) -> list[str]:
        """Every rule the order breaks, with the number that was and the number that may be; empty means accepted.

        `value` is called where the worth of the positions matters, and lets them `turn_to` the prices of now.
        """
        mine = [held for held in open_orders if held.symbol == order.symbol]
        return _grid(order, instrument) or [
            *_self_trade(order, mine),
            *self._short(order, instrument, mine),
            *(self._reduce_only(order) if order.reduce_only else self._margin(order, instrument, open_orders, value)),
        ]

    def _short(self, order: Order, instrument: Instrument, mine: list[Held]) -> list[str]:
        if order.side == "buy" or instrument.can_short:
            return []
        promised = sum((held.left for held in mine if held.side == "sell"), NONE)
        free = self.positions.get(order.symbol, NONE) - promised
        if order.quantity <= free:
            return []
        return [f"insufficient balance: {order.symbol} cannot be sold short, selling {order.quantity}, at most {free}"]

    def _reduce_only(self, order: Order) -> list[str]:
        position = self.positions.get(order.symbol, NONE)
        closing = -position * sign(order.side)
        if order.quantity <= closing:
            return []
        return [f"reduce only: {order.side} {order.quantity} with a position of {position}"]

    def _margin(self, order: Order, instrument: Instrument, open_orders: Iterable[Held], value: Value) -> list[str]:
        """Gross exposure with all open orders may be leverage times equity; quote assets count at par."""
        if order.quantity <= -self.positions.get(order.symbol, NONE) * sign(order.side):
            return []
        value()
        equity, gross = sum(self.balances.values(), self._net), order.quantity * order.limit + self._gross
        gross += sum((held.left * held.limit for held in open_orders if not held.reduce_only), NONE)
        most = equity * instrument.leverage_max
        return [] if gross <= most else [f"insufficient margin: gross would be {gross:.2f}, at most {most:.2f}"]


def _grid(order: Order, instrument: Instrument) -> list[str]:
    found = []
    for what, value, step in (("price", order.limit, instrument.tick), ("quantity", order.quantity, instrument.lot)):
        if not (value.is_finite() and value > 0):
            found.append(f"{what} was {value}, expected more than 0")
        elif value % step:
            found.append(f"{what} {value} is off the grid of {step}")
    if found:
        return found
    notional = order.quantity * order.limit
    # As on real venues: what only closes may be small, or dust could never be sold.
    if notional < instrument.notional_min and not order.reduce_only:
        found.append(f"notional {notional.normalize():f} is below the minimum of {instrument.notional_min}")
    if order.quantity > instrument.quantity_max:
        found.append(f"quantity {order.quantity} is above the maximum of {instrument.quantity_max}")
    return found


def _self_trade(order: Order, mine: list[Held]) -> list[str]:
    for held in mine:
        crossed = order.limit >= held.limit if order.side == "buy" else order.limit <= held.limit
        if held.side != order.side and held.left and crossed:
            return [f"self trade: own order {held.client_id} rests at {held.limit}"]
    return []
