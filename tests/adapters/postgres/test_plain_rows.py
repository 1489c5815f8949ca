"""Rows of decisions, orders and the account: exact money, times to the microsecond, and nothing for no number."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from adapters.postgres import plain_rows
from adapters.postgres.tables import BY_NAME
from contracts.account import Equity, Position
from contracts.decision import DecisionLog, Reason, Refusal
from contracts.trade import Execution, Order, OrderState
from tests.kit.every_message import a_message


def said(teller, message) -> dict[str, object]:
    ((table, row),) = teller(message)
    return dict(zip(BY_NAME[table].columns, row, strict=True)) | {"table": table}


def test_every_teller_fills_the_columns_of_its_table() -> None:
    tellers: dict[type[msgspec.Struct], Any] = {
        DecisionLog: plain_rows.decision,
        Refusal: plain_rows.refusal,
        Order: plain_rows.order,
        OrderState: plain_rows.order_state,
        Execution: plain_rows.fill,
        Position: plain_rows.position,
        Equity: plain_rows.equity,
    }
    tables = [said(teller, a_message(kind))["table"] for kind, teller in tellers.items()]
    assert tables == ["decisions", "refusals", "orders", "order_states", "fills", "positions", "equity"]


def test_a_fill_keeps_every_digit() -> None:
    row = said(plain_rows.fill, a_message(Execution, price=Decimal("0.10000000000000000001"), late=True))
    assert row["price"] == Decimal("0.10000000000000000001") and row["late"] is True


def test_a_refusal_tells_every_control() -> None:
    message = a_message(Refusal, reasons=(Reason("C7", "too much"), Reason("C15", "too old")))
    row = said(plain_rows.refusal, message)
    assert (row["controls"], row["reasons"]) == (["C7", "C15"], ["too much", "too old"])


def test_no_number_is_nothing() -> None:
    log = msgspec.structs.replace(a_message(DecisionLog), cvar_after=float("nan"))
    assert said(plain_rows.decision, log)["cvar_after"] is None


def test_an_instant_is_the_microsecond_below() -> None:
    assert plain_rows.instant(1_999) == datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert plain_rows.instant(-1).year == 1969
    with pytest.raises(OverflowError):
        plain_rows.instant(10**21)
