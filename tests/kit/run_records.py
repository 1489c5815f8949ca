"""Journals in memory for the tests of records and reports: messages in, rows out."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from adapters.journal.record import BARE, Record
from bot.records.making import Read, read_journal
from contracts import codec
from contracts.account import Equity
from contracts.decision import DecisionLog, Verdict
from contracts.trade import OrderState
from tests.kit.market import at
from tests.kit.orders import a_start, an_execution

Said = tuple[float, Any]


def records_said(*messages: Said, bare: tuple[type, ...] = ()) -> Iterator[Record]:
    """Records of messages with the seconds after noon they were said at; of `bare` types the header alone."""
    for seq, (seconds, payload) in enumerate(messages, 1):
        kept = type(payload) not in bare
        yield Record(
            seq, seq, 0, at(seconds), "test", type(payload).__name__, 1,
            0 if kept else BARE, codec.encode(payload) if kept else b"",
        )  # fmt: skip


def read_from(*messages: Said, bare: tuple[type, ...] = ()) -> Read:
    """The tables of such a journal."""
    return read_journal(records_said((0.0, a_start()), *messages, bare=bare))


def an_equity(equity: str = "500", **changed: Any) -> Equity:
    """An account in EUR with nothing open."""
    facts: dict[str, Any] = {
        "currency": "EUR", "cash": Decimal(equity), "gross": Decimal(0), "net": Decimal(0),
        "unrealised": Decimal(0), "peak": max(Decimal(500), Decimal(equity)), "day": 20454,
        "day_start": Decimal(500), "complete": True, "missing": (),
    }  # fmt: skip
    return Equity(equity=Decimal(equity), **(facts | changed))


def a_verdict(**changed: Any) -> Verdict:
    """One intent let through, with four of five EUR of the budget used."""
    facts: dict[str, Any] = {
        "decision": 1, "intents": 1, "refusals": 0, "cvar_before": 0.0, "cvar_after": 4.0, "cvar_max": 5.0,
        "var_after": 3.0, "scenarios": 2048, "multiplier": 1.0, "based_on": (1,),
    }  # fmt: skip
    return Verdict(**(facts | changed))


def a_log(**changed: Any) -> DecisionLog:
    """The record of that decision."""
    facts: dict[str, Any] = {
        "decision": 1, "state": "TRADING", "slate_seq": 1, "selection_seq": 2, "intent_seqs": (3,),
        "refusal_seqs": (), "verdict_seq": 4, "equity": Decimal(500), "cvar_after": 4.0, "cvar_max": 5.0,
        "based_on": (1,),
    }  # fmt: skip
    return DecisionLog(**(facts | changed))


def a_fill(side: str, quantity: str, price: str, **changed: Any) -> Any:
    """A booked fill without a fee."""
    facts: dict[str, Any] = {"quantity": Decimal(quantity), "price": Decimal(price), "fee": Decimal(0)}
    return an_execution(side=side, **(facts | changed))  # type: ignore[arg-type]


def a_state(state: str, **changed: Any) -> OrderState:
    """The desk's view of the order of `tests.kit.orders.an_order`."""
    facts: dict[str, Any] = {
        "client_id": "k1-000001-00-0", "symbol": "BTC-EUR", "side": "buy", "quantity": Decimal(1),
        "filled": Decimal(0), "open": Decimal(0), "limit": Decimal(101), "decision": 1, "leg": 0, "reason": "",
    }  # fmt: skip
    return OrderState(**({"state": state} | facts | changed))


def plain(row: msgspec.Struct) -> dict[str, Any]:
    """A row as a dictionary."""
    return msgspec.structs.asdict(row)
