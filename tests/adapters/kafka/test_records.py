"""Records hold exactly what the journal holds, whatever the type, the number or the partition they come by."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.kafka.reading import Assembler, Heard
from adapters.kafka.records import Outgoing, Recorder, UnknownType
from contracts import codec
from contracts.column import floats
from contracts.envelope import Envelope
from contracts.market import UniverseChanged
from contracts.topics import TABLE, Topic
from tests.kit.any_message import SYMBOLS, messages
from tests.kit.every_message import every_message
from tests.kit.market import a_mark_frame, a_tick, a_universe

RUN = "canary/canary-000001"
UNIVERSES = {1: SYMBOLS}


def written(message: Any, *, form: Any = "json", universes: Any = None, **place: Any) -> list[Outgoing]:
    said = {"seq": 7, "turn": 3, "cause": 5, "at_ns": 1_700_000_000_000_000_001, "source": "somebody"} | place
    return Recorder(RUN, form, UNIVERSES if universes is None else universes).of_envelope(
        Envelope(payload=message, **said)
    )


def read(records: list[Outgoing]) -> list[Heard]:
    assembler = Assembler()
    heard = [assembler.add(each.topic, each.value, each.headers) for each in records]
    return [each for each in heard if each is not None]


@pytest.mark.numbers
@settings(max_examples=100)
@given(data=st.data(), topic=st.sampled_from(TABLE), form=st.sampled_from(["json", "msgpack"]))
def test_what_was_written_is_read_back_to_the_byte(topic, form, data) -> None:
    comes_back(data.draw(messages(topic.payload)), topic, form)


@pytest.mark.numbers
@pytest.mark.parametrize("form", ["json", "msgpack"])
@pytest.mark.parametrize("topic", TABLE, ids=[topic.name for topic in TABLE])
@settings(max_examples=200)
@given(data=st.data())
def test_any_message_of_any_type_is_read_back_to_the_byte(topic, form, data) -> None:
    comes_back(data.draw(messages(topic.payload)), topic, form)


def comes_back(message: Any, topic: Topic, form: str) -> None:
    (heard,) = read(written(message, form=form))

    assert heard.payload == codec.encode(message)
    assert (heard.run, heard.seq, heard.turn, heard.cause) == (RUN, 7, 3, 5)
    assert (heard.at_ns, heard.source, heard.type) == (1_700_000_000_000_000_001, "somebody", topic.payload.__name__)


@pytest.mark.parametrize("form", ["json", "msgpack"])
def test_every_message_of_the_table_has_records(form) -> None:
    for message in every_message():
        (heard,) = read(written(message, form=form, universes=dict.fromkeys(range(200), ("A", "B"))))

        assert heard.payload == codec.encode(message), type(message).__name__


@given(order=st.permutations(range(3)))
def test_the_parts_of_a_frame_come_in_any_order_and_more_than_once(order: list[int]) -> None:
    frame = a_mark_frame(mid=[1.0, float("nan"), 3.0])
    parts = written(frame)

    heard = read([parts[number] for number in (*order[:2], *order)])

    assert [each.payload for each in heard] == [codec.encode(frame)]


def test_a_row_is_json_with_its_key_and_headers_that_people_can_read() -> None:
    (record,) = written(a_tick(symbol="BTC-EUR"))

    assert (record.topic, record.key) == ("market.tick", b"BTC-EUR")
    assert json.loads(record.value)["symbol"] == "BTC-EUR"
    assert dict(record.headers) == {
        "run": b"canary/canary-000001", "seq": b"7", "turn": b"3", "cause": b"5", "at": b"1700000000000000001",
        "source": b"somebody", "schema": b"Tick@1",
    }  # fmt: skip


def test_a_frame_is_a_record_for_each_instrument_with_what_is_shared_in_all() -> None:
    frame = msgspec.structs.replace(a_mark_frame(mid=[1.0, 2.0, 3.0]), mid=floats([1.5, float("nan"), float("inf")]))
    records = written(frame)

    assert [record.key.decode() for record in records] == list(SYMBOLS)
    values = [json.loads(record.value) for record in records]
    assert [value["symbol"] for value in values] == list(SYMBOLS)
    assert [value["mid"] for value in values] == [1.5, None, "inf"]
    assert {value["universe"] for value in values} == {1}
    assert [dict(record.headers)["part"] for record in records] == [b"0/3", b"1/3", b"2/3"]


def test_symbols_are_learned_as_their_universe_passes() -> None:
    universe = a_universe(*SYMBOLS)
    recorder = Recorder(RUN)
    assert len(recorder.of_envelope(Envelope(1, 1, 0, 1, "marker", a_mark_frame(mid=[1.0, 2.0, 3.0])))) == 1

    recorder.of_envelope(Envelope(2, 2, 0, 2, "feed", UniverseChanged(universe)))

    assert recorder.universes == {universe.version: universe.symbols}
    assert len(recorder.of_envelope(Envelope(3, 3, 0, 3, "marker", a_mark_frame(mid=[1.0, 2.0, 3.0])))) == 3


def test_of_a_digest_the_digest_is_mirrored() -> None:
    digest = bytes(range(16))
    records = Recorder(RUN).of_journal(9, 4, 8, 10, "feature_engine", "FeatureFrame", digest, "digest")

    (heard,) = read(records)
    assert (heard.recorded, heard.payload, records[0].key) == ("digest", digest, b"feature_engine")
    with pytest.raises(ValueError, match="recorded as digest"):
        _ = heard.message


def test_where_only_the_place_was_kept_the_place_is_mirrored() -> None:
    (heard,) = read(Recorder(RUN).of_journal(9, 4, 8, 10, "feed", "Tick", b"", "none"))

    assert (heard.recorded, heard.payload, heard.seq) == ("none", b"", 9)


def test_a_type_of_no_topic_is_named() -> None:
    with pytest.raises(UnknownType, match="'Gossip'"):
        Recorder(RUN).of_journal(1, 1, 0, 1, "x", "Gossip", b"", "full")
