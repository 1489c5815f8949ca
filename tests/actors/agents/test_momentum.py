import numpy as np
import pytest

from actors.agents.momentum import Momentum
from tests.kit.agents import living, signal
from tests.kit.belief_chain import an_agent


def test_momentum_follows_what_has_gone_up_for_its_volatility():
    said = signal(
        living(Momentum(an_agent("momentum"))),
        ewma_vol=0.001,
        ret_1=0.0,
        ret_15=(2.0, -2.0, np.nan),
        ret_60=(2.0, -2.0, np.nan),
        ret_240=(2.0, -2.0, np.nan),
    )
    assert said.score.values[:2] == pytest.approx([2.0, -2.0], rel=0.05)
    assert said.mu.values[:2] == pytest.approx(0.05 * said.score.values[:2] * 0.001)
    assert said.sigma.values[:2] == pytest.approx([0.001, 0.001])
    assert np.isnan(said.mu[2])


def test_the_last_bar_is_left_out_of_what_has_gone_up():
    known = {"ewma_vol": 0.001, "ret_15": 1.0, "ret_60": 1.0, "ret_240": 1.0}
    jumped = signal(living(Momentum(an_agent("momentum"))), ret_1=3.0, **known)
    crept = signal(living(Momentum(an_agent("momentum"))), ret_1=0.0, **known)
    assert (jumped.score.values < crept.score.values).all()
