"""Thousands of spoilt real frames: each is read or is a `MalformedFrame`, and never anything else."""

import msgspec
import numpy as np
import pytest

from adapters.recorded.feed import RecordedFeed
from contracts.wire import MalformedFrame, Parsed
from runtime.clock import FixedClock
from tests.kit.recordings import COINBASE, SPOT_2021, USDM_2021, recording

ROUNDS = 1_500
TOKENS = [
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u0000", b"\\ud800", b"\n\x1b[31m", b"\xff", b"\xc3\x28",
    b"\x00",
    b"null", b"true", b"-1", b"1e5", b"1E999", b"NaN", b"Infinity", b"0", b'"0"', b'"-1"', b'"1e5"', b'""', b"9" * 40,
    b'"' + b"9" * 40 + b'"', b"[" * 500, b'{"a":' * 500, b'"e":', b'"channel":"l2_data",', b'"sequence_num":1,',
    b'"s":"BTCUSDT",', b" ", b"\n", b"\xef\xbb\xbf", "٣".encode(), b"18446744073709551616",
]  # fmt: skip


def spoil(data, chance):
    """A few random injuries: bytes flipped, cut out, doubled, or foreign tokens put in."""
    data = bytearray(data)
    for _ in range(chance.integers(1, 4)):
        if not data:
            break
        at = int(chance.integers(0, len(data)))
        upto = min(len(data), at + int(chance.integers(1, 40)))
        match chance.integers(0, 6):
            case 0:
                data[at] ^= 1 << int(chance.integers(0, 8))
            case 1:
                del data[at:upto]
            case 2:
                data[at:at] = data[at:upto]
            case 3:
                data[at:at] = TOKENS[int(chance.integers(0, len(TOKENS)))]
            case 4:
                data[at:upto] = TOKENS[int(chance.integers(0, len(TOKENS)))]
            case 5:
                del data[at:]
    return bytes(data)


@pytest.mark.parametrize("name", [COINBASE, SPOT_2021, USDM_2021])
def test_a_spoilt_frame_is_read_or_malformed_and_nothing_else(name):
    feed = RecordedFeed(recording(name), FixedClock())
    frames = [frame for frame in feed.frames() if len(frame.data) < 4_000]
    parser, chance = feed.parser(1), np.random.default_rng(20_260_809)
    refused, reasons = 0, []
    for _ in range(ROUNDS):
        frame = frames[int(chance.integers(0, len(frames)))]
        try:
            said = parser.parse(msgspec.structs.replace(frame, data=spoil(frame.data, chance)))
        except MalformedFrame as error:
            refused += 1
            reasons.append(str(error))
        else:
            assert isinstance(said, Parsed)
            assert said.kind.isascii()
            msgspec.msgpack.encode((said.kind, said.sequence))
            for row in said.rows:
                assert row.symbol in feed.universe.symbols
    assert refused > ROUNDS // 4
    assert all(0 < len(reason) < 300 for reason in reasons)
    msgspec.json.encode(reasons)


@pytest.mark.numbers
@pytest.mark.parametrize("name", [COINBASE, SPOT_2021])
def test_a_spoilt_book_of_thousands_of_levels_is_read_or_malformed(name):
    feed = RecordedFeed(recording(name), FixedClock())
    (book, *_) = (frame for frame in feed.frames() if len(frame.data) > 30_000)
    book = msgspec.structs.replace(book, data=shortened(book.data))
    parser, chance = feed.parser(1), np.random.default_rng(9)
    assert parser.parse(book).rows
    for _ in range(60):
        try:
            parser.parse(msgspec.structs.replace(book, data=spoil(book.data, chance)))
        except MalformedFrame:
            continue


def shortened(data, levels=1500):
    """The same snapshot with fewer levels, still long enough for the array form."""
    read = msgspec.json.decode(data)
    if "events" in read:
        read["events"][0]["updates"] = read["events"][0]["updates"][:levels]
    return msgspec.json.encode(read)
