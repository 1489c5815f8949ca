"""Compressed lines are streamed whole, however they were cut into chunks and frames."""

import gzip

import pytest
import zstandard

from adapters.recorded import compressed
from adapters.recorded.compressed import lines
from adapters.recorded.errors import DamagedRecording, TruncatedRecording

TEXT = [b"a" * 700_000, b"", b"b", b"c" * 300_000, b"\xff\x00", b"last"]


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_lines_come_back_as_they_were(tmp_path, pack, end):
    path = tmp_path / "lines"
    path.write_bytes(pack(b"\n".join(TEXT) + end))
    assert list(lines(path)) == TEXT


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_several_compressed_parts_in_a_row_are_one_file(tmp_path, pack):
    path = tmp_path / "lines"
    path.write_bytes(pack(b"a\nb") + pack(b"c\n") + pack(b"d"))
    assert list(lines(path)) == [b"a", b"bc", b"d"]

    path.write_bytes(pack(b"a\nb") + pack(b"c\n" * 1000)[:-5])
    with pytest.raises(TruncatedRecording):
        list(lines(path))


def test_a_line_without_end_is_damage_and_fills_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(compressed, "_LINE_MAX", 1 << 20)
    path = tmp_path / "lines"
    path.write_bytes(gzip.compress(b"x" * (4 << 20)))
    with pytest.raises(DamagedRecording, match="a line is longer than 1 MiB"):
        list(lines(path))
