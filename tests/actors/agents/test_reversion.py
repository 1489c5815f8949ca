import numpy as np

from actors.agents.reversion import Reversion
from tests.kit.agents import living, signal
from tests.kit.belief_chain import an_agent


def test_reversion_expects_a_price_above_its_mean_to_fall_and_is_silent_without_a_mean():
    said = signal(
        living(Reversion(an_agent("reversion"))),
        ou_gap_240=(0.002, -0.002, 0.002),
        ou_kappa_240=(0.05, 0.05, 1e-6),
        ou_noise_240=0.001,
    )
    assert said.mu[0] < 0 < said.mu[1]
    assert np.isnan(said.mu[2])


def test_a_price_nobody_quotes_now_is_not_expected_to_revert():
    agent = living(Reversion(an_agent("reversion")), mid=(100.0, np.nan, 100.0))
    said = signal(agent, ou_gap_240=0.002, ou_kappa_240=0.05, ou_noise_240=0.001)
    assert np.isnan(said.mu.values).tolist() == [False, True, False]
