"""The points of a sweep."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sweep.grid import POINTS_MAX, Point, grid

values = st.lists(st.text("abc123.", min_size=1, max_size=4), min_size=1, max_size=4, unique=True).map(tuple)


@given(st.dictionaries(st.sampled_from(["a.b", "c.d", "seed"]), values, max_size=3))
def test_a_grid_has_every_combination_once(over):
    points = grid(over)
    size = 1
    for each in over.values():
        size *= len(each)
    assert len(points) == size == len({point.name for point in points})
    for key, expected in over.items():
        assert {point.overrides[key] for point in points} == set(expected)


def test_the_name_of_a_point_does_not_depend_on_the_order_of_its_keys():
    assert Point({"a": "1", "b": "2"}).name == Point({"b": "2", "a": "1"}).name
    assert Point({"a": "1", "b": "2"}).name != Point({"a": "2", "b": "1"}).name


@pytest.mark.parametrize(
    ("over", "what"),
    [
        ({"seed": ()}, "seed has no values"),
        ({"seed": ("1", "1")}, "twice"),
        ({"seed": tuple(map(str, range(POINTS_MAX + 1)))}, "at most"),
    ],
)
def test_a_grid_that_cannot_be_meant_is_refused_by_name(over, what):
    with pytest.raises(ValueError, match=what):
        grid(over)
