"""Files of rows other than bars: read some rows at a time, exact, and refused by file, row and column."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from adapters.catalog import spool
from adapters.catalog.manifest import Terms
from adapters.catalog.row_sources import TableReading, read_rows
from adapters.catalog.spooled_rows import SpooledRows
from adapters.tables.errors import BadTable
from contracts.history import DatasetUnusable
from tests.kit.catalogs import JANUARY_NS, csv_of, terms

AT = JANUARY_NS


def rows_of(path: Path, kind: str, reading: TableReading, grid: Mapping[str, Terms], at_once: int | None = None):
    """All rows of a file as columns of parts, by name."""
    rows = SpooledRows(path, path.with_suffix(".rows"), kind)
    for some in read_rows(path, kind, reading, lambda symbol: grid.get(symbol, Terms(symbol=symbol)), at_once):
        rows.add(some, 0, 2**62)
    found = {name: pl.concat(list(rows.frames(name))) for name in rows.names()}
    rows.close()
    return found


TRADES = {"timestamp": [1, 2], "symbol": ["A", "B"], "price": [10.01, 5.0], "qty": [0.5, 0.2], "side": ["buy", "sell"]}
GRID = {"A": terms("A"), "B": terms("B")}


def test_trades_of_a_table_become_ticks_and_lots(tmp_path: Path) -> None:
    stamps = {"timestamp": [1_704_067_200_000, 1_704_067_201_000]}
    found = rows_of(csv_of(tmp_path / "t.csv", TRADES | stamps), "trades", TableReading(known="at-event"), GRID)

    assert found["A"].row(0, named=True) == {
        "at_ns": AT, "price": 1001, "lots": 5, "buy": True, "trade_id": 1, "event_ns": AT, "epoch": 1, "frame": 0
    }  # fmt: skip
    assert found["B"]["buy"].to_list() == [False]


def test_quotes_funding_and_figures_of_a_table(tmp_path: Path) -> None:
    quotes = {"date": ["2024-01-01"], "bid": [10.0], "ask": [10.01], "bid_size": [1.0], "ask_size": [0.0]}
    rates = {"date": ["2024-01-01"], "symbol": ["A"], "funding_rate": [1e-4], "mark_price": [10.5]}
    values = {"date": ["2024-01-05", "2024-01-06"], "release_date": ["2024-01-06", "2024-01-08"], "GDP": ["2.5", "."]}
    reading = TableReading("A", "at-event", (("GDP", "gdp"),))

    quote = rows_of(csv_of(tmp_path / "q.csv", quotes), "quotes", reading, GRID)["A"].row(0, named=True)
    rate = rows_of(csv_of(tmp_path / "f.csv", rates), "funding", reading, GRID)["A"].row(0, named=True)
    gdp = rows_of(csv_of(tmp_path / "g.csv", values), "context", reading, {})["gdp"]

    assert (quote["bid"], quote["ask"], quote["bid_lots"], quote["ask_lots"]) == (1000, 1001, 10, 0)
    assert (rate["settled"], rate["settled_ns"], rate["mark"], rate["funding"]) == (1e-4, AT, 10.5, None)
    assert gdp["value"].to_list() == [2.5, None] and (gdp["at_ns"] > gdp["event_ns"]).all()


@pytest.mark.parametrize(
    ("kind", "changed", "said"),
    [
        (
            "trades",
            {"price": [10.01, 5.004]},
            "column 'price', row 2: was '5.004', expected a multiple of the tick 0.01",
        ),
        ("trades", {"qty": [0.5, 0.0]}, "column 'qty', row 2: was '0.0', expected a multiple of the lot 0.1 above 0"),
        ("trades", {"side": ["buy", "both"]}, "column 'side', row 2: was 'both', expected buy or sell"),
        ("trades", {"symbol": ["A", ""]}, "column 'symbol', row 2: was '', expected the name of an instrument"),
        ("trades", {"symbol": ["A", "C"]}, "trades are counted in ticks and lots; say --tick"),
        ("quotes", {}, "no column for bid, expected bid or bid_price"),
        ("funding", {}, "no column for the rate"),
        ("context", {}, "say which column is which figure"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(tmp_path: Path, kind, changed, said: str) -> None:
    path = csv_of(tmp_path / "t.csv", TRADES | {"timestamp": ["2024-01-01", "2024-01-02"]} | changed)

    with pytest.raises(BadTable, match=str(path)) as refused:
        rows_of(path, kind, TableReading(known="at-event"), GRID | {"C": Terms(symbol="C")})
    assert said in str(refused.value)


@pytest.mark.numbers
@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_a_file_that_is_read_in_pieces_is_the_same(
    tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, length = np.random.default_rng(5), 120
    columns = {
        "timestamp": AT // 10**6 + chance.integers(0, 40, length) * 50_000_000,
        "symbol": chance.choice(["B", "A"], length),
        "bid": 10 + chance.integers(0, 9, length) / 100,
        "ask": 11 + chance.integers(0, 9, length) / 100,
        "bid_size": chance.integers(0, 9, length) / 10,
        "ask_size": chance.integers(0, 9, length) / 10,
    }
    path, reading = csv_of(tmp_path / "q.csv", columns), TableReading(known="next-day")
    whole = rows_of(path, "quotes", reading, GRID)
    monkeypatch.setattr(spool, "HELD_MAX", 3 * at_once)
    monkeypatch.setattr(spool, "AT_ONCE", at_once)

    found = rows_of(path, "quotes", reading, GRID, at_once)
    assert found.keys() == whole.keys() == {"A", "B"} and sum(map(len, found.values())) == length
    assert all(found[name].equals(whole[name]) for name in whole)
    assert not path.with_suffix(".rows").exists()


def test_a_row_behind_the_first_piece_is_named_by_its_number(tmp_path: Path) -> None:
    stamps = [f"2024-01-{day:02d}" for day in range(1, 10)]
    good = {"timestamp": stamps, "symbol": ["A"] * 9, "price": [10.01] * 9, "qty": [0.5] * 9, "side": ["buy"] * 9}
    for column, bad, said in (
        ("price", 10.001, "column 'price', row 8: was '10.001', expected a multiple of the tick"),
        ("side", "up", "column 'side', row 8: was 'up'"),
        ("symbol", "", "column 'symbol', row 8: was ''"),
        ("timestamp", "2024-01-08T00:00Z", "column 'timestamp', row 8: .* several zones"),
        ("id", "x7", "column 'id', row 8: was 'x7', expected a whole number"),
        ("id", "7.5", "column 'id', row 8: was '7.5', expected a whole number"),
    ):
        changed = list(good.get(column, range(9)))
        changed[7] = bad
        path = csv_of(tmp_path / "t.csv", good | {column: [str(cell) for cell in changed]})
        with pytest.raises(BadTable, match=said):
            rows_of(path, "trades", TableReading(known="at-event"), GRID, 3)


def test_the_number_of_a_trade_is_kept_to_the_last_digit_and_stands_once(tmp_path: Path) -> None:
    exact = {"timestamp": ["2024-01-01"] * 2, "trade_id": [2**60 + 1, 2**60 + 2]}
    reading = TableReading("A", "at-event")
    same = {"price": [10.01] * 2, "qty": [0.5] * 2, "side": ["buy"] * 2}

    found = rows_of(csv_of(tmp_path / "t.csv", exact | same), "trades", reading, GRID, 1)
    assert found["A"]["trade_id"].to_list() == exact["trade_id"]
    with pytest.raises(DatasetUnusable, match=r"t\.csv: row 2: trades of A known at .* stand in row 1 already"):
        rows_of(csv_of(tmp_path / "t.csv", exact | same | {"trade_id": [7, 7]}), "trades", reading, GRID, 1)


def test_a_vintage_that_is_not_said_is_the_day_from_which_a_row_was_known(tmp_path: Path) -> None:
    columns = {"date": ["2024-01-01", "2024-01-02", "2024-01-03"], "x": [1, 2, 3], "vintage": ["first", None, "third"]}
    reading = TableReading(known="next-day", columns=(("x", "x"),))

    found = rows_of(csv_of(tmp_path / "t.csv", columns), "context", reading, {}, 1)
    assert found["x"]["vintage"].to_list() == ["first", "2024-01-03", "third"]


def test_rows_that_nobody_dates_and_releases_before_the_event_are_refused(tmp_path: Path) -> None:
    path = csv_of(tmp_path / "t.csv", TRADES | {"timestamp": ["2024-01-01", "2024-01-02"]})
    early = csv_of(tmp_path / "e.csv", {"date": ["2024-01-05"], "released": ["2024-01-04"], "x": [1.0]})

    with pytest.raises(BadTable, match="no column says when a row was known"):
        rows_of(path, "trades", TableReading(), GRID)
    with pytest.raises(BadTable, match="column 'released', row 1: was '2024-01-04', expected nothing before its date"):
        rows_of(early, "context", TableReading(columns=(("x", "x"),)), {})


@pytest.mark.parametrize(
    ("kind", "cells"),
    [("funding", {"funding_rate": [1e-4, 2e-4]}), ("context", {"x": [1.0, 2.0], "vintage": ["a", "a"]})],
)
def test_two_values_of_one_instant_are_refused(tmp_path: Path, kind, cells: dict) -> None:
    path = csv_of(tmp_path / "t.csv", {"date": ["2024-01-01", "2024-01-01"]} | cells)

    with pytest.raises(DatasetUnusable, match=r"t\.csv: row 2: .* known at 2024-01-01T00:00:00.000Z stand in row 1"):
        rows_of(path, kind, TableReading("A", "at-event", (("x", "x"),)), GRID)


def test_columns_that_are_alike_are_refused(tmp_path: Path) -> None:
    path = csv_of(tmp_path / "t.csv", TRADES | {"timestamp": ["2024-01-01", "2024-01-02"], "Price": [1, 2]})

    with pytest.raises(BadTable, match="columns 'price' and 'Price' are alike"):
        rows_of(path, "trades", TableReading(known="at-event"), GRID)
