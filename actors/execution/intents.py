"""From an intent to an order: its derived name, and the desk's own look at what the gate let through."""

from actors.execution.memory import Memory
from contracts.decision import GateState, Intent
from contracts.envelope import Envelope
from contracts.identity import OrderIdentity, client_order_id
from contracts.instrument import Universe
from contracts.quantities import Nanos
from contracts.trade import Order


def order_of(envelope: Envelope[Intent], account_epoch: int) -> Order:
    """The one order of an intent. It is never sent a second time, so its attempt stays 0."""
    intent = envelope.payload
    return Order(
        client_id=client_order_id(OrderIdentity(account_epoch, intent.decision, intent.leg, 0)),
        decision=intent.decision,
        leg=intent.leg,
        attempt=0,
        symbol=intent.symbol,
        side=intent.side,
        quantity=intent.quantity,
        limit=intent.limit,
        reduce_only=intent.reduce_only,
        expires_ns=intent.expires_ns,
        intent_seq=envelope.seq,
    )


def objections(
    order: Order,
    version: int,
    account_epoch: int,
    gate: GateState,
    universe: Universe | None,
    memory: Memory,
    at_ns: Nanos,
) -> list[str]:
    """Every reason not to send it, empty for none: two checks for one number where money leaves."""
    said = []
    if account_epoch < 1:
        said.append("no run has started")
    if not (gate.state == "TRADING" or (gate.state == "REDUCING" and order.reduce_only)):
        said.append(f"the account is {gate.state}")
    if memory.find(order.client_id) is not None:
        said.append(f"{order.client_id} was already an order")
    busy = memory.in_flight(order.symbol)
    if busy:
        said.append(f"{busy} of {order.symbol} is in flight")
    if at_ns >= order.expires_ns:
        said.append("the intent has expired")
    return said + _off_the_rules(order, version, universe)


def _off_the_rules(order: Order, version: int, universe: Universe | None) -> list[str]:
    column = universe.positions.get(order.symbol) if universe is not None else None
    if universe is None or column is None:
        return [f"{order.symbol} is not in the universe"]
    instrument = universe.instruments[column]
    if instrument.version != version:
        return [f"rules of {order.symbol} are version {instrument.version}, it was judged by version {version}"]
    try:
        lots, ticks = instrument.lots(order.quantity), instrument.ticks(order.limit)
    except ValueError as off_grid:
        return [str(off_grid)]
    return [] if lots > 0 and ticks > 0 else [f"{order.symbol}: {lots} lots at {ticks} ticks, expected more than 0"]
