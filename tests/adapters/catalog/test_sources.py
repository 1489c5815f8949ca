"""Files of bars: what they hold, whose it is, and every way in which they cannot be read, named."""

import os
import resource
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from adapters.catalog.exported import export_name
from adapters.catalog.manifest import Terms, read_manifest
from adapters.catalog.naming import symbol_of
from adapters.catalog.peeking import LOOKED_AT, refuse_nothing
from adapters.catalog.sources import read_bars
from adapters.catalog.terms import read_terms, said_of
from adapters.tables.errors import BadTable, ForeignTable, MissingTable, UnreadableTable
from contracts.history import DatasetUnusable
from tests.kit.catalogs import JANUARY_NS, MINUTE_NS, bars, candles, csv_of, made, terms, trade, with_rows

TEN_GB = 10_000_000_000
DAYS = ["2024-01-01", "2024-01-02"]


def test_a_file_of_one_instrument_is_stamped_at_the_open(tmp_path: Path) -> None:
    rows = read_bars(candles(tmp_path / "A.csv", 5))

    assert (rows.layout, rows.symbols, rows.stamped, rows.names["time"]) == ("one symbol", ("A",), "open", "open_time")
    assert rows.at_ns.tolist() == [JANUARY_NS + step * MINUTE_NS for step in range(5)]
    assert rows.columns["close"].tolist() == bars(5)["close"].tolist()


def test_long_and_wide_files_say_the_same(tmp_path: Path) -> None:
    wide = csv_of(tmp_path / "w.csv", {"date": DAYS, "A": [1.0, 2.0], "B": [None, 4.0]})
    long = csv_of(
        tmp_path / "l.csv", {"date": [DAYS[0], DAYS[1], DAYS[1]], "symbol": ["A", "A", "B"], "close": [1.0, 2.0, 4.0]}
    )
    one, other = read_bars(wide), read_bars(long)

    def said(rows) -> set:
        return {(rows.symbols[who], at, value) for who, at, value in zip(rows.who, rows.at_ns, rows.columns["close"])}

    assert said(one) == said(other) and (one.layout, other.layout) == ("wide", "long")
    assert one.stamped == other.stamped == "close"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"date": DAYS, "close": [1.0, 2.0], "foo": [1, 2]}, "column 'foo' is none that a bar has"),
        ({"day": DAYS, "close": [1.0, 2.0]}, "no time column among 'day', 'close'"),
        ({"date": DAYS, "open": [1.0, 2.0]}, "no price column among 'date', 'open'"),
        ({"date": DAYS, "close": ["1.0", "x"]}, "column 'close', row 2: was 'x', expected a finite number"),
        ({"date": ["2024-01-01", "tomorrow"], "close": [1.0, 2.0]}, "column 'date', row 2: was 'tomorrow'"),
        ({"date": ["2024-01-01T00:00+01:00", "2024-01-02T00:00Z"], "close": [1, 2]}, "column 'date', row 2: .* offset"),
        ({"date": ["2024-01-01T00:00Z", "2024-01-02T00:00"], "close": [1, 2]}, "row 2: .* offset Z as in row 1"),
        ({"date": DAYS, "symbol": ["A", " "], "close": [1, 2]}, "column 'symbol', row 2: .* the name of an instrument"),
    ],
)
def test_what_is_wrong_is_named_with_file_row_and_column(tmp_path: Path, columns, said: str) -> None:
    path = csv_of(tmp_path / "bad.csv", columns)

    with pytest.raises(BadTable, match=said) as refused:
        read_bars(path)
    assert str(refused.value).startswith(str(path))


def test_columns_that_are_alike_are_refused_unless_one_is_left_out(tmp_path: Path) -> None:
    for cells in ({"close": [1.0, 2.0], "Close": [1.0, 2.0]}, {"btc": [1.0, 2.0], "BTC": [1.0, 2.0]}):
        first, second = cells
        path = csv_of(tmp_path / "x.csv", {"date": DAYS} | cells)
        with pytest.raises(BadTable, match=f"columns '{first}' and '{second}' are alike"):
            read_bars(path)
        assert len(read_bars(path, ignored=(second,))) == 2


def test_a_column_may_be_left_out_and_usual_ones_are_told(tmp_path: Path) -> None:
    path = csv_of(tmp_path / "x.csv", {"date": DAYS, "close": [1, 2], "foo": [1, 2], "quote_volume": [1, 2]})

    assert read_bars(path, ignored=("foo",)).said == ("column 'quote_volume' is not needed and was not read",)


