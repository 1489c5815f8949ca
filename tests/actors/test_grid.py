from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.grid import Grid

steps = st.sampled_from([Decimal(text) for text in ("0.01", "0.00000001", "0.5", "5", "0.125", "1", "0.0003")])


@given(st.lists(st.tuples(steps, st.integers(0, 10**9)), min_size=1, max_size=8))
def test_a_count_of_steps_is_the_float_nearest_to_its_decimal_value(rows):
    grid = Grid.of(step for step, _ in rows)
    values = grid.floats(np.array([count for _, count in rows]))
    assert values.tolist() == [float(count * step) for step, count in rows]


def test_a_grid_of_nothing_is_empty():
    assert Grid.of(()).floats(np.empty(0, dtype=np.int64)).tolist() == []


@given(st.lists(st.tuples(steps, st.integers(0, 10**9)), min_size=1, max_size=8))
def test_values_on_the_grid_count_back_to_where_they_came_from(rows):
    grid = Grid.of(step for step, _ in rows)
    counts = np.array([count for _, count in rows])
    assert grid.counts(grid.floats(counts)).tolist() == counts.tolist()


@given(st.lists(st.tuples(steps, st.integers(0, 10**9)), min_size=1, max_size=8))
def test_rows_of_parts_of_a_step_say_what_the_whole_steps_say_divided(rows):
    grid = Grid.of(step for step, _ in rows)
    counts = np.array([count for _, count in rows])
    whole, halves = grid.rows_of(1, 2).floats(np.array((counts, counts)))
    assert whole.tolist() == grid.floats(counts).tolist()
    assert halves.tolist() == (grid.floats(counts) / 2).tolist()
