"""Recordings in three formats are read as records in time order; what is no recording is refused by name."""

import gzip
import json

import pytest
import zstandard

from adapters.recorded.errors import (
    BadRecording,
    DamagedRecording,
    EmptyRecording,
    ForeignRecording,
    MissingRecording,
    TruncatedRecording,
)
from adapters.recorded.formats import reader_of
from adapters.recorded.recording import Recording
from tests.kit.recordings import BYBIT, COINBASE, KRAKEN, SPOT_BTC, recording

HEADER = {"t": "header", "format": 2, "exchange": "X"}
BEST = '{"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT","b":"1.00","B":"2.0","a":"1.01","A":"3.0"}}'


def jsonl(path, *entries):
    path.write_bytes(
        zstandard.compress(b"\n".join(e if isinstance(e, bytes) else json.dumps(e).encode() for e in entries))
    )
    return path


def text(path, *lines):
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def recv(ts, data, **more):
    return {"t": "recv", "conn": "ws.1", "ts": ts, "data": data} | more


def records(path):
    return [(r.kind, r.at_ns, r.data) for r in reader_of(path)(path)]


def test_format_2_is_sorted_by_time_and_equal_times_keep_their_order(tmp_path):
    path = jsonl(tmp_path / "a.zst", HEADER, recv(3.5, "c"), recv(1.25, "a"), recv(3.5, "d"), recv(2, "b"))
    assert records(path) == [
        ("recv", 1_250_000_000, b"a"),
        ("recv", 2_000_000_000, b"b"),
        ("recv", 3_500_000_000, b"c"),
        ("recv", 3_500_000_000, b"d"),
    ]


def test_times_are_exact_to_the_last_written_digit(tmp_path):
    path = jsonl(tmp_path / "a.zst", HEADER, b'{"t":"recv","conn":"w","ts":1786309548.6290078,"data":"x"}')
    assert records(path)[0][1] == 1_786_309_548_629_007_800


def test_binary_frames_are_read_from_base64(tmp_path):
    path = jsonl(tmp_path / "a.zst", HEADER, {"t": "recv", "conn": "w", "ts": 1, "b64": "AAH/"})
    assert records(path)[0][2] == b"\x00\x01\xff"


def test_the_collectors_lines_carry_nanoseconds(tmp_path):
    path = text(tmp_path / "a.gz", '1723161253937085768 {"a":1}', '1723161253937085769 {"lastUpdateId":7}')
    assert records(path) == [
        ("recv", 1723161253937085768, b'{"a":1}'),
        ("http", 1723161253937085769, b'{"lastUpdateId":7}'),
    ]


def test_the_text_format_tells_received_sent_asked_and_connected(tmp_path):
    path = text(
        tmp_path / "a.txt.gz",
        "configuration: {}",
        "wss://x/y <-> 1617566590.378895",
        "wss://x/y <- 1617566590.4: {}",
        "1617566591.326123: {a}",
        "https://x/d?symbol=A -> 1617566592.1: {b}",
    )
    assert [record[0] for record in records(path)] == ["connect", "send", "recv", "http"]
    assert records(path)[2][1:] == (1_617_566_591_326_123_000, b"{a}")


def test_a_line_that_cannot_be_read_is_handed_on_as_a_frame_for_the_parser_to_refuse(tmp_path):
    path = jsonl(tmp_path / "a.zst", HEADER, recv(1, "a"), b"{{{", recv(2, "b"))
    assert records(path)[1] == ("recv", 1_000_000_000, b"{{{")
    path = text(tmp_path / "a.gz", "1723161253937085768 {}", "???", "1723161253937085769 {}")
    assert records(path)[1] == ("recv", 1723161253937085768, b"???")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingRecording, match="no_such_file"):
        Recording(tmp_path / "no_such_file.zst")
    with pytest.raises(MissingRecording, match="directory"):
        Recording(tmp_path)


@pytest.mark.parametrize("name", [COINBASE, SPOT_BTC])
def test_a_cut_file_is_told_from_a_whole_one_wherever_it_was_cut(tmp_path, name):
    whole = recording(name).read_bytes()
    for size in (len(whole) - 1, len(whole) - 9, len(whole) // 2, 100):
        path = tmp_path / "cut"
        path.write_bytes(whole[:size])
        with pytest.raises(TruncatedRecording, match="cut"):
            Recording(path)


def test_flipped_bits_are_damage_where_the_container_has_a_checksum(tmp_path):
    spoilt = bytearray(recording(SPOT_BTC).read_bytes())
    spoilt[len(spoilt) // 2] ^= 0xFF
    path = tmp_path / "spoilt"
    path.write_bytes(spoilt)
    with pytest.raises((DamagedRecording, TruncatedRecording), match="spoilt"):
        Recording(path)


def test_other_venues_are_named_with_what_is_supported():
    with pytest.raises(ForeignRecording, match=r"frames of Kraken, expected Coinbase Advanced Trade, Binance spot"):
        Recording(recording(KRAKEN))
    with pytest.raises(ForeignRecording, match="Bybit"):
        Recording(recording(BYBIT))


def test_files_of_no_known_format_are_foreign(tmp_path):
    for content in (b"DATE,OPEN\n", gzip.compress(b"DATE,OPEN\n1,2\n"), zstandard.compress(b'{"t":"recv"}\n')):
        path = tmp_path / "foreign"
        path.write_bytes(content)
        with pytest.raises(ForeignRecording, match="foreign"):
            Recording(path)


def test_a_recording_without_frames_is_empty(tmp_path):
    for path in (jsonl(tmp_path / "a.zst", HEADER), text(tmp_path / "b.gz", "")):
        with pytest.raises(EmptyRecording):
            Recording(path)


def test_two_connections_at_a_time_are_refused(tmp_path):
    frames = [recv(n, BEST % n, conn=f"ws.{n % 2}") for n in range(4)]
    with pytest.raises(ForeignRecording, match="several connections"):
        Recording(jsonl(tmp_path / "a.zst", HEADER, *frames))


def test_every_refusal_is_one_family():
    assert issubclass(BadRecording, ValueError)
    assert all(
        issubclass(error, BadRecording)
        for error in (DamagedRecording, EmptyRecording, ForeignRecording, MissingRecording, TruncatedRecording)
    )
