"""A row with other cells than the header is named, and not read as if something were absent."""

import gzip
from pathlib import Path

import pytest

from adapters.tables.errors import UnreadableTable
from adapters.tables.lines import check_lines

HEAD = b"date,open,close\n"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (HEAD + b"2021-01-01,1,1\n2021-01-02,1\n", "row 2 has 2 cells, expected 3 as in the header"),
        (HEAD + b"2021-01-01,1,1,1\n", "row 1 has 4 cells, expected 3"),
        (HEAD + b'"2021-01-01",1,"1,5"\n"2021-01-02",1\n', "row 2 has 2 cells, expected 3"),
        (HEAD + b'2021-01-01,"1,1\n2021-01-02,1,1\n', "row 1 has a quote where none can be"),
        (HEAD + b"2021-01-01,1,1\n2021-01-02,1,\xff\n", "row 2 has bytes that are no UTF-8 text"),
        (b"\xff\xfe" + HEAD, "the header has bytes that are no UTF-8 text"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_row_is_named(tmp_path: Path, content: bytes, complaint: str, packed: bool) -> None:
    path = tmp_path / ("prices.csv.gz" if packed else "prices.csv")
    path.write_bytes(gzip.compress(content) if packed else content)

    with pytest.raises(UnreadableTable, match=complaint):
        check_lines(path, ",")


@pytest.mark.parametrize(
    "content",
    [
        HEAD + b"2021-01-01,,1\n2021-01-02,1,\n",
        HEAD + b"2021-01-01,1,1\n\n",
        HEAD.replace(b"\n", b"\r\n") + b"2021-01-01,1,1\r\n",
        HEAD + b'2021-01-01,"a\nb",1\n',
        HEAD,
    ],
)
def test_empty_cells_blank_lines_and_quoted_ends_of_lines_are_no_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(content)

    check_lines(path, ",")
