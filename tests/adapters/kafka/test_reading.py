"""What no mirror wrote is refused by name, old words are read in today's, and memory has a bound."""

import msgspec
import pytest

from adapters.kafka.reading import Assembler, MalformedRecord
from adapters.kafka.records import Outgoing, Recorder
from contracts.envelope import Envelope
from contracts.upgrades import UnreadableVersion
from tests.kit.any_message import SYMBOLS
from tests.kit.market import a_mark_frame, a_tick


def records(message, seq: int = 1) -> list[Outgoing]:
    return Recorder("a/a-000001", "json", {1: SYMBOLS}).of_envelope(Envelope(seq, 1, 0, 1, "me", message))


def with_header(record: Outgoing, name: str, value: bytes | None) -> Outgoing:
    kept = [header for header in record.headers if header[0] != name]
    return msgspec.structs.replace(record, headers=kept + ([(name, value)] if value is not None else []))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seq", None), ("seq", b"many"), ("run", None), ("schema", b"Order@1"), ("schema", b"Tick@x"),
        ("schema", b""), ("at", b"\xff"), ("columns", b"bid=f3"), ("columns", b"nowhere=f1"), ("numbers", b"bid/3=nan"),
        ("numbers", b"bid=nonsense"), ("recorded", b"perhaps"), ("part", b"x/y"),
    ],
)  # fmt: skip
def test_a_record_that_no_mirror_wrote_is_refused(name: str, value: bytes | None) -> None:
    (record,) = records(a_tick())
    forged = with_header(record, name, value)

    with pytest.raises(MalformedRecord, match=r"market\.tick"):
        Assembler().add(forged.topic, forged.value, forged.headers)


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"7", b"null", b'{"symbol":1}', b"\xc1", b"\x80"])
def test_a_value_that_is_no_message_is_refused(value: bytes) -> None:
    (record,) = records(a_tick())

    with pytest.raises(MalformedRecord):
        Assembler().add(record.topic, value, record.headers)


def test_a_record_of_a_topic_that_is_not_ours_is_refused() -> None:
    (record,) = records(a_tick())

    with pytest.raises(MalformedRecord, match="gossip"):
        Assembler().add("gossip", record.value, record.headers)


def test_a_version_that_nothing_reads_is_told_apart() -> None:
    (record,) = records(a_tick())
    newer = with_header(record, "schema", b"Tick@99")

    with pytest.raises(UnreadableVersion, match="newer release"):
        Assembler().add(newer.topic, newer.value, newer.headers)


def test_a_field_that_came_later_has_its_default() -> None:
    (record,) = records(a_tick())
    fields = msgspec.json.decode(record.value) | {"came_later": 1}

    heard = Assembler().add(record.topic, msgspec.json.encode(fields), record.headers)
    assert heard is not None
    assert heard.message == a_tick()


def test_frames_whose_parts_never_come_are_given_up_oldest_first() -> None:
    assembler = Assembler(pending_max=2)
    frames = [records(a_mark_frame(mid=[1.0, 2.0, 3.0]), seq) for seq in (1, 2, 3)]
    for frame in frames:
        assembler.add(frame[0].topic, frame[0].value, frame[0].headers)

    assert assembler.given_up == 1
    assert [assembler.add(each.topic, each.value, each.headers) for each in frames[2][1:]][-1] is not None
