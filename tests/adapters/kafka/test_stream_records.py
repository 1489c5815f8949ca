import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka.stream_records import BLOCK_BYTES, PROOF, Seal, Unproved, block_of, cut, encode, frames_of
from contracts import codec
from contracts.belief import FeatureFrame, SignalFrame
from contracts.column import floats
from contracts.life import Beat
from contracts.secret import Secret
from contracts.stream import PartFrames, StreamBlock, StreamMessage

KEY = Secret("a secret of at least sixteen bytes")
SEAL = Seal(KEY, "profile")
BLOCK = StreamBlock("a", 1, (StreamMessage(1, 10, "feed", "Tick", b"one"), StreamMessage(2, 20, "feed", "Tick", b"")))


def frames() -> PartFrames:
    column = floats([0.5, float("nan")])
    signal = SignalFrame("flow", 1, 60.0, column, column, column, column, "", (3,))
    return PartFrames(
        run="a",
        seq=9,
        at_ns=5,
        part=0,
        parts=2,
        features=FeatureFrame(1, "s", floats([[1.0, 2.0]]), (), ()),
        signals=(signal,),
    )


def test_what_was_said_is_read_back_as_it_was() -> None:
    assert block_of(encode(BLOCK)) == BLOCK
    assert frames_of(encode(frames())) == frames()


def test_a_proved_value_is_believed() -> None:
    value = encode(BLOCK)

    assert SEAL.check("stream", value, SEAL.headers("stream", value)) == value


@given(st.integers(0, len(encode(BLOCK)) * 8 - 1))
def test_a_value_with_any_bit_changed_is_refused(bit: int) -> None:
    value = bytearray(encode(BLOCK))
    headers = SEAL.headers("stream", bytes(value))
    value[bit // 8] ^= 1 << bit % 8

    with pytest.raises(Unproved, match="whose proof is wrong"):
        SEAL.check("stream", bytes(value), headers)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("seq", b"1")],
        [(PROOF, b"")],
        SEAL.headers("shards", encode(BLOCK)),
        Seal(KEY, "another").headers("stream", encode(BLOCK)),
        Seal(Secret("another secret, just as long as it"), "profile").headers("stream", encode(BLOCK)),
    ],
    ids=["none", "another header", "an empty one", "of another topic", "of another profile", "by another secret"],
)
def test_what_is_not_proved_here_is_refused(headers: list[tuple[str, bytes]]) -> None:
    with pytest.raises(Unproved):
        SEAL.check("stream", encode(BLOCK), headers)


def test_a_tombstone_is_refused() -> None:
    with pytest.raises(Unproved):
        SEAL.check("stream", None, [])


BAD_BLOCKS = {
    "nothing": b"",
    "no msgpack": b"\xc1",
    "frames": encode(frames()),
    "no message": encode(StreamBlock("a", 1, ())),
    "a message twice": encode(StreamBlock("a", 1, (BLOCK.messages[0], BLOCK.messages[0]))),
    "a message before the first": encode(StreamBlock("a", 1, (StreamMessage(0, 1, "feed", "Tick", b""),))),
}


@pytest.mark.parametrize("value", BAD_BLOCKS.values(), ids=BAD_BLOCKS)
def test_bytes_that_are_no_block_are_refused(value: bytes) -> None:
    with pytest.raises(Unproved):
        block_of(value)


def test_bytes_that_are_no_frames_are_refused() -> None:
    for value in (b"", encode(BLOCK), b"\x80"):
        with pytest.raises(Unproved):
            frames_of(value)


def test_a_short_secret_is_none_and_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="fewer than 16 bytes") as refused:
        Seal(Secret("short"), "profile")

    assert "short'" not in str(refused.value)


def message(seq: int, payload: object, size: int = 0) -> StreamMessage:
    data = codec.encode(payload) if isinstance(payload, Beat) else b"x" * size
    return StreamMessage(seq, seq, "feed", type(payload).__name__, data)


def test_a_block_ends_with_a_beat_or_when_it_is_large() -> None:
    beat = Beat(kind="signal", number=1)
    said = [
        message(1, "row", 10),
        message(2, beat),
        message(3, "row", BLOCK_BYTES),
        message(4, "row"),
        message(5, "row"),
    ]

    assert [[each.seq for each in piece] for piece in cut(said)] == [[1, 2], [3], [4, 5]]


@given(st.lists(st.integers(0, BLOCK_BYTES), max_size=20))
def test_cutting_loses_nothing_and_changes_no_order(sizes: list[int]) -> None:
    said = [message(seq, "row", size) for seq, size in enumerate(sizes, start=1)]

    assert [each for piece in cut(said) for each in piece] == said
    assert all(piece for piece in cut(said))
