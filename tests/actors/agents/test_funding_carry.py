import numpy as np
import pytest

from actors.agents.funding_carry import FundingCarry
from tests.kit.agents import living, own, signal


def test_what_the_crowd_pays_to_hold_is_sold():
    known = {"fund_now": 1e-4, "t_to_fund": 0.5, "ewma_vol": 0.001}
    said = signal(living(FundingCarry(own())), fund_z_30d=(2.0, -2.0, np.nan), **known)
    assert said.mu[0] < 0.0 < said.mu[1]
    assert np.isnan(said.mu[2])


def test_a_settlement_within_the_horizon_costs_what_it_costs():
    known = {"fund_z_30d": 0.0, "fund_now": (1e-3, -1e-3, 1e-3), "ewma_vol": 0.001}
    said = signal(living(FundingCarry(own(horizon_s=3600.0))), t_to_fund=(0.1, 0.1, 0.9), **known)
    step = 1e-3 / (0.001 * np.sqrt(60.0))
    assert said.score.values == pytest.approx([-step, step, 0.0])


def test_without_perpetuals_it_says_nothing():
    assert np.isnan(signal(living(FundingCarry(own())), ewma_vol=0.001).sigma.values).all()
