from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.journal.encoder import Encoder
from adapters.journal.record import CONTROL, HEADER, LAST, NAME, OUTSIDE
from contracts import codec
from contracts.envelope import Envelope
from contracts.life import Beat, ClockStepped, RunStopped
from tests.kit.journals import checksum

MESSAGES = st.one_of(
    st.builds(Beat, st.sampled_from(["signal", "decide", "second"]), st.integers(0, 2**40)),
    st.builds(ClockStepped, st.integers(0, 2**40)),
    st.builds(RunStopped, st.text(max_size=300), st.integers(0, 255)),
)
ENVELOPES = st.builds(
    Envelope,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=20),
    MESSAGES,
)


def unpacked(data: bytes) -> list[tuple[Any, ...]]:
    """The header fields after the length, and the payload, of every record; checksums are right."""
    found = []
    while data:
        crc, length, *fields = HEADER.unpack_from(data)
        stop = HEADER.size + length
        assert crc == checksum(data[4:stop])
        found.append((*fields, data[HEADER.size : stop]))
        data = data[stop:]
    return found


@given(st.lists(st.tuples(ENVELOPES, st.sampled_from([0, LAST, OUTSIDE, OUTSIDE | LAST])), max_size=20))
def test_the_bytes_explain_themselves(said) -> None:
    data = Encoder().encode([envelope for envelope, _ in said], [flag for _, flag in said])
    names: dict[int, str] = {}
    read = []
    for seq, turn, cause, at_ns, source, kind, _, flag, payload in unpacked(data):
        if flag & CONTROL:
            assert kind == NAME
            names[int.from_bytes(payload[:2], "little")] = payload[2:].decode()
        else:
            message = codec.decode(names[kind], payload)
            read.append((Envelope(seq, turn, cause, at_ns, names[source], message), flag))
    assert read == said


def test_a_name_is_told_once_in_a_segment() -> None:
    encoder = Encoder()
    beats = [Envelope(seq, seq, 0, seq, "metronome", Beat("second", seq)) for seq in (1, 2, 3)]
    assert [fields[5] for fields in unpacked(encoder.encode(beats, [0, 0, 0]))][:2] == [NAME, NAME]
    assert len(unpacked(encoder.encode(beats, [0, 0, 0]))) == 3
    encoder.start_segment()
    assert len(unpacked(encoder.encode(beats, [0, 0, 0]))) == 5


def test_what_is_no_message_is_no_record() -> None:
    stranger: Any = Envelope(1, 1, 0, 1, "nobody", Envelope(1, 1, 0, 1, "", Beat("second", 1)))
    with pytest.raises(KeyError):
        Encoder().encode([stranger], [0])


def test_a_source_may_have_the_name_of_a_type() -> None:
    beat = Envelope(1, 1, 0, 1, "Beat", Beat("second", 1))
    name, record = unpacked(Encoder().encode([beat], [0]))
    assert (name[-1][2:], record[4], record[5]) == (b"Beat", 1, 1)
