"""Careful reading refuses every form of JSON that means two things or nothing."""

import pytest

from adapters.careful import careful, label
from contracts.wire import MalformedFrame


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no JSON"),
        (b'{"a":1', "no JSON"),
        (b'{"a":1}{', "no JSON"),
        (b'{"a":1,"a":1}', "'a' comes twice"),
        (b'{"x":{"b":1,"b":2}}', "'b' comes twice"),
        (b'{"a":"\xff"}', "UTF-8 at byte 6"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "Infinity"),
        (b'{"a":' + b"9" * 5000 + b"}", "digits"),
        (b"[" * 100_000, "deep"),
        (b'{"a":' * 100_000, "deep"),
        (b"[1]", "object"),
        (b"null", "object"),
        (b'"text"', "object"),
    ],
)
def test_what_is_no_object_of_single_keys_is_malformed(data, why):
    with pytest.raises(MalformedFrame, match=why):
        careful(data)


def test_an_object_is_read_whole():
    assert careful('{"a":["é",1.5,null,{"b":true}]}'.encode()) == {"a": ["é", 1.5, None, {"b": True}]}


def test_a_label_is_short_plain_ascii():
    assert label("depth@100ms") == "depth@100ms"
    assert label("\ud800é") == "\\ud800\\xe9"
    assert len(label("x" * 10_000)) == 40
