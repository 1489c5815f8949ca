import io

import msgspec
import numpy as np
import pytest

from bot.models.dataset import BadExamples, framed, heading, read_examples, read_stream, stacked, write_examples
from contracts.belief import Example
from contracts.column import floats
from tests.kit.learning import NAMES, SCHEMA, some_examples

EXAMPLES = some_examples(instants=5, width=4)


def messages(schema: str = SCHEMA) -> list[Example]:
    """The same as the weighter would say them."""
    said = []
    for number in range(5):
        rows = slice(4 * number, 4 * number + 4)
        said.append(
            Example(
                universe=1,
                schema=schema,
                said_ns=int(EXAMPLES.said_ns[rows][0]),
                end_ns=int(EXAMPLES.end_ns[rows][0]),
                x=floats(EXAMPLES.x[rows]),
                base=floats(EXAMPLES.base[:, rows]),
                z=floats(EXAMPLES.z[rows]),
                scale=floats(np.ones(4)),
                weight=1 / 3,
                based_on=(),
            )
        )
    return said


def same(found, expected=EXAMPLES) -> bool:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(found[:6], expected[:6])) and (
        found[6:] == expected[6:]
    )


def test_messages_are_stacked_below_each_other():
    assert same(stacked(messages(), NAMES))


def test_a_stream_brings_back_what_went_in(tmp_path):
    stream = heading(NAMES) + b"".join(framed(each) for each in messages())
    (tmp_path / "a.examples").write_bytes(stream)

    assert same(read_stream(io.BytesIO(stream)))
    assert same(read_examples(tmp_path / "a.examples"))


def test_arrays_bring_back_what_went_in(tmp_path):
    write_examples(tmp_path / "a.npz", EXAMPLES)

    assert same(read_examples(tmp_path / "a.npz"))


def test_a_cut_stream_is_damage_wherever_it_was_cut():
    stream = heading(NAMES) + b"".join(framed(each) for each in messages()[:2])
    whole = len(heading(NAMES)), len(heading(NAMES)) + len(framed(messages()[0]))
    for length in range(len(stream)):
        if length == whole[1]:
            continue
        with pytest.raises(BadExamples):
            read_stream(io.BytesIO(stream[:length]))


def test_messages_of_other_inputs_are_refused():
    with pytest.raises(BadExamples, match="example 5 has schema 999999999999"):
        stacked([*messages(), messages("99" * 32)[0]], NAMES)
    with pytest.raises(BadExamples, match="expected 5c5c5c5c5c5c and 2"):
        stacked(messages(), NAMES[:2])
    with pytest.raises(BadExamples, match="not one example"):
        stacked([], NAMES)


def test_a_file_that_holds_something_else_is_named(tmp_path):
    path = tmp_path / "a.npz"
    for data in (b"", b"PK\x03\x04", b"x" * 500):
        path.write_bytes(data)
        with pytest.raises(BadExamples, match=r"a.npz: holds no arrays"):
            read_examples(path)
    np.savez(path, x=np.zeros(3))
    with pytest.raises(BadExamples, match=r"a.npz: lacks base, z, weight"):
        read_examples(path)
    write_examples(path, EXAMPLES._replace(z=EXAMPLES.z.astype(int)))
    with pytest.raises(BadExamples, match="z is of int64, expected kind 'f'"):
        read_examples(path)
    with pytest.raises(BadExamples, match="cannot be read"):
        read_examples(tmp_path / "absent.npz")


def test_a_pickle_is_never_opened(tmp_path):
    code = np.array([{"x": 1}], dtype=object)
    np.savez(
        tmp_path / "a.npz",
        x=code, base=code, z=code, weight=code, said_ns=code, end_ns=code, names=code, schema=code, levels=code,
    )  # fmt: skip

    with pytest.raises(BadExamples, match="holds no arrays"):
        read_examples(tmp_path / "a.npz")


def test_the_heading_is_a_list_of_names():
    with pytest.raises(BadExamples, match="holds no examples"):
        read_stream(io.BytesIO(msgspec.json.encode({"a": 1}) + b"\n"))
