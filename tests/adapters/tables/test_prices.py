"""Layouts, and what is refused: every complaint names the file, the place, the value and what was expected."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from adapters.tables.errors import BadTable
from adapters.tables.prices import PriceTable, read_prices
from tests.kit.recordings import recording

DAY_NS = 86_400 * 10**9
JAN_2_NS = 1_577_923_200 * 10**9
"""2020-01-02 00:00 UTC."""


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def table_of(tmp_path: Path, text: str) -> PriceTable:
    return read_prices(written(tmp_path / "prices.csv", text))


def test_a_wide_file_has_one_symbol_per_column(tmp_path: Path) -> None:
    table = table_of(tmp_path, "Date,AAPL,LOW,COIN\n2020-01-02,1.5,2.5,\n2020-01-03,1.6,,30\n")

    assert (table.layout, table.symbols, table.stamped, table.bar_s) == (
        "wide",
        ("AAPL", "LOW", "COIN"),
        "close",
        86_400,
    )
    assert table.at_ns.tolist() == [JAN_2_NS, JAN_2_NS + DAY_NS]
    np.testing.assert_array_equal(table.close, [[1.5, 2.5, np.nan], [1.6, np.nan, 30.0]])
    assert np.isnan(table.volume).all()


def test_the_index_that_a_frame_was_saved_with_is_its_time(tmp_path: Path) -> None:
    assert table_of(tmp_path, ",A,B\n2020-01-02,1,2\n").at_ns.tolist() == [JAN_2_NS]


def test_a_long_file_is_laid_out_over_times_and_symbols(tmp_path: Path) -> None:
    text = "symbol,date,price\nB,2020/01/02,2\nA,2020/01/02,1\nA,2020/01/03,1.1\n"

    table = table_of(tmp_path, text)

    assert (table.layout, table.symbols) == ("long", ("B", "A"))
    np.testing.assert_array_equal(table.close, [[2.0, 1.0], [np.nan, 1.1]])


def test_bars_of_one_symbol_are_stamped_with_their_open(tmp_path: Path) -> None:
    text = "open_time,open,high,low,close,volume,close_time\n1577923200000,1,3,1,2,10,9\n1577923260000,2,2,2,2,0,9\n"

    table = table_of(tmp_path, text)

    assert (table.layout, table.symbols, table.stamped, table.bar_s) == ("one symbol", ("prices",), "open", 60.0)
    assert table.close_ns().tolist() == [JAN_2_NS + 60 * 10**9, JAN_2_NS + 120 * 10**9]
    np.testing.assert_array_equal(table.high[:, 0], [3.0, 2.0])
    np.testing.assert_array_equal(table.volume[:, 0], [10.0, 0.0])
    assert table.said == ("not read: column 'close_time'",)
    assert read_prices(table.path, symbol="BTC-EUR").symbols == ("BTC-EUR",)


def test_rows_out_of_order_are_sorted_and_that_is_said(tmp_path: Path) -> None:
    table = table_of(tmp_path, "date,close\n2020-01-03,2\n2020-01-02,1\n")

    assert table.close[:, 0].tolist() == [1.0, 2.0]
    assert table.said == ("rows were not in the order of time: sorted",)


def test_a_close_outside_its_bar_is_said_and_left_alone(tmp_path: Path) -> None:
    table = table_of(tmp_path, "date,open,high,low,close\n2020-01-02,1,1,1,2\n")

    assert table.close.tolist() == [[2.0]]
    assert table.said == ("1 of column 'close' outside low to high: taken as they are",)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("date,close\n2020-01-02,1\n2020-01-02,2\n", "'date', row 2: 2020-01-02T00:00:00 is also in row 1"),
        ("date,symbol,close\n2020-01-02,A,1\n2020-01-02,A,1\n", "row 2: 2020-01-02T00:00:00 of A is also in row 1"),
        ("date,close\n2020-01-02,1\n2020-01-03,-2\n", "'close', row 2: was '-2', expected a finite price above 0"),
        ("date,A\n2020-01-02,0\n", "'A', row 1: was '0', expected a finite price above 0"),
        ("date,A\n2020-01-02,inf\n", "'A', row 1: was 'inf'"),
        ("date,A\n2020-01-02,1\n2020-01-03,abc\n", "'A', row 2: was 'abc'"),
        ("date,close\nyesterday,1\n", "'date', row 1: was 'yesterday', expected a date"),
        ("date,close\n2020-01-02,1\n,1\n", "'date', row 2: was '', expected a date"),
        ("date,close\n02.01.2020,1\n", "'date', row 1: was '02.01.2020'"),
        ("timestamp,close\n1577923200,1\n1577923260000,1\n", "'timestamp', row 1: was '1577923200', expected a count"),
        ("timestamp,close\n1e30,1\n", "'timestamp', row 1: was '1e30'"),
        ("date,open,high,low,volume\n2020-01-02,1,1,1,1\n", "no price column among 'date', 'open'"),
        ("a,b\n1,2\n", "no time column among 'a', 'b'"),
        ("date\n2020-01-02\n", "no price column"),
        ("date,open,high,low,close\n2020-01-02,1,1,2,1\n", "'high', row 1: was '1.0', expected at least the low, 2.0"),
        ("date,close,volume\n2020-01-02,1,-1\n", "'volume', row 1: was '-1', expected a finite number of 0 or more"),
        ("date,A,B\n2020-01-02,1,\n", "B has no price in any row"),
        ("date,symbol,close\n2020-01-02,,1\n", "'symbol', row 1: was empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadTable) as failure:
        table_of(tmp_path, text)

    assert str(tmp_path / "prices.csv") in str(failure.value)
    assert complaint in str(failure.value)


def test_the_same_prices_in_every_format_are_the_same_table(tmp_path: Path) -> None:
    text = "date,open,high,low,close,volume\n2020-01-02T00:00:00Z,1,3,1,2,10\n2020-01-02T00:05:00Z,2,2.5,1.5,2,\n"
    plain = table_of(tmp_path, text)
    (tmp_path / "prices.csv.gz").write_bytes(gzip.compress(text.encode()))
    written(tmp_path / "prices.tsv", text.replace(",", "\t"))
    frame = pl.read_csv(plain.path).with_columns(pl.col("date").str.to_datetime(time_unit="ms", time_zone="UTC"))
    frame.write_parquet(tmp_path / "prices.parquet")
    frame.write_ipc(tmp_path / "prices.feather")

    for name in ("prices.csv.gz", "prices.tsv", "prices.parquet", "prices.feather"):
        table = read_prices(tmp_path / name)
        assert (table.symbols, table.at_ns.tolist()) == (plain.symbols, plain.at_ns.tolist())
        for field in ("open", "high", "low", "close", "volume"):
            np.testing.assert_array_equal(getattr(table, field), getattr(plain, field))


def test_recorded_candles_are_read_whole() -> None:
    table = read_prices(recording("candles_binance_5m/BTCUSDT_2022-08-01_2023-04-01.parquet"), symbol="BTC-USDT")

    assert table.close.shape == (69_968, 1)
    assert table.at_ns[0] == 1_659_312_000 * 10**9
    assert (np.diff(table.at_ns) > 0).all()
    assert not np.isnan(table.close).any()


def test_a_hundred_symbols_in_rows_are_laid_out() -> None:
    table = read_prices(recording("macro/m6_assets_to_2022-07.csv"))

    assert table.close.shape == (129, 100)
    assert np.isfinite(table.close).sum() == 12_498
