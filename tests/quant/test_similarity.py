"""Correlations that can be drawn from, signs kept, unknown pairs never taken for diversifiers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quant.rolling import Floats
from quant.similarity import UNKNOWN, clusters, correlation, of_positions, repair_psd


def factor_returns(seed: int, n: int = 6, times: int = 400) -> Floats:
    rng = np.random.default_rng(seed)
    return 0.01 * (rng.normal(size=(1, times)) + rng.normal(size=(n, times)))


def test_an_estimate_equals_the_written_out_formula() -> None:
    returns = factor_returns(1)
    age = 0.99 ** np.arange(399, -1, -1)
    cov = (returns * age) @ returns.T
    rho = cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))
    constant = rho[~np.eye(6, dtype=bool)].mean()
    expected = 0.8 * rho + 0.2 * constant
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(correlation(returns, decay=0.99), expected, rtol=1e-10)


@given(st.integers(0, 10_000), st.integers(2, 8), st.integers(2, 60), st.floats(0.0, 0.6))
def test_any_estimate_is_a_correlation_matrix(seed: int, n: int, times: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    returns = factor_returns(seed, n, times)
    returns[rng.random(returns.shape) < missing] = np.nan
    rho = correlation(returns)
    np.testing.assert_array_equal(rho, rho.T)
    np.testing.assert_allclose(np.diag(rho), 1.0, rtol=1e-12)
    assert np.linalg.eigvalsh(rho)[0] > 0.0
    assert (np.abs(rho) <= 1.0 + 1e-12).all()


def test_rescaled_returns_give_the_same_correlation_and_permuted_ones_permute_it() -> None:
    returns = factor_returns(2)
    order = np.array([3, 1, 0, 5, 4, 2])
    scale = np.array([[1.0], [10.0], [0.1], [3.0], [7.0], [0.5]])
    rho = correlation(returns)
    np.testing.assert_allclose(correlation(returns * scale), rho, rtol=1e-9)
    np.testing.assert_allclose(correlation(returns[order]), rho[np.ix_(order, order)], rtol=1e-9)


def test_an_unmeasured_pair_takes_the_mean_of_the_known_or_the_cautious_constant() -> None:
    returns = factor_returns(3, 3)
    returns[2] = np.nan
    rho = correlation(returns)
    np.testing.assert_allclose(rho[2, :2], rho[0, 1], rtol=1e-12)
    np.testing.assert_allclose(correlation(np.full((2, 50), np.nan))[0, 1], UNKNOWN)


def test_a_matrix_that_is_none_is_repaired_and_one_that_is_stays() -> None:
    broken = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    repaired = repair_psd(broken)
    assert np.linalg.eigvalsh(repaired)[0] > 0.0
    np.testing.assert_allclose(np.diag(repaired), 1.0)
    assert np.sign(repaired[0, 2]) == -1.0
    good = np.array([[1.0, 0.5], [0.5, 1.0]])
    np.testing.assert_array_equal(repair_psd(good), good)


def test_opposite_positions_in_alike_instruments_are_negatively_correlated() -> None:
    rho = np.array([[1.0, 0.8], [0.8, 1.0]])
    np.testing.assert_allclose(of_positions(rho, np.array([1.0, -1.0])), [[1.0, -0.8], [-0.8, 1.0]])


def test_clusters_join_chains_and_are_named_by_their_first_member() -> None:
    rho = np.eye(5)
    for i, j in ((0, 3), (3, 4), (1, 2)):
        rho[i, j] = rho[j, i] = 0.9
    assert clusters(rho).tolist() == [0, 1, 1, 0, 0]
    assert clusters(np.eye(3)).tolist() == [0, 1, 2]
    assert clusters(np.empty((0, 0))).tolist() == []
    chain = np.eye(4)
    for i, j in ((2, 3), (1, 3), (0, 2)):
        chain[i, j] = chain[j, i] = 0.9
    assert clusters(chain).tolist() == [0, 0, 0, 0]
