import math

import pytest

from actors.settings import at_least, more_than_zero, within


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_what_must_be_more_than_zero_is_named_with_its_value(value):
    with pytest.raises(ValueError, match=f"gate: age_s was {value}, expected a finite number above 0"):
        more_than_zero("gate", bar_s=1.0, age_s=value)


@pytest.mark.parametrize("value", [1.9, float("nan"), float("inf")])
def test_what_is_below_its_least_is_named_with_its_value(value):
    with pytest.raises(ValueError, match=f"gate: bars was {value}, expected at least 2"):
        at_least("gate", 2, bars=value)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_outside_its_bounds_is_named_with_its_value(value):
    with pytest.raises(ValueError, match=f"gate: share was {value}, expected 0 to 1"):
        within("gate", 0, 1, share=value)


def test_bounds_themselves_are_allowed_and_the_next_number_is_not():
    more_than_zero("gate", age_s=math.nextafter(0, 1))
    at_least("gate", 2, bars=2)
    within("gate", 0, 1, low=0, high=1)
    beyond = (
        lambda: more_than_zero("gate", age_s=0.0),
        lambda: at_least("gate", 2, bars=math.nextafter(2, 0)),
        lambda: within("gate", 0, 1, low=math.nextafter(0, -1)),
        lambda: within("gate", 0, 1, high=math.nextafter(1, 2)),
    )
    for refused in beyond:
        with pytest.raises(ValueError, match=r"^gate: "):
            refused()
