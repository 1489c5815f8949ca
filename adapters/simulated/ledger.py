"""The venue's own append-only ledger: one JSON line per fact, written before anyone is told; the independent truth.

A restarted venue recovers from it, and `audit` adds it up without the broker's code. A last line without its newline
was cut by a crash and never told to anyone: it is dropped. Anything else that does not read is damage and raises.
"""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from contracts.quantities import Money, Nanos, Side, sign


class LedgerDamaged(ValueError):
    """A line of a ledger does not read; the message names the file and the line."""


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="opened"):
    """The account began with these balances."""

    at_ns: Nanos
    balances: dict[str, Decimal]


class Placed(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="placed"):
    """An order was accepted."""

    at_ns: Nanos
    venue_id: str
    client_id: str
    symbol: str
    side: Side
    quantity: Money
    limit: Money
    reduce_only: bool


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="refused"):
    """An order was rejected."""

    at_ns: Nanos
    client_id: str
    reason: str


class Filled(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="filled"):
    """Part of an order was executed."""

    at_ns: Nanos
    venue_id: str
    client_id: str
    symbol: str
    trade_id: str
    side: Side
    quantity: Money
    price: Money
    fee: Money
    fee_asset: str


class Settled(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="settled"):
    """A position in a perpetual paid its funding; an amount below zero came in."""

    at_ns: Nanos
    symbol: str
    payment_id: str
    asset: str
    amount: Money
    rate: float
    settled_ns: Nanos


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="ended"):
    """What was left of an order was cancelled."""

    at_ns: Nanos
    venue_id: str
    client_id: str


Fact = Opened | Placed | Refused | Filled | Settled | Ended

_DECODER: Final[msgspec.json.Decoder[Fact]] = msgspec.json.Decoder(Fact)
_ENCODER: Final = msgspec.json.Encoder()


class LedgerFile:
    """A ledger open for appending; `sync` also waits for the disk with every line."""

    def __init__(self, path: Path, *, sync: bool = False) -> None:
        self.facts = tuple(read(path)) if path.exists() else ()
        _drop_torn_line(path)
        self._file = path.open("ab")
        self._sync = sync

    def append(self, fact: Fact) -> None:
        """Write one line and hand it to the system; returns when it would survive the end of this process."""
        self._file.write(_ENCODER.encode(fact) + b"\n")
        self._file.flush()
        if self._sync:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class NoLedger:
    """For a venue that lives and dies with its process."""

    facts: tuple[Fact, ...] = ()

    def append(self, fact: Fact) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Nothing is open."""


def read(path: Path) -> Iterator[Fact]:
    """The facts of a ledger; raises LedgerDamaged for a whole line that does not read."""
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            yield _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise LedgerDamaged(f"{path}, line {number}: {error}") from error


class OrderAudit(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one accepted order."""

    venue_id: str
    symbol: str
    side: Side
    quantity: Money
    filled: Money
    ended: bool


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger added up. `duplicates` counts orders accepted under a client id that already had one."""

    positions: dict[str, Decimal]
    cash: dict[str, Decimal]
    orders: dict[str, tuple[OrderAudit, ...]]
    fills: int
    refused: int
    duplicates: int


def audit(path: Path) -> Audit:
    """Positions, cash and orders as the lines of a ledger say; raises LedgerDamaged."""
    cash: dict[str, Decimal] = {}
    positions: dict[str, Decimal] = {}
    orders: dict[str, dict[str, OrderAudit]] = {}
    fills = refused = 0
    for fact in read(path):
        if isinstance(fact, Opened):
            cash.update(fact.balances)
        elif isinstance(fact, Refused):
            refused += 1
        elif isinstance(fact, Filled):
            fills += 1
            signed = fact.quantity * sign(fact.side)
            positions[fact.symbol] = positions.get(fact.symbol, Decimal(0)) + signed
            # This venue takes its fees in the quote asset, so one asset pays both.
            cash[fact.fee_asset] = cash.get(fact.fee_asset, Decimal(0)) - signed * fact.price - fact.fee
        elif isinstance(fact, Settled):
            cash[fact.asset] = cash.get(fact.asset, Decimal(0)) - fact.amount
        if isinstance(fact, Placed | Filled | Ended):
            _follow(orders.setdefault(fact.client_id, {}), fact)
    return Audit(
        positions=positions,
        cash=cash,
        orders={client_id: tuple(known.values()) for client_id, known in orders.items()},
        fills=fills,
        refused=refused,
        duplicates=sum(len(known) - 1 for known in orders.values()),
    )


def _follow(known: dict[str, OrderAudit], fact: Placed | Filled | Ended) -> None:
    if isinstance(fact, Placed):
        known[fact.venue_id] = OrderAudit(
            venue_id=fact.venue_id,
            symbol=fact.symbol,
            side=fact.side,
            quantity=fact.quantity,
            filled=Decimal(0),
            ended=False,
        )
        return
    before = known[fact.venue_id]
    if isinstance(fact, Filled):
        filled = before.filled + fact.quantity
        known[fact.venue_id] = msgspec.structs.replace(before, filled=filled, ended=filled == before.quantity)
    else:
        known[fact.venue_id] = msgspec.structs.replace(before, ended=True)


def _drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
