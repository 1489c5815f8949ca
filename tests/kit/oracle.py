"""An independent auditor of runs: it reads what was said and finds every breach of the project's invariants.

It shares no code with the engine. It knows messages by the names of their types and fields, does its own arithmetic,
and works in one pass, so that a soak of days can ask it as it goes. The numbers are those of the list of invariants:
I1 I2 I3 I4 I5 I6 I7 I8 I12 I13 I17 I40 here; I9 I10 I11 I14 I32 I35 in `tests.kit.oracle_controls`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from tests.kit.oracle_controls import Controls, reaction_to

ALIVE: Final = ("SENDING", "OPEN", "UNKNOWN", "CANCELLING")
ENDED: Final = ("FILLED", "CANCELLED", "REJECTED", "NOT_SENT")
PROOFS: Final = ("OrderRejected", "OrderNotSent", "OrderReport")
SAME_IN_ORDER: Final = ("decision", "leg", "symbol", "side", "quantity", "limit", "reduce_only", "expires_ns")
SAME_IN_EXECUTION: Final = ("client_id", "symbol", "trade_id", "side", "quantity", "price", "fee", "fee_asset")
CENT_OF_A_CENT: Final = Decimal("1E-8")
NONE: Final = Decimal(0)


@dataclass
class Life:
    """One order or unsent intent, by its client id."""

    decision: int
    quantity: Decimal
    state: str = ""
    filled: Decimal = NONE
    ends: int = 0


@dataclass
class Money:
    """Cash and positions as the opening and the executions make them."""

    cash: dict[str, Decimal] = field(default_factory=dict)
    held: dict[str, Decimal] = field(default_factory=dict)
    opened: bool = False

    def agrees(self, snapshot: Any) -> bool:
        """Whether the venue says the same; what one side does not name is zero there."""
        return _nonzero(self.cash) == _nonzero(snapshot.balances) and _nonzero(self.held) == _nonzero(
            snapshot.positions
        )


class Oracle:
    """Hears every envelope of a run in order; `breaches` are sentences that begin with the invariant's number."""

    def __init__(self, profile: Any) -> None:
        self.breaches: list[str] = []
        self.money = Money()
        self.lives: dict[str, Life] = {}
        self.controls = Controls(profile, self._breach)
        self._currency: str = profile.account.currency
        self._seq = 0
        self._turn = 0
        self._account_epoch = 0
        self._said_in_turn: dict[int, Any] = {}
        self._intents: dict[int, Any] = {}
        self._waiting: dict[tuple[int, int], None] = {}
        self._last_intent = (0, -1)
        self._unbooked: dict[tuple[str, str], Any] = {}
        self._paid: dict[tuple[str, str], Any] = {}
        self._booked: set[tuple[str, str]] = set()
        self._quotes: dict[str, str] = {}
        self._latches: tuple[str, ...] = ()
        self._alive: dict[str, str] = {}

    def hear(self, envelope: Any) -> None:
        """Take the next message."""
        if envelope.seq != self._seq + 1 and self._seq:
            self._breach(envelope, "I18", f"a hole in the seqs after {self._seq}")
        self._seq = envelope.seq
        if envelope.turn != self._turn:
            self._end_turn(envelope)
        self._said_in_turn[envelope.seq] = envelope.payload
        heard = getattr(self, reaction_to(type(envelope.payload).__name__), None)
        if heard is not None:
            heard(envelope, envelope.payload)
        self.controls.hear(envelope)

    def end(self) -> list[str]:
        """The run is over: every breach, those included that only an end can show."""
        self._end_turn(None)
        for decision, leg in self._waiting:
            self.breaches.append(f"I40 intent {decision}/{leg} never became an order or an end")
        for name, life in self.lives.items():
            if life.ends != 1 and life.state not in ALIVE and life.decision:
                self.breaches.append(f"I40 {name} has {life.ends} ends")
        return self.breaches

    def _breach(self, envelope: Any, invariant: str, text: str) -> None:
        where = f" at seq {envelope.seq}" if envelope is not None else ""
        self.breaches.append(f"{invariant} {text}{where}")

    def _end_turn(self, envelope: Any) -> None:
        for key, fill in self._unbooked.items():
            if fill.client_id in self.lives:
                self._breach(envelope, "I5", f"fill {key} was not booked in its turn")
        self._unbooked.clear()
        self._said_in_turn.clear()
        self._turn = envelope.turn if envelope is not None else 0

    def _on_run_started(self, envelope: Any, said: Any) -> None:
        if said.account_epoch <= self._account_epoch:
            self._breach(envelope, "I22", f"account epoch {said.account_epoch} after {self._account_epoch}")
        self._account_epoch = said.account_epoch
        self._last_intent = (0, -1)

    def _on_universe_changed(self, envelope: Any, said: Any) -> None:
        self._quotes.update({each.symbol: each.quote for each in said.universe.instruments})

    def _on_intent(self, envelope: Any, said: Any) -> None:
        self._intents[envelope.seq] = said
        key = (said.decision, said.leg)
        if key <= self._last_intent:
            self._breach(envelope, "I2", f"intent {key} comes after {self._last_intent}")
        self._last_intent = key
        self._waiting[key] = None

    def _on_order(self, envelope: Any, said: Any) -> None:
        name, intent = said.client_id, self._intents.pop(said.intent_seq, None)
        if intent is None or envelope.cause != said.intent_seq:
            self._breach(envelope, "I1", f"{name} has no intent under a lower seq")
            return
        if any(getattr(intent, each) != getattr(said, each) for each in SAME_IN_ORDER):
            self._breach(envelope, "I1", f"{name} is not what its intent was")
        if name != f"k{self._account_epoch}-{said.decision:06d}-{said.leg:02d}-{said.attempt}":
            self._breach(envelope, "I2", f"{name} is not made of epoch, decision, leg and attempt")
        if name in self.lives:
            self._breach(envelope, "I2", f"{name} was an order before")
        busy = [other for other, symbol in self._alive.items() if symbol == said.symbol]
        if busy:
            self._breach(envelope, "I3", f"{name} is sent while {busy[0]} of {said.symbol} may still fill")
        self.lives[name] = Life(said.decision, said.quantity)
        self._alive[name] = said.symbol

    def _on_order_state(self, envelope: Any, said: Any) -> None:
        life = self.lives.get(said.client_id)
        if life is None:
            life = self.lives[said.client_id] = Life(said.decision, said.quantity)
            if said.decision and said.state != "NOT_SENT":
                self._breach(envelope, "I1", f"{said.client_id} is {said.state} and was never an order")
        self._waiting.pop((said.decision, said.leg), None)
        if life.state in ENDED and said.state != life.state:
            self._breach(envelope, "I7", f"{said.client_id} was {life.state} and is {said.state}")
        if life.state == "UNKNOWN" and said.state in ("REJECTED", "NOT_SENT"):
            proof = type(self._said_in_turn.get(envelope.cause)).__name__
            if proof not in PROOFS:
                self._breach(envelope, "I8", f"{said.client_id} is {said.state} after UNKNOWN because of a {proof}")
        if said.state in ENDED and life.state not in ENDED:
            life.ends += 1
            self._alive.pop(said.client_id, None)
        life.state = said.state
        if said.decision and said.filled != life.filled:
            self._breach(envelope, "I4", f"{said.client_id} says filled {said.filled}, executions say {life.filled}")

    def _on_fill(self, envelope: Any, said: Any) -> None:
        key = (said.symbol, said.trade_id)
        if key not in self._booked:
            self._unbooked[key] = said

    def _on_execution(self, envelope: Any, said: Any) -> None:
        key = (said.symbol, said.trade_id)
        fill = self._unbooked.pop(key, None)
        if key in self._booked:
            self._breach(envelope, "I5", f"fill {key} is booked twice")
        elif fill is None or any(getattr(fill, each) != getattr(said, each) for each in SAME_IN_EXECUTION):
            self._breach(envelope, "I5", f"execution {key} is not what the venue said")
        self._booked.add(key)
        signed = said.quantity if said.side == "buy" else -said.quantity
        cash, quote = self.money.cash, self._quotes.get(said.symbol, self._currency)
        cash[quote] = cash.get(quote, NONE) - signed * said.price
        cash[said.fee_asset] = cash.get(said.fee_asset, NONE) - said.fee
        self.money.held[said.symbol] = self.money.held.get(said.symbol, NONE) + signed
        life = self.lives.get(said.client_id)
        if life is not None:
            life.filled += said.quantity
            if life.filled > life.quantity:
                self._breach(envelope, "I4", f"{said.client_id} filled {life.filled} of {life.quantity}")

    def _on_funding_paid(self, envelope: Any, said: Any) -> None:
        self._paid.setdefault((said.symbol, said.payment_id), said)

    def _on_funding_booked(self, envelope: Any, said: Any) -> None:
        key = (said.symbol, said.payment_id)
        paid = self._paid.get(key)
        if key in self._booked:
            self._breach(envelope, "I5", f"funding {key} is booked twice")
        elif paid is None or (paid.asset, paid.amount, paid.rate) != (said.asset, said.amount, said.rate):
            self._breach(envelope, "I5", f"funding {key} is not what the venue said")
        self._booked.add(key)
        self.money.cash[said.asset] = self.money.cash.get(said.asset, NONE) - said.amount

    def _on_venue_snapshot(self, envelope: Any, said: Any) -> None:
        if not self.money.opened:
            self.money = Money(dict(said.balances), dict(said.positions), True)

    def _on_reconciled(self, envelope: Any, said: Any) -> None:
        snapshot = self._said_in_turn[said.snapshot_seq]
        if said.agreed != self.money.agrees(snapshot):
            self._breach(envelope, "I13", f"reconciled says agreed={said.agreed}, the sums say otherwise")
        if said.settled and not said.agreed:
            self._breach(envelope, "I13", f"at rest, and {'; '.join(said.mismatches)}")

    def _on_position(self, envelope: Any, said: Any) -> None:
        expected = self.money.held.get(said.symbol, NONE)
        if said.quantity != expected:
            self._breach(envelope, "I6", f"position of {said.symbol} is {said.quantity}, fills say {expected}")

    def _on_equity(self, envelope: Any, said: Any) -> None:
        assets = [asset for asset, amount in self.money.cash.items() if amount]
        if assets == [self._currency]:
            expected = self.money.cash[self._currency].quantize(CENT_OF_A_CENT)
            if said.cash != expected:
                self._breach(envelope, "I6", f"cash is {said.cash}, fills say {expected}")
        if abs(said.equity - said.cash - said.net) > CENT_OF_A_CENT and said.complete:
            self._breach(envelope, "I6", f"equity {said.equity} is not cash {said.cash} plus net {said.net}")

    def _on_gate_state(self, envelope: Any, said: Any) -> None:
        lost = [name for name in self._latches if name not in said.latches]
        cause = type(self._said_in_turn.get(envelope.cause)).__name__
        if lost and cause not in ("Resume", "RunStarted"):
            self._breach(envelope, "I17", f"latch {', '.join(lost)} was lifted by a {cause}")
        if "halt" in said.latches and said.state != "HALTED":
            self._breach(envelope, "I12", f"the account is {said.state} with a halt latched")
        self._latches = said.latches


def audit(envelopes: Iterable[Any], profile: Any) -> list[str]:
    """Every breach in a run that is over, empty for none."""
    oracle = Oracle(profile)
    for envelope in envelopes:
        oracle.hear(envelope)
    return oracle.end()


def _nonzero(amounts: dict[str, Decimal]) -> dict[str, Decimal]:
    return {name: amount for name, amount in amounts.items() if amount}
