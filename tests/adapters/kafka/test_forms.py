"""Ways into a message, and the numbers JSON has no word for, are written so that they are found again."""

import math
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka.cells import Cells, decode
from adapters.kafka.forms import form_of, number_of, number_text, place, type_of, walk, written
from contracts import codec
from contracts.column import floats, integers
from contracts.topics import FRAMES, TABLE
from tests.kit.market import a_mark_frame


def test_every_topic_leads_to_its_type_and_back() -> None:
    for topic in TABLE:
        assert form_of(topic.payload.__name__).topic == topic.name
        assert type_of(topic.name) == topic.payload.__name__


def test_every_cross_section_is_called_one() -> None:
    over_universe = {topic.payload for topic in TABLE if form_of(topic.payload.__name__).columns} & {
        topic.payload for topic in TABLE if "universe" in topic.payload.__struct_fields__
    }

    assert {kind.__name__ for kind in over_universe - set(FRAMES)} == {"Selection", "AllocationAsked", "AllocationPlan"}


@given(st.lists(st.text(max_size=5), min_size=1, max_size=3))
def test_a_way_is_found_again_whatever_its_steps_are_called(steps: list[str]) -> None:
    tree: dict[str, object] = {}
    here = tree
    for step in steps[:-1]:
        here[step] = {}
        here = here[step]  # type: ignore[assignment]
    here[steps[-1]] = "found"

    way = written(tuple(steps))
    container, last = place(tree, way)

    assert container[last] == "found"
    assert " " not in way
    assert "=" not in way


def test_a_way_leads_through_lists() -> None:
    assert place({"a": [{"b": 1}, {"b": 2}]}, "a/1/b") == ({"b": 2}, "b")
    assert place({"a": [1, 2]}, "a/1") == ([1, 2], 1)


@given(st.floats() | st.sampled_from([math.nan, -math.nan, math.inf, -math.inf]))
def test_a_number_comes_back_with_its_bits(value: float) -> None:
    if math.isfinite(value):
        return
    assert struct.pack("<d", number_of(number_text(value))) == struct.pack("<d", value)


def test_a_walk_finds_columns_and_odd_numbers_and_nothing_else() -> None:
    fields = decode(codec.encode(a_mark_frame(mid=[1.0]))) | {"x": [{"y": math.inf}, 1.0], "z": "text"}

    found = dict(walk(fields))
    assert found[("x", 0, "y")] == math.inf
    assert {path for path, each in found.items() if isinstance(each, Cells)} == {
        ("bid",), ("ask",), ("mid",), ("tick_ns",), ("tick_seq",), ("valid",),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "text", "rows"),
    [
        (floats([1.5, math.nan, math.inf, -math.inf]), "f4", (1.5, None, "inf", "-inf")),
        (integers([[1, 2, 3], [4, 5, 6]]), "i2,3", [(1, 2, 3), (4, 5, 6)]),
        (floats([]), "f0", ()),
    ],
)
def test_a_column_of_a_payload_is_shown_as_json_has_it(column, text, rows) -> None:
    cells = decode(codec.encode({"c": column}))["c"]

    assert (cells.head.text, cells.rows) == (text, rows)


def test_another_extension_is_no_column() -> None:
    with pytest.raises(ValueError, match="extension was 9"):
        decode(msgspec.msgpack.encode({"c": msgspec.msgpack.Ext(9, b"")}))
