"""Scores of the order book."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.agents.flow import flow_freshness, flow_score, lean, within_spread


def test_the_flow_score_is_linear_near_zero_bounded_and_fades() -> None:
    np.testing.assert_allclose(flow_score(np.array([0.0, 0.01, -0.01])), [0.0, 0.02, -0.02], rtol=1e-4)
    assert np.abs(flow_score(np.array([-1e3, 1e3]))).max() <= 3.0
    assert np.isnan(flow_score(np.array([np.nan]))).all()
    np.testing.assert_allclose(flow_freshness(np.array([0.0, 10.0, -5.0])), [1.0, np.exp(-1.0), 1.0])


def test_the_microprice_leans_between_bid_and_ask() -> None:
    said = lean(np.array([1.0, -2.0, 0.5, 0.5, 9.0]), np.array([4.0, 4.0, 0.0, np.nan, 4.0]))
    assert said == pytest.approx([0.5, -1.0, np.nan, np.nan, 1.0], nan_ok=True)


@given(st.floats(-5, 5), st.floats(-0.5, 0.5), st.floats(1e-6, 0.1), st.floats(0.01, 50.0))
def test_what_the_microprice_foretells_lies_within_the_spread(
    score: float, coefficient: float, sigma: float, spread_bp: float
) -> None:
    cut = within_spread(np.array([score]), coefficient, np.array([sigma]), np.array([spread_bp]))
    assert abs(coefficient * cut[0] * sigma) <= 0.5e-4 * spread_bp * (1 + 1e-12)
    assert abs(cut[0]) <= abs(score)
    assert cut[0] * score >= 0.0
