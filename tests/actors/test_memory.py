import msgspec

from actors.memory import copied
from contracts.column import floats


class Inner(msgspec.Struct):
    numbers: list[int] = []


class Outer(msgspec.Struct, kw_only=True):
    inner: Inner = msgspec.field(default_factory=Inner)
    inners: list[Inner] = []
    tables: dict[str, list[int]] = {}
    column: object = None


class Frozen(msgspec.Struct, frozen=True):
    number: int


def test_a_copy_is_equal_and_shares_nothing_that_can_change():
    state = Outer(inner=Inner([1]), inners=[Inner([2])], tables={"a": [3]}, column=floats([1.0]))
    copy = copied(state)
    assert copy == state
    state.inner.numbers.append(9)
    state.inners[0].numbers.append(9)
    state.tables["a"].append(9)
    state.tables["b"] = []
    assert copy == Outer(inner=Inner([1]), inners=[Inner([2])], tables={"a": [3]}, column=floats([1.0]))


def test_what_cannot_change_is_shared():
    column, frozen = floats([1.0]), Frozen(1)
    assert copied(column) is column
    assert copied([frozen])[0] is frozen


def test_one_that_can_change_among_others_is_copied():
    inner = Inner([1])
    for held in ([None, inner], {"a": None, "b": inner}):
        copy = copied(held)
        inner.numbers.append(2)
        assert copy != held
        inner.numbers.pop()
