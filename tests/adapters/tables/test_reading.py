"""Files that are no tables: each is refused by name, none ends the process."""

import contextlib
import gzip
import random
from pathlib import Path

import polars as pl
import pytest

from adapters.tables.errors import BadTable, ForeignTable, MissingTable
from adapters.tables.prices import read_prices
from adapters.tables.reading import raw_columns


def test_no_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(MissingTable, match="no such file"):
        raw_columns(tmp_path / "prices.csv")


def test_a_directory_a_device_and_a_foreign_ending_are_no_damaged_tables(tmp_path: Path) -> None:
    (tmp_path / "prices.xlsx").write_bytes(b"x")
    for path, said in ((tmp_path, "is a directory"), (Path("/dev/null"), "no plain file"), ("prices.xlsx", "ends in")):
        with pytest.raises(ForeignTable, match=said):
            raw_columns(tmp_path / path)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("prices.csv", b"", "prices.csv"),
        ("prices.csv", b"date,close\n", "not a single row"),
        ("prices.csv", b"date,close,close\n1,2,3\n", "'close' stands there twice"),
        ("prices.csv", b"date, close,close\n1,2,3\n", "'close' stands there twice"),
        ("prices.csv", b"date,close\n1,2,3\n", "row 1 has 3 cells, expected 2"),
        ("prices.csv", b"\xff\xfe\x00", "prices.csv: the header has bytes that are no UTF-8"),
        ("prices.csv.gz", b"not gzip at all", "prices.csv.gz"),
        ("prices.csv.gz", gzip.compress(b"date,close\n" + b"2020-01-02,1\n" * 9, mtime=0)[:-12], "prices.csv.gz"),
        ("prices.parquet", b"PAR1 nothing PAR1", "prices.parquet"),
        ("prices.feather", b"ARROW1 nothing", "prices.feather"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(BadTable) as failure:
        read_prices(path)

    assert complaint in str(failure.value)


def test_semicolons_and_a_mark_of_byte_order_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(b"\xef\xbb\xbfdate;close\n2020-01-02;1\n")

    assert raw_columns(path).columns == ["date", "close"]


def test_damaged_bytes_are_refused_or_read_and_never_end_the_process(tmp_path: Path) -> None:
    whole = pl.DataFrame(
        {"date": [1_577_923_200 + 60 * row for row in range(200)], "close": [1.0 + row for row in range(200)]}
    )
    chance = random.Random(7)
    for name, write in (("a.parquet", whole.write_parquet), ("a.feather", whole.write_ipc)):
        path = tmp_path / name
        write(path)
        content = path.read_bytes()
        for _ in range(60):
            damaged = bytearray(content[: chance.randrange(1, len(content) + 1)])
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            path.write_bytes(damaged)
            with contextlib.suppress(BadTable):
                read_prices(path)
