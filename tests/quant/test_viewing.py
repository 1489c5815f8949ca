import numpy as np

from quant.agent_skill import AgentSkill
from quant.scale_stack import ScaleStack
from quant.stack import RegimeStack
from quant.viewing import ChainSettings, Eye, View, stack_sigma
from tests.kit.chains import AGENTS, FEATURES, a_decision


def seen(decision, *, horizon_s: float = 3600.0) -> View:
    eye = Eye(ChainSettings(AGENTS, FEATURES, horizon_s, 3600.0))
    return eye.view(decision, AgentSkill(3), RegimeStack(3), ScaleStack(eye.inputs.n_width))


def test_everything_is_in_units_of_the_reference_over_the_horizon():
    decision = a_decision(np.random.default_rng(1), instant=0)
    view = seen(decision, horizon_s=4 * 3600.0)
    np.testing.assert_allclose(view.scale, 0.02)
    np.testing.assert_allclose(view.mean, decision.mu / 0.02)
    np.testing.assert_allclose(view.deviation, decision.sigma * 2.0 / 0.02)
    assert view.inputs.shape == (len(Eye(ChainSettings(AGENTS, FEATURES, 1.0, 1.0)).inputs.names), 3)


def test_an_agent_older_than_its_horizon_is_silent():
    decision = a_decision(np.random.default_rng(1), instant=0)
    view = seen(decision._replace(age_s=np.array([0.0, 3601.0, 0.0])))
    assert np.isnan(view.mean[1]).all()
    assert view.pool.n_alive.tolist() == [2, 2, 2]


def test_the_error_of_its_mean_widens_the_stack():
    view = seen(a_decision(np.random.default_rng(1), instant=0))
    assert (stack_sigma(view) > view.width).all()
    np.testing.assert_array_equal(view.width, 1.0)
