import numpy as np

from actors.agents.ts_momentum import TsMomentum
from tests.kit.agents import living, own, signal


def test_what_rose_over_hours_is_expected_to_rise():
    said = signal(living(TsMomentum(own())), ret_1=0.0, ret_60=(1.0, -1.0, np.nan), ret_240=0.0, ewma_vol=0.001)
    assert said.mu[0] > 0.0 > said.mu[1]
    assert said.score[2] == 0.0


def test_what_only_just_jumped_is_not_momentum():
    known = {"ewma_vol": 0.001, "ret_60": 1.0, "ret_240": 1.0}
    jumped = signal(living(TsMomentum(own())), ret_1=3.0, **known)
    crept = signal(living(TsMomentum(own())), ret_1=0.0, **known)
    assert (jumped.score.values < crept.score.values).all()


def test_its_deviation_is_that_of_its_bars_over_the_horizon():
    said = signal(living(TsMomentum(own(horizon_s=600.0))), ret_1=0.0, ret_60=1.0, ewma_vol=0.001)
    np.testing.assert_allclose(said.sigma.values, 0.001 * np.sqrt(10.0))
