"""Rows as typed columns: types by field, exact amounts, null for what is absent."""

from decimal import Decimal
from typing import Any

import pytest

from adapters.records.columns import Table, column_types, frame_of, read, written
from adapters.records.rows import TABLES, CalibrationRow, Context, RefusalRow, TradeRow, WeightRow

NOON_NS = 1_767_268_800_000_000_000


def a_trade(**changed) -> TradeRow:
    facts: dict[str, Any] = {
        "trade": 1, "symbol": "BTC-EUR", "side": "long", "state": "closed", "entry_at": NOON_NS, "exit_at": None,
        "holding_s": None, "quantity": Decimal("0.000000000000000001"), "open_quantity": Decimal(0),
        "entry_price": Decimal("70698.6"), "exit_price": None, "notional_eur": Decimal("12.345678905"),
        "gross_eur": None, "fees_eur": Decimal("0.1"), "funding_eur": Decimal(0),
        "pnl_eur": None, "return_bps": float("nan"), "fills": 1,
        "entry": Context(mu=0.25, rank=2), "exit": Context(),
    }  # fmt: skip
    return TradeRow(**(facts | changed))


def test_every_column_of_every_table_has_a_type() -> None:
    for kind in TABLES.values():
        assert column_types(kind)
    types = column_types(TradeRow)
    assert types["entry_at"] == "Datetime(time_unit='ns', time_zone='UTC')"
    assert (types["quantity"], types["pnl_eur"]) == (
        "Decimal(precision=38, scale=18)",
        "Decimal(precision=38, scale=8)",
    )
    assert (types["entry_mu"], types["exit_rank"], types["entry_regime"]) == ("Float64", "Int64", "String")


def test_amounts_come_back_exactly_and_money_of_the_account_to_eight_places(tmp_path) -> None:
    written(tmp_path / "t.parquet", frame_of(TradeRow, [a_trade()]))
    table = read(tmp_path / "t.parquet")
    (row,) = table.rows()
    assert (row["quantity"], row["entry_price"], row["fees_eur"]) == ("0.000000000000000001", "70698.6", "0.1")
    assert row["notional_eur"] == "12.3456789"
    assert (row["entry_at"], row["exit_at"], row["return_bps"]) == ("2026-01-01T12:00:00.000000Z", None, None)
    assert (row["entry_mu"], row["entry_rank"], row["exit_mu"]) == (0.25, 2, None)
    assert table.values("quantity") == [Decimal("0.000000000000000001")]
    assert table.instants("entry_at").tolist() == [NOON_NS]
    assert table.floats("entry_price").tolist() == [70698.6]


def test_an_amount_that_a_column_cannot_hold_is_named() -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        frame_of(TradeRow, [a_trade(quantity=Decimal("1E30"))])


def test_no_rows_make_an_empty_table_with_all_columns() -> None:
    table = Table(frame_of(WeightRow, []))
    assert (len(table), table.columns, list(table.rows())) == (0, ("at", "agent", "weight"), [])
    assert table.csv() == "at,agent,weight\n"


def test_a_head_is_the_first_rows_and_csv_quotes_text() -> None:
    rows = [
        RefusalRow(at=NOON_NS, decision=n, leg=0, symbol="A", side="buy", control="C1", text='a, "b"') for n in range(3)
    ]
    table = Table(frame_of(RefusalRow, rows))
    assert [row["decision"] for row in table.rows(2)] == [0, 1]
    assert table.csv(1).splitlines()[1] == '2026-01-01T12:00:00.000000Z,0,0,A,buy,C1,"a, ""b"""'


def test_what_is_no_table_is_an_error_that_names_the_file(tmp_path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"x\.parquet is no table"):
        read(tmp_path / "x.parquet")


def test_numbers_of_a_column_are_floats_with_nan_for_null() -> None:
    table = Table(frame_of(CalibrationRow, [CalibrationRow(author="blend", level=0.5, below=1, labels=2)]))
    assert table.floats("labels").tolist() == [2.0]
