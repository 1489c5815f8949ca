"""A text in pieces is the same text, and none ends within a record."""

import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.tables import text_pieces as module
from adapters.tables.errors import UnreadableTable
from adapters.tables.reading import raw_blocks, raw_columns
from adapters.tables.text_pieces import text_pieces

cells = st.text(alphabet='ab,;"\n\r \u00e9', max_size=4)


def text_of(rows: list[tuple[str, str]], ends: str) -> bytes:
    told = io.StringIO()
    csv.writer(told, lineterminator=ends, quoting=csv.QUOTE_ALL).writerows([("x", "y"), *rows])
    return told.getvalue().encode()


@given(st.lists(st.tuples(cells, cells), max_size=20), st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
def test_no_piece_ends_within_quotes(tmp_path_factory: pytest.TempPathFactory, rows, size: int, ends: str) -> None:
    path = tmp_path_factory.mktemp("pieces") / "x.csv"
    path.write_bytes(text_of(rows, ends))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE_BYTES", size)
        whole, records = list(text_pieces(path)), list(text_pieces(path, quoted=True))

    assert b"".join(whole) == b"".join(records) == path.read_bytes()
    assert all(not each.count(b'"') % 2 and each.endswith(b"\n") for each in records)
    told = [row for each in records for row in csv.reader(io.StringIO(each.decode(), newline=""))]
    assert told == [["x", "y"], *map(list, rows)]


@pytest.mark.parametrize("size", [1, 7, 30, 1000])
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
@pytest.mark.parametrize(
    "content",
    [
        b"date,close\n2024-01-01,1\n2024-01-02,NA\n2024-01-03,3",
        b'\xef\xbb\xbf"date";"close"\r\n"2024-01-01";"1"\r\n"2024-01-02";\r\n',
        b'\n\n"da\nte",close\n"a\nb",1\n\n"c ""d""\n",2\n\n',
    ],
)
def test_a_table_that_is_read_in_pieces_is_the_same(
    tmp_path: Path, content: bytes, name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    whole = raw_columns(path)
    monkeypatch.setattr(module, "PIECE_BYTES", size)

    assert pl.concat(list(raw_blocks(path, 2))).equals(whole)


def test_what_cannot_be_unpacked_or_has_no_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv.gz"
    monkeypatch.setattr(module, "RECORD_BYTES_MAX", 1000)
    monkeypatch.setattr(module, "PIECE_BYTES", 100)
    packed = gzip.compress(b"date,close\n" + b"x" * 5000)
    for content, said in ((packed, "no end of a row in 1,0[0-9]+ bytes"), (packed[:-10], "no end|cannot be unpacked")):
        path.write_bytes(content)
        with pytest.raises(UnreadableTable, match=said):
            list(text_pieces(path))
    path.write_bytes(gzip.compress(b"date,close\n2024-01-01,1\n")[:-6])
    with pytest.raises(UnreadableTable, match="cannot be unpacked"):
        list(text_pieces(path))
