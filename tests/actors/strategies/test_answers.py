"""What a strategy may answer: finite numbers or NaN, one per instrument; everything else is named."""

import math

import numpy as np
import pytest

from actors.strategies.answers import checked, differ, hold_to_shape


def test_nothing_wanted_is_no_number_and_an_infinite_target_is_refused_by_its_symbol():
    assert math.isnan(checked("BTC-EUR", None))
    assert checked("BTC-EUR", np.float64(0.5)) == 0.5
    with pytest.raises(ValueError, match="target of BTC-EUR was -inf"):
        checked("BTC-EUR", -math.inf)


@pytest.mark.parametrize(
    ("now", "before", "different"),
    [
        ([1.0, math.nan], [1.0, math.nan], False),
        ([0.0, 1.0], [-0.0, 1.0], False),
        ([1.0, 2.0], [1.0, math.nan], True),
        ([1.0, math.nan], [1.0, 2.0], True),
        ([1.0, 2.0], [1.0, 3.0], True),
    ],
)
def test_targets_differ_where_a_number_does_or_one_of_them_is_none(now, before, different):
    assert differ(np.array(now), np.array(before)) is different


def test_every_array_of_another_shape_is_named():
    hold_to_shape("Mine", {"fast": (2,), "the answer": (2,)}, (2,))
    with pytest.raises(ValueError, match=r"Mine: fast is \(3,\), the answer is \(\), expected \(2,\)"):
        hold_to_shape("Mine", {"fast": (3,), "slow": (2,), "the answer": ()}, (2,))
