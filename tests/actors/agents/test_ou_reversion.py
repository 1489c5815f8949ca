import numpy as np
import pytest

from actors.agents.ou_reversion import OuReversion
from tests.kit.agents import living, own, signal


def test_a_price_above_its_mean_is_expected_to_fall_and_one_without_a_mean_is_left_alone():
    said = signal(
        living(OuReversion(own())),
        ou_gap_240=(0.002, -0.002, 0.002),
        ou_kappa_240=(0.05, 0.05, 1e-6),
        ou_noise_240=0.001,
    )
    assert said.mu[0] < 0 < said.mu[1]
    assert np.isnan(said.mu[2])


def test_a_price_nobody_quotes_now_is_not_expected_to_revert():
    agent = living(OuReversion(own()), mid=(100.0, np.nan, 100.0))
    said = signal(agent, ou_gap_240=0.002, ou_kappa_240=0.05, ou_noise_240=0.001)
    assert np.isnan(said.mu.values).tolist() == [False, True, False]


def test_its_deviation_is_that_of_its_own_process():
    said = signal(living(OuReversion(own())), ou_gap_240=0.002, ou_kappa_240=0.05, ou_noise_240=0.001, ewma_vol=0.5)
    expected = 0.001 * np.sqrt((1 - np.exp(-0.1 * 10)) / (1 - np.exp(-0.1)))
    assert said.sigma.values == pytest.approx([expected] * 3)