@pytest.mark.parametrize(
    ("name", "content", "kind", "said"),
    [
        ("x.parquet", b"PAR1" + b"\0" * 99, UnreadableTable, "a Parquet file was cut short"),
        ("x.parquet", b"GIF89a" * 9, UnreadableTable, "begins with b'GIF89aGI'"),
        ("x.feather", b"ARROW1" + b"x" * 99, UnreadableTable, "a Feather file was cut short"),
        ("x.csv", b"", UnreadableTable, "is empty"),
        ("x.csv", b"date,close\n\0\0", UnreadableTable, "zero byte at 11"),
    ],
)
def test_bytes_that_are_no_table_are_refused(tmp_path: Path, name: str, content: bytes, kind, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(kind, match=said):
        read_bars(path)


def test_a_truncated_parquet_is_refused_wherever_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pl.DataFrame(bars(2000)).write_parquet(path)
    content = path.read_bytes()
    for size in (1, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(UnreadableTable, match=r"x\.parquet"):
            read_bars(path)


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.feather"])
@pytest.mark.parametrize("head", [b"", b"date,close\n2024-01-01,1\n"])
def test_ten_gigabytes_of_nothing_are_refused_without_reading_them(tmp_path: Path, name: str, head: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(head)
    os.truncate(path, TEN_GB)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(UnreadableTable, match=name):
        read_bars(path)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * LOOKED_AT / 1024


@pytest.mark.parametrize(("name", "magic"), [("x.parquet", b"PAR1"), ("x.feather", b"ARROW1")])
@pytest.mark.parametrize(
    ("length", "said"),
    [
        (2**31 - 1, "said to have 2,147,483,647 bytes, expected 1 to 67,108,864"),
        (65 << 20, "said to have 68,157,440 bytes"),
        (-1, "said to have -1 bytes"),
        (0, "said to have 0 bytes"),
        (1 << 20, "begins with 65,536 zero bytes"),
    ],
)
def test_a_footer_that_is_forged_is_refused_before_any_reader(
    tmp_path: Path, name: str, magic: bytes, length: int, said: str
) -> None:
    path = tmp_path / name
    end = length.to_bytes(4, "little", signed=True) + magic
    path.write_bytes(magic)
    os.truncate(path, TEN_GB - len(end))
    with path.open("ab") as file:
        file.write(end)

    with pytest.raises(UnreadableTable, match=said):
        refuse_nothing(path)


@pytest.mark.parametrize("size", [0, 1, 5, 100])
def test_a_footer_that_is_longer_than_its_file_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1" + b"x" * size + (size + 1).to_bytes(4, "little") + b"PAR1")

    with pytest.raises(UnreadableTable, match=f"said to have {size + 1} bytes, expected 1 to {max(1, size)}$"):
        refuse_nothing(path)


def written(path: Path, rows: int = 50) -> bytes:
    """The bytes of a file of bars, compressed."""
    frame = pl.DataFrame(bars(rows))
    if path.suffix == ".parquet":
        frame.write_parquet(path, row_group_size=20)
    else:
        frame.write_ipc(path, compression="lz4", record_batch_size=20)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["x.parquet", "x.feather"])
def test_a_small_footer_on_gigabytes_of_nothing_is_refused_without_reading_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content, magic = written(path), 4 if name == "x.parquet" else 6
    refuse_nothing(path)
    footer = len(content) - magic - 4 - int.from_bytes(content[-magic - 4 : -magic], "little")

    for head, said in (
        (content[:footer], r"its footer tells of [0-9,]+ bytes, expected"),
        (content[:magic], "zero bytes"),
    ):
        path.write_bytes(head)
        os.truncate(path, TEN_GB)
        with path.open("ab") as file:
            file.write(content[footer:])
        with pytest.raises(UnreadableTable, match=said):
            refuse_nothing(path)

    path.write_bytes(content[: footer // 2] + content[footer:])
    with pytest.raises(UnreadableTable, match=r"its footer tells of rows in [0-9,]+ bytes from"):
        refuse_nothing(path)


@pytest.mark.parametrize("name", ["x.parquet", "x.feather"])
def test_a_footer_with_other_bytes_is_refused_or_taken_and_never_ends_the_process(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = written(path)
    chance, refused = np.random.default_rng(7), 0
    for _ in range(300):
        other = bytearray(content)
        for place in chance.integers(len(content) * 3 // 4, len(content) - 10, 4):
            other[place] = chance.integers(256)
        path.write_bytes(other)
        try:
            refuse_nothing(path)
        except UnreadableTable:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("filling", "said"),
    [
        (b"\n", "has 65,536 blanks from byte 65,537 on"),
        (b" \r\n", "has 65,536 blanks from byte 204,801 on"),
        (b"x", "has no end of a line in 17 places"),
    ],
)
def test_text_without_rows_is_refused_before_it_is_taken_apart(tmp_path: Path, filling: bytes, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes((b"" if filling == b"x" else b"date,close\n2024-01-01,1\n") + filling * (17 * LOOKED_AT))

    with pytest.raises(UnreadableTable, match=said):
        read_bars(path)


def test_a_zero_byte_behind_the_beginning_is_not_said_to_be_the_first(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"date,close\n" * 10_000)
    os.truncate(path, 10_000_000)

    with pytest.raises(UnreadableTable, match="has zero bytes, one of them at 620,904, expected text"):
        refuse_nothing(path)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_what_is_no_regular_file_is_told_as_that(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)

    for path in (tmp_path / name, Path("/dev/zero")):
        with pytest.raises(ForeignTable, match="is no regular file"):
            refuse_nothing(path)
    with pytest.raises(ForeignTable, match="is a directory"):
        refuse_nothing(tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingTable, match="no such file"):
        refuse_nothing(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT_2022-08-01_2023-04-01.parquet", "BTCUSDT"),
        ("BTC_USDT-5m.feather", "BTC_USDT"),
        ("ETHUSDT-1m-2024-01.csv", "ETHUSDT"),
        ("eurusd.csv.gz", "eurusd"),
        ("1d.csv", "1d"),
    ],
)
def test_the_name_of_a_file_says_whose_it_is(name: str, symbol: str) -> None:
    assert symbol_of(Path(name)) == symbol


def test_terms_are_laid_over_each_other_and_nothing_is_made_up(tmp_path: Path) -> None:
    path = tmp_path / "terms.toml"
    path.write_text('[all]\nquote = "USDT"\nfee_taker_bps = 10\n[BTCUSDT]\ntick = "0.10"\nlot = 0.00001\n')
    tables = read_terms(path)
    said = said_of("BTCUSDT", Terms(symbol="BTCUSDT", venue="v"), tables["all"], tables["BTCUSDT"])

    assert (said.base, said.quote, said.settlement, said.venue) == ("BTC", "USDT", "USDT", "v")
    assert (str(said.tick), str(said.lot), said.fee_taker_bps) == ("0.10", "0.00001", 10.0)
    assert said.missing() == ("notional_min", "quantity_max", "can_short", "leverage_max", "fee_maker_bps")


@pytest.mark.parametrize(
    ("text", "said"),
    [("[A]\nticks = 1\n", "ticks is no term"), ("a = 1", "expected a table"), ("[A", "is no TOML")],
)
def test_a_file_of_terms_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.toml").write_text(text)

    with pytest.raises(DatasetUnusable, match=said):
        read_terms(tmp_path / "t.toml")
    with pytest.raises(DatasetUnusable, match=r"A: tick was -1, expected more than 0"):
        said_of("A", terms("A"), {"tick": "-1"})


@pytest.mark.parametrize("how", ["csv", "parquet", "feather"])
def test_exported_bars_are_imported_as_they_were(tmp_path: Path, how) -> None:
    root = made(tmp_path / "x", {"A/B": bars(40)})
    path = export_name(root, read_manifest(root).parts, terms("A/B"), tmp_path / "out", how, (0, 2**62))
    rows = read_bars(path)

    assert rows.symbols == ("A/B",) and rows.stamped == "close"
    assert rows.at_ns.tolist() == bars(40)["close_ns"].tolist()
    assert all(
        np.array_equal(rows.columns[name], bars(40)[name]) for name in ("open", "high", "low", "close", "volume")
    )


def test_exported_trades_have_prices_and_sides(tmp_path: Path) -> None:
    root = with_rows(tmp_path / "x", [[trade("A", JANUARY_NS, 1), trade("A", JANUARY_NS + 1, 2)]])
    parts = read_manifest(root).parts
    frame = pl.read_csv(export_name(root, parts, terms("A"), tmp_path / "out", "csv", (0, 2**62)))

    assert frame["price"].to_list() == [10.01, 10.02] and frame["size"].to_list() == [0.3, 0.3]
    assert frame["side"].to_list() == ["sell", "buy"]
    with pytest.raises(DatasetUnusable, match="tick and lot are not known"):
        export_name(root, parts, Terms(symbol="A"), tmp_path / "out", "csv", (0, 2**62))
