"""The budget falls with the drawdown, and never rises with it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.drawdown import drawdown, multiplier


@pytest.mark.parametrize(
    ("down", "left"), [(0.0, 1.0), (0.02, 1.0), (0.04, 0.625), (0.06, 0.25), (0.07, 0.125), (0.08, 0.0), (1.0, 0.0)]
)
def test_the_budget_left_follows_the_knots(down: float, left: float) -> None:
    assert multiplier(down) == pytest.approx(left)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_deeper_drawdown_never_leaves_more(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert 0.0 <= multiplier(more) <= multiplier(less) <= 1.0


@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=20))
def test_below_its_own_peak_the_drawdown_is_a_share(path: list[float]) -> None:
    for seen in range(1, len(path) + 1):
        assert 0.0 <= drawdown(max(path[:seen]), path[seen - 1]) < 1.0


def test_what_is_not_known_leaves_nothing() -> None:
    assert multiplier(math.nan) == 0.0
    assert drawdown(0.0, 10.0) == drawdown(math.nan, 10.0) == 1.0
    assert drawdown(100.0, 97.0) == pytest.approx(0.03)
