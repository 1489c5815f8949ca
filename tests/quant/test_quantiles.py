"""The written-down quantiles are those of a unit-variance Student-t with five degrees of freedom."""

from __future__ import annotations

import numpy as np
from scipy import stats

from quant.quantiles import LEVELS, STUDENT_5, student_quantiles


def test_the_constants_are_the_quantiles_of_a_unit_variance_t5() -> None:
    np.testing.assert_allclose(STUDENT_5, stats.t.ppf(LEVELS, 5) * np.sqrt(3.0 / 5.0), rtol=1e-13, atol=1e-15)


def test_quantiles_rise_are_shifted_and_scaled_and_absent_where_the_belief_is() -> None:
    mu, sigma = np.array([0.0, 0.01, np.nan]), np.array([1.0, 0.02, 1.0])
    quantiles = student_quantiles(mu, sigma)
    assert quantiles.shape == (9, 3)
    assert (np.diff(quantiles[:, :2], axis=0) > 0.0).all()
    np.testing.assert_allclose(quantiles[:, 1], 0.01 + 0.02 * quantiles[:, 0], rtol=1e-15)
    assert np.isnan(quantiles[:, 2]).all()
