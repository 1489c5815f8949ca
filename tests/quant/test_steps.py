import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.steps import decimal_step


@given(st.integers(0, 8), st.lists(st.integers(1, 10**7), min_size=1, max_size=50))
def test_the_step_is_the_coarsest_that_holds_all(decimals: int, counts: list[int]) -> None:
    values = np.array([float(f"{count}e-{decimals}") for count in counts])
    step = decimal_step(values)

    assert step is not None and step <= decimals
    assert all(round(value * 10.0**step) == pytest.approx(value * 10.0**step, abs=1e-5) for value in values)
    assert step == -6 or any(count % 10 ** (decimals - step + 1) for count in counts)


@pytest.mark.parametrize(
    ("values", "step"), [([0.06801, 0.068], 5), ([23277.42, 100.0], 2), ([1500.0, 2000.0], -2), ([np.nan], None)]
)
def test_examples(values: list[float], step: int | None) -> None:
    assert decimal_step(np.array(values)) == step


def test_averages_lie_on_no_grid() -> None:
    assert decimal_step(np.array([1.0 / 3.0, 2.0 / 7.0])) is None
