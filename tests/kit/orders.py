"""Builders of orders, fills and account messages, and a stage on which actors answer each other as on the bus."""

from collections import deque
from decimal import Decimal
from typing import Any

import msgspec

from actors.execution.care import DeskSettings
from actors.ledger import LedgerSettings
from contracts.account import Equity
from contracts.column import flags, floats, integers
from contracts.decision import GateState, Intent
from contracts.envelope import Envelope
from contracts.life import RunStarted
from contracts.market import MarkFrame
from contracts.quantities import SECOND_NS, Side
from contracts.topics import topic_of
from contracts.trade import Execution, Fill, OpenOrder, Order, OrderReport, OrderState, VenueSnapshot
from runtime.actor import Actor
from tests.kit.market import NOON_NS


class Stage:
    """A bus for tests: first in, first out, seqs without holes, authors asserted, `check()` after every message."""

    def __init__(self, *actors: Actor, now_ns: int = NOON_NS) -> None:
        self.actors = actors
        self.now_ns = now_ns
        self.envelopes: list[Envelope] = []
        self.turn = 0

    def admit(self, payload: Any, *, after_s: float = 0.0, source: str = "outside") -> list[Any]:
        """One turn; returns everything said in it, without the message itself."""
        self.now_ns += round(after_s * SECOND_NS)
        self.turn += 1
        queue: deque[tuple[Any, str, int]] = deque([(payload, source, 0)])
        said: list[Any] = []
        while queue:
            message, author, cause = queue.popleft()
            seq = len(self.envelopes) + 1
            envelope = Envelope(seq, self.turn, cause, self.now_ns, author, message)
            self.envelopes.append(envelope)
            said.append(message)
            for actor in self.actors:
                if type(message) in actor.inputs:
                    answer = list(actor.receive(envelope))
                    assert all(topic_of(each).author == actor.role for each in answer), f"{actor.role} said {answer}"
                    queue.extend((each, actor.role, seq) for each in answer)
                    actor.check()
        return said[1:]

    def all(self, kind: type) -> list[Any]:
        """Every message of that type so far."""
        return [each.payload for each in self.envelopes if type(each.payload) is kind]

    def last(self, kind: type) -> Any:
        """The last message of that type."""
        return self.all(kind)[-1]


def of(kind: type, said: list[Any]) -> list[Any]:
    """The messages of one type in what was said."""
    return [each for each in said if type(each) is kind]


def round_trips(actor: Actor, twin: Actor) -> None:
    """Assert that a snapshot through bytes makes an equal twin that shares nothing."""
    from contracts.codec import decode_state, encode

    state = actor.snapshot()
    twin.restore(decode_state(actor.state_type(), encode(state)))
    assert encode(twin.snapshot()) == encode(state)
    assert actor.state_type() is type(state)


def a_start(*, epoch: int = 1, account_epoch: int | None = None) -> RunStarted:
    """A process that takes up the run."""
    return RunStarted(
        run="test",
        epoch=epoch,
        account="paper",
        account_epoch=epoch if account_epoch is None else account_epoch,
        profile="test",
        profile_digest="0",
        code="0",
        seed=1,
        fingerprint={},
    )


def a_gate_state(state: str = "TRADING", *reasons: str, latches: tuple[str, ...] = ()) -> GateState:
    """The account may do that."""
    return GateState(state, reasons, latches)  # type: ignore[arg-type]


def an_intent(*, symbol: str = "BTC-EUR", side: Side = "buy", **changed: Any) -> Intent:
    """An intent to trade 1 unit at up to 101.00 within five seconds of noon."""
    facts: dict[str, Any] = {
        "decision": 1,
        "leg": 0,
        "quantity": Decimal(1),
        "limit": Decimal(101) if side == "buy" else Decimal(99),
        "reduce_only": False,
        "mark": 100.0,
        "mark_seq": 1,
        "mark_age_s": 0.1,
        "mu": 0.001,
        "sigma": 0.01,
        "horizon_s": 3600.0,
        "notional": Decimal(100),
        "cvar_before": 0.0,
        "cvar_after": 1.0,
        "cvar_max": 5.0,
        "expires_ns": NOON_NS + 5 * SECOND_NS,
        "instrument_version": 1,
        "based_on": (1,),
    }
    return Intent(symbol=symbol, side=side, **(facts | changed))


def an_order(*, client_id: str = "k1-000001-00-0", side: Side = "buy", **changed: Any) -> Order:
    """An order for 1 unit at up to 101.00."""
    facts: dict[str, Any] = {
        "symbol": "BTC-EUR",
        "decision": 1,
        "leg": 0,
        "attempt": 0,
        "quantity": Decimal(1),
        "limit": Decimal(101) if side == "buy" else Decimal(99),
        "reduce_only": False,
        "expires_ns": NOON_NS + 5 * SECOND_NS,
        "intent_seq": 1,
    }
    return Order(client_id=client_id, side=side, **(facts | changed))


