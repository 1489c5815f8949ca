"""Faults put into a copy of a recording on the disk are found and named by the inspection of that file."""

import gzip
import json

import pytest
import zstandard

from actors.gateways.inspection import inspect
from adapters.recorded.feed import RecordedFeed
from runtime.clock import FixedClock
from tests.kit.recordings import COINBASE, SPOT_ETH, SPOT_TEXT_2021, recording

HEAD = 3_000


@pytest.fixture(scope="module")
def coinbase():
    reader = zstandard.ZstdDecompressor().decompressobj()
    return reader.decompress(recording(COINBASE).read_bytes()).splitlines()


def inspected(path, lines):
    whole = b"\n".join(lines) + b"\n"
    path.write_bytes(zstandard.compress(whole, level=1) if path.suffix == ".zst" else gzip.compress(whole, 1))
    return inspect(RecordedFeed(path, FixedClock()))


def named(found):
    return [(fault["fault"], fault["frame"]) for fault in found["faults"]]


def later(line, seconds):
    read = json.loads(line)
    return json.dumps(read | {"ts": read["ts"] + seconds}).encode()


def with_data(line, other):
    return json.dumps(json.loads(line) | {"data": json.loads(other)["data"]}).encode()


def test_a_sorted_recording_spoilt_in_every_way(tmp_path, coinbase):
    lines = list(coinbase)
    first = next(n for n, line in enumerate(lines) if b'"t":"recv"' in line[:20])
    place = {number: first + number for number in range(1030)}  # the frame's number is the venue's here
    lines[place[900] :] = [later(line, 30) for line in lines[place[900] :]]
    lines[place[800]] = lines[place[800]][:-60]
    lines[place[700]], lines[place[701]] = (
        with_data(lines[place[700]], lines[place[701]]),
        with_data(lines[place[701]], lines[place[700]]),
    )
    lines.insert(place[600], lines[place[600]])
    del lines[place[500] : place[503]]

    found = inspected(tmp_path / "spoilt.jsonl.zst", lines)

    assert named(found) == [
        ("gap", 500),
        ("duplicate", 598),
        ("gap", 698),
        ("swap", 699),
        ("garbage", 798),
        ("gap", 799),
        ("stall", 898),
    ]
    assert found["records"]["recv"] == 1030 - 3 + 1
    assert found["faults"][0]["detail"] == "expected 500, was 503"
    assert found["malformed"] == 1


@pytest.mark.parametrize("name", [SPOT_ETH, SPOT_TEXT_2021])
def test_a_recording_in_lines_spoilt_in_every_way(tmp_path, name):
    lines = gzip.decompress(recording(name).read_bytes()).splitlines()[:HEAD]
    depth = [n for n, line in enumerate(lines) if b"ethusdt@depth" in line][60:]
    swap, twice, torn, gone = depth[0], depth[10], depth[20], depth[30]
    upto = depth[1]
    lines[swap], lines[upto] = lines[upto], lines[swap]
    lines[torn] = b"\x00\x01 torn"
    spoilt = [line for n, line in enumerate(lines) for _ in range(2 if n == twice else 1) if n != gone]

    found = inspected(tmp_path / "spoilt.gz", spoilt)

    faults = [fault["fault"] for fault in found["faults"]]
    assert faults.count("duplicate") == 1
    assert faults.count("garbage") == 1
    assert faults.count("swap") >= 1
    assert faults.count("gap") == 3  # the swap, the torn line, the line that is gone
    assert found["depth_gaps"] == 3


def test_lines_before_the_first_frame_may_be_torn_too(tmp_path, coinbase):
    found = inspected(tmp_path / "spoilt.jsonl.zst", [coinbase[0], b"?", *coinbase[1:400]])
    assert named(found) == [("garbage", 0), ("stall", 1)]
    assert found["connections"] == 1
