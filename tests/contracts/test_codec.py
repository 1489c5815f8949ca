"""The codec: messages keep their bytes, and people read NaN as null."""

import msgspec
import pytest

from contracts import codec
from contracts.column import floats
from tests.kit.market import a_mark_frame, a_tick


def test_a_message_comes_back_from_its_bytes_with_its_columns() -> None:
    for message in (a_tick(), a_mark_frame(mid=[1.0, float("nan")])):
        assert codec.decode(type(message).__name__, codec.encode(message)) == message


def test_an_unknown_type_name_is_named() -> None:
    with pytest.raises(codec.UnknownMessage, match="'Gossip'"):
        codec.decode("Gossip", b"")


def test_json_shows_nan_as_null() -> None:
    assert b'"mid":[1.0,null]' in codec.encode_json(a_mark_frame(mid=[1.0, float("nan")]))


def test_a_changed_type_has_another_schema_digest() -> None:
    class One(msgspec.Struct):
        a: int

    class Two(msgspec.Struct):
        a: int
        b: int = 0

    assert codec.schema_digest(One) != codec.schema_digest(Two)


def test_infinities_are_text_for_people() -> None:
    assert codec.encode_json(floats([float("inf"), float("-inf"), 1.5])) == b'["inf","-inf",1.5]'


def test_a_digest_tells_payloads_apart_and_is_short() -> None:
    one, other = (codec.encode(a_tick(bid=ticks)) for ticks in (1, 2))
    assert codec.digest(one) == codec.digest(bytes(one)) != codec.digest(other)
    assert len(codec.digest(one)) == 16


def test_bytes_of_another_type_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        codec.decode("Order", codec.encode(a_tick()))


def test_nothing_but_messages_and_columns_is_encoded() -> None:
    with pytest.raises(NotImplementedError, match="no message holds a object"):
        codec.encode(object())
