"""What a journal and a broker's ledger say about the same account, held against each other as both grow.

It reads the journal from the disk and the ledger from the broker's own file, and shares no code with the engine.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from adapters.journal.disk import Disk
from adapters.journal.reader import records
from adapters.journal.record import Record
from adapters.simulated.ledger import Filled, Placed, read
from contracts import codec
from contracts.envelope import Envelope
from contracts.quantities import SECOND_NS, sign

ANSWERS: Final = frozenset(
    ["OrderAccepted", "OrderRejected", "OrderUnknown", "OrderNotSent", "OrderReport", "Fill", "OrderCancelled"]
)
HEARD: Final = ANSWERS | frozenset(
    ["RunStarted", "GateState", "Intent", "Order", "OrderState", "Execution", "Position", "Reconciled", "RunStopped"]
)
ALIVE: Final = ("SENDING", "OPEN", "UNKNOWN", "CANCELLING")


class Books:
    """Folds the records of one run; `problems` are sentences, `found` are counts.

    `check` is for the moments in which no process runs: what the journal called agreed is compared with the ledger,
    trade by trade, and the last process's orders without an answer are counted.
    """

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.problems: list[str] = []
        self.trading_s = 0.0
        self.recovery_s: list[float] = []
        self._started_ns = 0
        self._seq = 0
        self._turn = 0
        self._epoch = self._account_epoch = 0
        self._proved_epoch = 0
        self._epochs_trading: set[int] = set()
        self._trading_ns = 0
        self._last_ns = 0
        self._waiting: dict[str, int] = {}
        self._ordered: set[str] = set()
        self._intents: dict[tuple[int, int, int], int] = {}
        self._states: dict[tuple[int, int, int], str] = {}
        self._executed: dict[tuple[str, str], Decimal] = {}
        self._positions: dict[str, Decimal] = {}
        self._agreed: list[tuple[int, frozenset[tuple[str, str]], dict[str, Decimal]]] = []

    @property
    def epochs_trading(self) -> int:
        """How many processes came to trade."""
        return len(self._epochs_trading)

    @property
    def records(self) -> int:
        """How many messages were read."""
        return self._seq

    def read(self, disk: Disk) -> None:
        """Take what the journal has beyond the last reading."""
        for record in records(disk):
            if record.seq <= self._seq:
                continue
            self._seq = record.seq
            self._turn, self._last_ns = record.turn, record.at_ns
            if record.type in HEARD:
                self._hear(record, codec.decode(record.type, record.payload))

    def check(self, ledger: Path, *, final: bool) -> None:
        """Hold the journal as read so far against the broker's ledger; `final` after an end in order."""
        self._stop_trading()
        in_flight = [name for name, epoch in self._waiting.items() if epoch == self._epoch]
        facts = list(read(ledger)) if ledger.exists() else []
        placed = Counter(fact.client_id for fact in facts if isinstance(fact, Placed))
        self.found["killed_in_flight"] += bool(in_flight) and not final
        self.found["killed_with_the_order_at_the_broker"] += any(name in placed for name in in_flight) and not final
        self._waiting.clear()
        self._problem("orders twice at the broker", [name for name, count in placed.items() if count > 1])
        self._problem(
            "orders at the broker that no journal holds", [name for name in placed if name not in self._ordered]
        )
        # A turn that was cut is redone by the next process, its intents with it.
        over = [each for each, turn in self._intents.items() if final or turn < self._turn]
        self._problem("lost intents", [each for each in over if each not in self._states])
        fills = [fact for fact in facts if isinstance(fact, Filled)]
        self._compare(fills)
        if final:
            self._end(fills)

    def _hear(self, record: Record, said: Any) -> None:
        kind = record.type
        if kind in ANSWERS:
            self._waiting.pop(said.client_id, None)
        self.found[kind] += 1
        match kind:
            case "RunStarted":
                self._epoch, self._account_epoch = said.epoch, said.account_epoch
                self._started_ns = record.at_ns
            case "GateState":
                self._gate(record.at_ns, said.state)
            case "Intent":
                self._intents[self._account_epoch, said.decision, said.leg] = record.turn
            case "Order":
                self._waiting[said.client_id] = self._epoch
                self._ordered.add(said.client_id)
            case "OrderState":
                self._states[int(said.client_id[1:].split("-")[0]), said.decision, said.leg] = said.state
            case "Execution":
                self._execute(said)
            case "Position":
                self._positions[said.symbol] = said.quantity
            case "Reconciled" if said.agreed:
                self._proved_epoch = self._epoch
                held = {symbol: quantity for symbol, quantity in self._positions.items() if quantity}
                self._agreed.append((record.seq, frozenset(self._executed), held))

    def _execute(self, said: Any) -> None:
        key = (said.symbol, said.trade_id)
        if key in self._executed:
            self.problems.append(f"trade {key} was booked twice")
        self._executed[key] = said.quantity * sign(said.side)

    def _gate(self, at_ns: int, state: str) -> None:
        self._last_ns = at_ns
        self._stop_trading()
        if state != "TRADING":
            return
        self._trading_ns = at_ns
        if self._epoch not in self._epochs_trading:
            self._epochs_trading.add(self._epoch)
            self.recovery_s.append((at_ns - self._started_ns) / SECOND_NS)
        if self._proved_epoch != self._epoch:
            self.problems.append(f"epoch {self._epoch} trades before its books were found to agree")

    def _stop_trading(self) -> None:
        if self._trading_ns:
            self.trading_s += (self._last_ns - self._trading_ns) / SECOND_NS
        self._trading_ns = 0

    def _compare(self, fills: list[Filled]) -> None:
        """Each time the journal found agreement, it held exactly the trades that the ledger had by then."""
        for seq, executed, held in self._agreed:
            theirs = fills[: len(executed)]
            if {(fill.symbol, fill.trade_id) for fill in theirs} != executed:
                self.problems.append(f"at seq {seq} the books agreed on other trades than the broker's")
            elif held != positions(theirs):
                self.problems.append(f"at seq {seq} the journal holds {held}, the broker {positions(theirs)}")
            self.found["agreements_compared"] += 1
        self._agreed.clear()

    def _end(self, fills: list[Filled]) -> None:
        alive = {each: state for each, state in self._states.items() if state in ALIVE}
        self._problem("orders without an end", list(alive.items()))
        ours = {symbol: quantity for symbol, quantity in self._positions.items() if quantity}
        if ours != positions(fills):
            self.problems.append(f"positions differ: journal {ours}, broker {positions(fills)}")
        self._problem(
            "fills that were never booked", [f.trade_id for f in fills if (f.symbol, f.trade_id) not in self._executed]
        )
        self.found["fills"] = len(fills)

    def _problem(self, what: str, names: list[Any]) -> None:
        if names:
            self.problems.append(f"{what}: {len(names)}, the first {names[:5]}")


def positions(fills: Iterable[Filled]) -> dict[str, Decimal]:
    """What is held after some fills of the ledger, without what is flat."""
    held: dict[str, Decimal] = {}
    for fill in fills:
        held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + fill.quantity * sign(fill.side)
    return {symbol: quantity for symbol, quantity in held.items() if quantity}


def envelopes(disk: Disk) -> Iterator[Envelope[Any]]:
    """A journal as it was heard; of a digest, which only a replay can tell, the payload is None."""
    for record in records(disk):
        payload = codec.decode(record.type, record.payload) if record.kept else None
        yield Envelope(record.seq, record.turn, record.cause, record.at_ns, record.source, payload)
