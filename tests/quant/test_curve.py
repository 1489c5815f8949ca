import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quant.curve import TAIL, QuantileCurve
from quant.quantiles import LEVELS


def normal(mu: float, sigma: float) -> np.ndarray:
    return np.asarray(mu + sigma * stats.norm.ppf(LEVELS))[:, None]


@given(st.floats(-3, 3), st.floats(0.01, 10))
def test_a_normal_belief_comes_out_exactly(mu: float, sigma: float):
    curve, q = QuantileCurve(1.0), normal(mu, sigma)
    shortfall = sigma * stats.norm.pdf(stats.norm.ppf(TAIL)) / TAIL
    for said, true in (
        (curve.mean(q), mu),
        (curve.variance(q), sigma**2),
        (curve.shortfall_long(q), shortfall - mu),
        (curve.shortfall_short(q), shortfall + mu),
        (curve.p_above(q), stats.norm.cdf(mu / sigma)),
    ):
        np.testing.assert_allclose(said[0], true, rtol=1e-12, atol=1e-12 * max(1.0, sigma * sigma))


@pytest.mark.parametrize("degrees", [4, 5, 6, 8])
def test_the_shortfall_of_a_student_is_right_within_two_per_cent(degrees: int):
    edge = stats.t.ppf(TAIL, degrees)
    true = stats.t.pdf(edge, degrees) * (degrees + edge**2) / (degrees - 1) / TAIL
    q = stats.t.ppf(LEVELS, degrees)[:, None]
    assert QuantileCurve(1.5).shortfall_long(q)[0] == pytest.approx(true, rel=0.02)


def test_the_integrals_are_those_of_a_fine_sum():
    q = np.sort(np.random.default_rng(1).standard_normal((9, 1)), axis=0)
    curve = QuantileCurve(1.25)
    z = stats.norm.ppf((np.arange(400_000) + 0.5) / 400_000)
    nodes = stats.norm.ppf(LEVELS)
    inner = np.interp(z, nodes, q[:, 0])
    low, high = (q[1] - q[0]) / (nodes[1] - nodes[0]), (q[-1] - q[-2]) / (nodes[-1] - nodes[-2])
    y = np.where(z < nodes[0], q[0] + 1.25 * low * (z - nodes[0]), inner)
    y = np.where(z > nodes[-1], q[-1] + 1.25 * high * (z - nodes[-1]), y)
    assert curve.mean(q)[0] == pytest.approx(y.mean(), abs=1e-4)
    assert curve.variance(q)[0] == pytest.approx(y.var(), rel=1e-3)
    assert curve.shortfall_long(q)[0] == pytest.approx(-y[:10_000].mean(), rel=1e-3)
    assert curve.shortfall_short(q)[0] == pytest.approx(y[-10_000:].mean(), rel=1e-3)
    assert curve.p_above(q, 0.3)[0] == pytest.approx((y > 0.3).mean(), abs=1e-4)


def test_a_belief_turned_around_exchanges_the_two_shortfalls():
    q = np.sort(np.random.default_rng(2).standard_normal((9, 5)), axis=0)
    curve = QuantileCurve()
    np.testing.assert_allclose(curve.shortfall_long(q), curve.shortfall_short(-q[::-1]), rtol=1e-12)
    np.testing.assert_allclose(curve.p_above(q), 1.0 - curve.p_above(-q[::-1]), rtol=1e-12)


def test_shifting_and_scaling_go_through():
    q = np.sort(np.random.default_rng(3).standard_normal((9, 4)), axis=0)
    curve = QuantileCurve()
    np.testing.assert_allclose(curve.mean(2.0 + 3.0 * q), 2.0 + 3.0 * curve.mean(q), rtol=1e-12)
    np.testing.assert_allclose(curve.variance(2.0 + 3.0 * q), 9.0 * curve.variance(q), rtol=1e-9)
    np.testing.assert_allclose(curve.shortfall_long(2.0 + 3.0 * q), 3.0 * curve.shortfall_long(q) - 2.0, rtol=1e-12)


@pytest.mark.parametrize(("value", "chance"), [(1.0, 1.0), (-1.0, 0.0), (0.0, 0.5)])
def test_equal_quantiles_are_certainty_and_have_no_variance(value: float, chance: float):
    curve, q = QuantileCurve(), np.full((9, 1), value)
    assert curve.p_above(q)[0] == chance
    assert curve.mean(q)[0] == pytest.approx(value)
    assert curve.variance(q)[0] == pytest.approx(0.0, abs=1e-15)
    assert curve.shortfall_long(q)[0] == pytest.approx(-value)


def test_what_is_not_known_stays_unknown():
    curve, q = QuantileCurve(), normal(0.0, 1.0)
    q[3] = np.nan
    for said in (curve.mean(q), curve.variance(q), curve.shortfall_long(q), curve.p_above(q)):
        assert np.isnan(said).all()


@pytest.mark.parametrize("slope", [0.0, -1.0, np.nan, np.inf])
def test_a_slope_that_is_not_positive_is_refused(slope: float):
    with pytest.raises(ValueError, match="tail slope"):
        QuantileCurve(slope)
