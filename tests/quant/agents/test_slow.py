"""What holding costs, and what people say."""

from __future__ import annotations

import numpy as np
import pytest

from quant.agents.slow import carry_score, funding_within, sentiment_freshness, sentiment_score


@pytest.mark.parametrize(
    ("horizon_h", "share", "times"), [(1, 0.5, 0), (4, 0.5, 1), (4, 0.25, 1), (8, 0.0, 2), (12, 0.5, 2), (3, 0.4, 0)]
)
def test_funding_is_paid_at_each_settlement_within_the_horizon(horizon_h: int, share: float, times: int) -> None:
    paid = funding_within(np.array([1e-4]), np.array([share]), horizon_h * 3600.0)
    assert paid == pytest.approx([times * 1e-4])


def test_carry_is_against_those_who_pay() -> None:
    said = carry_score(np.array([1.0, -1.0, 0.0, 9.0, np.nan]), np.array([0.0, 0.0, 1e-3, 0.0, 0.0]), np.full(5, 2e-3))
    assert said == pytest.approx([-1.0, 1.0, -0.5, -3.0, np.nan], nan_ok=True)


def test_mood_counts_as_far_as_more_than_usual_is_said() -> None:
    said = sentiment_score(np.array([1.0, 1.0, 1.0, -9.0, np.nan]), np.array([-1.0, 1.0, 5.0, 2.0, 2.0]))
    assert said == pytest.approx([0.0, 0.5, 1.0, -3.0, np.nan], nan_ok=True)


def test_what_was_said_halves_in_six_hours() -> None:
    assert sentiment_freshness(np.array([0.0, 6 * 3600.0, -5.0])) == pytest.approx([1.0, 0.5, 1.0])