def a_fill(*, client_id: str = "k1-000001-00-0", trade_id: str = "t1", side: Side = "buy", **changed: Any) -> Fill:
    """A fill of 1 unit at 100.00 for a fee of 0.10 EUR."""
    facts: dict[str, Any] = {
        "symbol": "BTC-EUR",
        "quantity": Decimal(1),
        "price": Decimal(100),
        "fee": Decimal("0.1"),
        "fee_asset": "EUR",
        "event_ns": NOON_NS + SECOND_NS,
    }
    return Fill(client_id=client_id, trade_id=trade_id, side=side, **(facts | changed))


def an_execution(*, trade_id: str = "t1", side: Side = "buy", **changed: Any) -> Execution:
    """A booked fill of 1 unit at 100.00 for a fee of 0.10 EUR."""
    facts: dict[str, Any] = {
        "client_id": "k1-000001-00-0",
        "symbol": "BTC-EUR",
        "quantity": Decimal(1),
        "price": Decimal(100),
        "fee": Decimal("0.1"),
        "fee_asset": "EUR",
        "late": False,
        "external": False,
        "fill_seq": 1,
    }
    return Execution(trade_id=trade_id, side=side, **(facts | changed))


def a_report(state: str, *, filled: str = "0", asked_ns: int = NOON_NS, **changed: Any) -> OrderReport:
    """The venue's answer to a question."""
    facts: dict[str, Any] = {"client_id": "k1-000001-00-0", "authoritative": True}
    return OrderReport(state=state, filled=Decimal(filled), asked_ns=asked_ns, **(facts | changed))


def an_open_order(*, client_id: str = "k1-000001-00-0", side: Side = "buy", **changed: Any) -> OpenOrder:
    """An order for 1 unit that rests at the venue."""
    facts: dict[str, Any] = {
        "symbol": "BTC-EUR",
        "quantity": Decimal(1),
        "filled": Decimal(0),
        "limit": Decimal(101) if side == "buy" else Decimal(99),
    }
    return OpenOrder(client_id=client_id, side=side, **(facts | changed))


def a_snapshot(
    *open_orders: OpenOrder, asked_ns: int = NOON_NS, balances: dict[str, Any] | None = None, **positions: Any
) -> VenueSnapshot:
    """What the venue knows: EUR 500 and nothing else, unless said; positions as `BTC_EUR="0.5"`."""
    return VenueSnapshot(
        asked_ns=asked_ns,
        balances={asset: Decimal(amount) for asset, amount in (balances or {"EUR": 500}).items()},
        positions={name.replace("_", "-"): Decimal(amount) for name, amount in positions.items()},
        open_orders=open_orders,
    )


def an_order_state(state: str = "OPEN", **changed: Any) -> OrderState:
    """The desk's view of an order for 1 unit."""
    facts: dict[str, Any] = {
        "client_id": "k1-000001-00-0",
        "symbol": "BTC-EUR",
        "side": "buy",
        "quantity": Decimal(1),
        "filled": Decimal(0),
        "open": Decimal(1),
        "limit": Decimal(101),
        "decision": 1,
        "leg": 0,
        "reason": "",
    }
    return OrderState(state=state, **(facts | changed))


def an_equity(equity: str = "500", **changed: Any) -> Equity:
    """A complete equity in EUR, at its peak unless said."""
    facts: dict[str, Any] = {
        "currency": "EUR",
        "cash": Decimal(equity),
        "gross": Decimal(0),
        "net": Decimal(0),
        "unrealised": Decimal(0),
        "peak": max(Decimal(500), Decimal(equity)),
        "day": 20_454,
        "day_start": Decimal(500),
        "complete": True,
        "missing": (),
    }
    return Equity(equity=Decimal(equity), **(facts | changed))


def marks_of(*mids: float, at_ns: int = NOON_NS, spread: float = 0.02, seq: int = 1) -> MarkFrame:
    """Marks of a universe in column order; NaN is a mark that is not valid."""
    valid = [mid == mid for mid in mids]
    return MarkFrame(
        universe=1,
        bid=floats([mid - spread / 2 for mid in mids]),
        ask=floats([mid + spread / 2 for mid in mids]),
        mid=floats(list(mids)),
        tick_ns=integers([at_ns] * len(mids)),
        tick_seq=integers([seq] * len(mids)),
        valid=flags(valid),
    )


def desk_settings(**changed: Any) -> DeskSettings:
    """A desk that lets orders rest for a minute."""
    facts = {"order_ttl_s": 60.0, "answer_s": 5.0, "query_first_s": 1.0, "query_s_max": 30.0, "cancel_retry_s": 2.0}
    return DeskSettings(**(facts | changed))


def ledger_settings(**changed: Any) -> LedgerSettings:
    """A ledger in EUR."""
    facts: dict[str, Any] = {"currency": "EUR", "mark_age_s_max": 5.0, "rate_age_s_max": 60.0}
    return LedgerSettings(**(facts | changed))


def fields_of(message: msgspec.Struct, *names: str) -> tuple[Any, ...]:
    """Some fields of a message, to compare what matters."""
    return tuple(getattr(message, name) for name in names)
