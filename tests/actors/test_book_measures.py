"""Columns of a book frame from hand-made touches and counts."""

import numpy as np
import pytest

from actors.book_counts import ROWS
from actors.book_levels import Ladders
from actors.book_measures import measured
from contracts.market import BookFrame


def shown(touch: tuple[int, ...], at_trade: tuple[int, ...] = (0, 0, 0, 0), **counts: int) -> dict[str, float]:
    window = np.array([[counts.get(name, 0)] for name in ROWS])
    rows = measured([window] * 3, np.array([touch]), np.array([at_trade]), Ladders(1))
    return {name: float(row[0]) for name, row in rows.items()}


def test_every_float_column_of_a_frame_is_measured() -> None:
    assert set(shown((99, 1, 101, 1))) == set(BookFrame.__struct_fields__) - {"universe", "book_seq"}


@pytest.mark.parametrize(
    ("removed", "traded", "expected"), [(10, 0, 1.0), (10, 4, 0.6), (10, 10, 0.0), (10, 99, 0.0), (0, 3, np.nan)]
)
def test_what_trades_do_not_explain_was_taken_back(removed: int, traded: int, expected: float) -> None:
    found = shown((99, 1, 101, 1), removed=removed, traded=traded)["cancel_ratio_10s"]

    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("touch", "at_trade", "expected"),
    [
        ((99, 10, 101, 10), (99, 10, 101, 10), 0.0),
        ((99, 30, 101, 10), (99, 10, 101, 10), 20 / 60),
        ((99, 10, 101, 30), (99, 10, 101, 10), -20 / 60),
        ((99, 10, 101, 30), (0, 0, 0, 0), np.nan),
    ],
)
def test_a_queue_is_held_against_the_one_at_the_last_trade(
    touch: tuple[int, ...], at_trade: tuple[int, ...], expected: float
) -> None:
    assert shown(touch, at_trade)["queue_dep"] == pytest.approx(expected, nan_ok=True)


def test_without_a_valid_touch_nothing_is_known() -> None:
    assert all(np.isnan(value) for value in shown((0, 0, 101, 5), (99, 1, 101, 1), removed=5, updates=5).values())
