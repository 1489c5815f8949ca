"""Reading a journal: messages of older versions come out in today's words, and the bytes stay what they were."""

import pytest

from adapters.journal.disk import PosixDisk
from adapters.journal.encoder import Encoder
from adapters.journal.reader import current, records, verify
from adapters.journal.record import BARE, DIGEST, Record
from contracts import codec
from contracts.trade import OrderQuery
from contracts.upgrades import Readers, Step, UnreadableVersion
from tests.kit.journals import a_plan, live

TODAY = {"OrderQuery": 2, "Tick": 1, "Beat": 1}
READERS = Readers([Step("OrderQuery", 1, lambda fields: fields | {"attempt": fields["attempt"] * 10})], TODAY)


def a_record(name: str, version: int, payload: bytes, flags: int = 0) -> Record:
    return Record(1, 1, 0, 0, "desk", name, version, flags, payload)


def test_the_messages_of_an_old_version_are_read_in_todays_words(tmp_path) -> None:
    disk = PosixDisk(tmp_path)
    live(disk, a_plan(8), [])
    was, now = list(records(disk)), list(records(disk, READERS))
    assert [each.seq for each in was] == [each.seq for each in now]
    asked = [(old, new) for old, new in zip(was, now) if old.type == "OrderQuery"]
    assert len(asked) == 4
    for old, new in asked:
        assert (old.version, new.version) == (1, 2)
        before, after = codec.decode(old.type, old.payload), codec.decode(new.type, new.payload)
        assert isinstance(before, OrderQuery) and isinstance(after, OrderQuery)
        assert after.attempt == 10 * before.attempt and after.client_id == before.client_id
    assert [old for old in was if old.type != "OrderQuery"] == [new for new in now if new.type != "OrderQuery"]
    assert not verify(disk).problems


def test_a_message_of_a_newer_release_is_refused_by_name(tmp_path) -> None:
    live(PosixDisk(tmp_path), a_plan(4), [])
    with pytest.raises(UnreadableVersion, match=r"OrderQuery@1 has no reader that leads to OrderQuery@3"):
        list(records(PosixDisk(tmp_path), Readers((), TODAY | {"OrderQuery": 3})))
    with pytest.raises(UnreadableVersion, match="newer release"):
        current(a_record("OrderQuery", 3, b""), READERS)


def test_of_a_digest_only_the_type_can_be_told_anew() -> None:
    readers = Readers([Step("Question", 1, dict, to="OrderQuery", to_version=2)], TODAY)
    for flags, payload in ((DIGEST, bytes(16)), (BARE, b"")):
        told = current(a_record("Question", 1, payload, flags), readers)
        assert (told.type, told.version, told.payload) == ("OrderQuery", 2, payload)


def test_a_type_that_nobody_knows_is_left_to_whoever_asks_for_it() -> None:
    gossip = a_record("Gossip", 1, b"\x80")
    assert current(gossip, READERS) is gossip


def test_every_record_says_the_version_of_its_message(monkeypatch) -> None:
    from contracts import topics

    topic = topics.BY_TYPE[OrderQuery]
    newer = type(topic)(name=topic.name, payload=OrderQuery, author=topic.author, version=7)
    monkeypatch.setitem(topics.BY_TYPE, OrderQuery, newer)
    step = next(step for step in a_plan(4) if isinstance(step.envelope.payload, OrderQuery))
    from tests.adapters.journal.test_encoder import unpacked

    *_, fields = unpacked(Encoder().encode([step.envelope], [0]))
    assert fields[6] == 7
