"""Sizes: capped fractional Kelly, equal tail risk, and never larger for a smaller edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.rolling import Floats
from quant.sizing import kelly_share, net_edge, target_notional

edges = arrays(np.float64, 4, elements=st.floats(-0.05, 0.05))
deviations = arrays(np.float64, 4, elements=st.floats(1e-3, 0.2))


def share(mu: Floats, sigma: Floats) -> Floats:
    return kelly_share(mu, sigma, fraction=0.25, share_max=0.2)


def target(mu: Floats, sigma: Floats, shortfall: Floats, equity_eur: float = 500.0, parity: float = 0.5) -> Floats:
    return target_notional(
        mu, sigma, shortfall, equity_eur=equity_eur, kelly_fraction=0.25, share_max=0.2, parity=parity
    )


def test_a_share_is_a_fraction_of_edge_over_variance_under_the_cap() -> None:
    said = share(np.array([0.0001, 0.01, -0.01, np.nan, 0.01]), np.array([0.02, 0.02, 0.02, 0.02, 0.0]))
    np.testing.assert_allclose(said, [0.25 * 0.0001 / 0.0004, 0.2, -0.2, 0.0, 0.0])


@given(edges, deviations, st.floats(1.0, 10.0))
def test_a_larger_edge_or_a_smaller_deviation_never_shrinks_a_share(mu: Floats, sigma: Floats, more: float) -> None:
    own = np.abs(share(mu, sigma))
    assert (np.abs(share(more * mu, sigma)) >= own).all()
    assert (np.abs(share(mu, sigma / more)) >= own).all()
    assert (np.sign(share(mu, sigma)) * np.sign(mu) >= 0.0).all()


@given(edges, deviations, st.floats(-100.0, 1e5), st.floats(0.0, 1.0))
def test_targets_keep_the_cap_the_sign_and_the_gross_of_kelly(
    mu: Floats, sigma: Floats, equity_eur: float, parity: float
) -> None:
    said = target(mu, sigma, 2.3 * sigma, equity_eur, parity)
    equity = max(0.0, equity_eur)
    assert (np.abs(said) <= 0.2 * equity * (1 + 1e-12)).all()
    assert (np.sign(said) * np.sign(mu) >= 0.0).all()
    assert np.abs(said).sum() <= equity * np.abs(share(mu, sigma)).sum() * (1 + 1e-9)


def test_with_full_parity_every_position_risks_the_same() -> None:
    shortfall = np.array([0.02, 0.04, 0.08])
    said = target(np.array([0.0001, 0.0001, -0.0001]), np.full(3, 0.02), shortfall, parity=1.0)
    np.testing.assert_allclose(np.abs(said) * shortfall, (np.abs(said) * shortfall)[0])
    assert said[2] < 0.0


def test_an_edge_below_its_cost_is_no_edge_and_no_position() -> None:
    np.testing.assert_allclose(net_edge(np.array([0.003, -0.003, 0.001]), np.full(3, 0.002)), [0.001, -0.001, 0.0])
    assert target(np.zeros(2), np.ones(2), np.ones(2)).tolist() == [0.0, 0.0]


def test_no_number_that_moves_money_has_a_default() -> None:
    with pytest.raises(TypeError):
        kelly_share(np.ones(1), np.ones(1))  # type: ignore[call-arg]
