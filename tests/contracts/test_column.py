"""Columns are immutable, and equal columns have equal bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from contracts import column as columns
from contracts.column import Column, flags, floats, integers

arrays = st.one_of(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, min_side=0, max_side=6)),
    hnp.arrays(np.int64, hnp.array_shapes(max_dims=2, min_side=0, max_side=6)),
    hnp.arrays(np.bool_, hnp.array_shapes(max_dims=2, min_side=0, max_side=6)),
)


@given(arrays)
def test_a_column_comes_back_from_its_bytes(array) -> None:
    column = Column(array)
    assert Column.from_bytes(column.to_bytes()) == column
    np.testing.assert_array_equal(column.values, array)


def test_every_nan_becomes_the_canonical_one() -> None:
    odd = np.array([0x7FF8000000000123, 0xFFF8000000000000], dtype=np.uint64).view(np.float64)
    assert floats(odd) == floats([np.nan, np.nan])


def test_a_column_owes_nothing_to_the_array_it_was_made_of() -> None:
    array = np.array([1.0, 2.0])
    column = Column(array)
    array[0] = 9.0
    assert column[0] == 1.0


def test_a_column_cannot_be_written() -> None:
    column = floats([1.0])
    with pytest.raises(ValueError, match="read-only"):
        column.values[0] = 2.0
    with pytest.raises(AttributeError, match="immutable"):
        column.values = np.zeros(1)  # type: ignore[misc]


@pytest.mark.parametrize("bad", [np.array(["a"]), np.array([1j]), np.zeros((1, 1, 1)), np.array(1.0)])
def test_what_is_no_column_is_refused(bad) -> None:
    with pytest.raises(ValueError, match="a column holds"):
        Column(bad)


def test_integers_refuse_fractions_and_flags_are_bool() -> None:
    with pytest.raises(ValueError, match="fraction"):
        integers([1.5])
    assert flags([0, 1]) == Column(np.array([False, True]))


def test_kind_and_shape_belong_to_equality() -> None:
    assert floats([1.0]) != integers([1])
    assert floats([[1.0, 2.0]]) != floats([1.0, 2.0])


@given(st.binary(max_size=40))
def test_foreign_bytes_are_refused_and_nothing_else_is_raised(data) -> None:
    try:
        column = Column.from_bytes(data)
    except ValueError:
        return
    assert column.to_bytes()[: len(data)] == data or column.values.dtype.kind in "fb"


@given(arrays)
def test_a_column_that_is_given_its_array_is_the_one_that_copies_it(array) -> None:
    expected = Column(array)
    column = columns.given(array)
    assert column == expected
    assert column.values is array
    assert not array.flags.writeable
    if array.ndim == 2:
        assert columns.given_rows(array.copy()) == [Column(row) for row in array]


@given(arrays)
def test_a_column_says_how_many_of_its_places_are_present(array) -> None:
    column = Column(array)
    expected = [np.count_nonzero(np.isfinite(row) if row.dtype.kind != "b" else row) for row in np.atleast_2d(array)]
    assert column.present == sum(expected)
    assert Column.from_bytes(column.to_bytes()).present == column.present
    if array.ndim == 2:
        assert [row.present for row in columns.given_rows(array.copy())] == expected


def test_rows_without_anything_are_one_column_and_infinite_ones_are_not() -> None:
    first, second = columns.rows(np.full((2, 3), np.nan))
    assert first is second
    odd = np.array([[np.inf, np.nan], [np.nan, np.nan]])
    assert columns.rows(odd) == [floats(row) for row in odd]


@pytest.mark.parametrize("bad", [np.zeros((2, 3)).T, np.zeros(3, dtype=np.float32), np.array(["a"])])
def test_only_a_whole_array_of_the_three_kinds_can_be_given(bad) -> None:
    with pytest.raises(ValueError, match="given as a whole"):
        columns.given(bad)
