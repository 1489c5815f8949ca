"""Records of older versions, read in today's words."""

from typing import Any

import pytest

from contracts import codec
from contracts.column import floats
from contracts.trade import OrderQuery
from contracts.upgrades import READERS, STEPS, VERSIONS, Readers, Step, UnreadableVersion
from tests.kit.every_message import every_message
from tests.kit.market import a_mark_frame

TODAY = {"OrderQuery": 3, "MarkFrame": 2}


def _named(fields):
    return {"client_id": fields.pop("order"), **fields}


def _counted(fields):
    return fields | {"attempt": fields["attempt"] + 1}


OLD = (
    Step("OrderQuery", 1, _named),
    Step("OrderQuery", 2, _counted),
    Step(
        "Question", 1, lambda fields: {"order": fields["of"], "symbol": "", "attempt": 0}, to="OrderQuery", to_version=1
    ),
    Step("MarkFrame", 1, lambda fields: fields | {"valid": fields["mid"]}),
)
READ = Readers(OLD, TODAY)


def test_a_record_of_today_keeps_its_bytes() -> None:
    for message in every_message():
        name, payload = type(message).__name__, codec.encode(message)
        assert READERS.payload(name, VERSIONS[name], payload) == (name, payload)


def test_an_old_record_is_led_from_version_to_version() -> None:
    first = codec.encode({"order": "k1", "symbol": "BTC-EUR", "attempt": 4})
    second = codec.encode({"client_id": "k1", "symbol": "BTC-EUR", "attempt": 4})
    expected = ("OrderQuery", codec.encode(OrderQuery("k1", "BTC-EUR", 5)))
    assert READ.payload("OrderQuery", 1, first) == READ.payload("OrderQuery", 2, second) == expected


def test_a_message_that_is_gone_becomes_another() -> None:
    assert READ.target("Question", 1) == "OrderQuery"
    assert READ.fields("Question", 1, {"of": "k2"}) == (
        "OrderQuery",
        {"client_id": "k2", "symbol": "", "attempt": 1},
    )


def test_columns_pass_through_a_step_exactly() -> None:
    frame = a_mark_frame(mid=[1.0, float("nan")])
    old = {name: getattr(frame, name) for name in frame.__struct_fields__ if name != "valid"}
    name, payload = READ.payload("MarkFrame", 1, codec.encode(old))
    read: Any = codec.decode(name, payload)
    assert read.mid == frame.mid and read.valid == floats([1.0, float("nan")])


def test_the_fields_that_were_given_are_left_alone() -> None:
    given = {"order": "k1", "symbol": "BTC-EUR", "attempt": 4}
    READ.fields("OrderQuery", 1, given)
    assert given == {"order": "k1", "symbol": "BTC-EUR", "attempt": 4}


@pytest.mark.parametrize(
    ("name", "version", "why"),
    [
        ("OrderQuery", 4, "newer release, this one reads up to OrderQuery@3"),
        ("OrderQuery", 0, "no reader that leads to OrderQuery@3"),
        ("Gossip", 1, "of no topic"),
    ],
)
def test_what_nothing_reads_is_named(name, version, why) -> None:
    assert not READ.readable(name, version)
    with pytest.raises(UnreadableVersion, match=why):
        READ.fields(name, version, {})


def test_steps_that_lead_nowhere_or_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="two steps lead from OrderQuery@1"):
        Readers((OLD[0], OLD[0]), TODAY)
    with pytest.raises(ValueError, match="from OrderQuery@1 lead to no message of today"):
        Readers(OLD[:1], TODAY)
    around = (Step("A", 1, dict, to="B", to_version=1), Step("B", 1, dict, to="A", to_version=1))
    with pytest.raises(ValueError, match="lead to no message"):
        Readers(around, TODAY)


def test_every_step_there_is_leads_to_today() -> None:
    assert all(READERS.readable(step.type, step.version) for step in STEPS)
