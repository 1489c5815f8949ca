"""What makes the budget smaller, by its name and share."""

import pytest

from actors.risk.multipliers import WHOLE, multipliers_of
from contracts.belief import DriftState, RegimeState
from contracts.column import floats
from tests.kit.orders import an_equity
from tests.kit.risk import risk_settings


def a_regime(*, flipped):
    return RegimeState(
        probabilities=floats([0.2, 0.5, 0.3]),
        label="normal",
        run_bars=3.0,
        fresh=0.9,
        flipped=flipped,
        parameters="test",
        based_on=(1,),
    )


def a_drift(size_factor, level="half"):
    return DriftState(level=level, reasons=(), sigma_factor=1.0, size_factor=size_factor, based_on=(1,))


def found(*, equity=None, regime=None, drift=None, stale=()):
    return multipliers_of(equity or an_equity(), regime, drift, stale, risk_settings())


def test_nothing_heard_of_regime_and_drift_takes_nothing():
    assert found() == WHOLE
    assert (WHOLE.budget, WHOLE.size, WHOLE.told()) == (1.0, 1.0, "")


def test_a_flip_of_the_regime_takes_what_the_profile_says():
    assert found(regime=a_regime(flipped=False)) == WHOLE
    flipped = found(regime=a_regime(flipped=True))
    assert (flipped.budget, flipped.size) == (0.5, 0.5)
    assert flipped.told() == " (0.50 of the budget: regime 0.50)"


@pytest.mark.parametrize(
    ("factor", "left"), [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (7.0, 1.0), (-1.0, 0.0), (float("nan"), 0.0)]
)
def test_drift_takes_its_share_and_never_gives_any(factor, left):
    assert found(drift=a_drift(factor)).budget == left


def test_shares_multiply_and_each_is_named():
    both = found(equity=an_equity("480"), regime=a_regime(flipped=True), drift=a_drift(0.5))
    assert both.budget == pytest.approx(0.625 * 0.25)
    assert both.told() == " (0.16 of the budget: drawdown 0.62, regime 0.50, drift 0.50)"


def test_an_input_that_is_old_or_missing_leaves_nothing():
    assert found(stale=("slate",)).budget == 0.0
    assert found(stale=("slate",)).told() == " (0.00 of the budget: data 0.00; old or missing: slate)"


def test_without_equity_nothing_is_left():
    assert multipliers_of(None, None, None, (), risk_settings()).budget == 0.0
