"""The worlds are what they say; the chain learns in them what can be learned, and nothing where there is nothing."""

import numpy as np
import pytest

from quant.chain import Chain
from quant.decision import SECOND_NS, Decision
from quant.quantiles import LEVELS
from quant.scores import mean_pinball
from quant.viewing import ChainSettings
from quant.worlds import BAD_APPLE, KINDS, World, make_world

HOUR_S = 3600.0


def a_world(kind="skill", *, seed: int = 1, **how) -> World:
    return make_world(kind, np.random.default_rng(seed), **{"instants": 300, **how})


@pytest.mark.parametrize("r2", [0.02, 0.06])
def test_the_oracle_explains_what_it_should(r2: float):
    world = a_world(r2=r2, instants=4000)
    assert world.oracle.var() == pytest.approx(r2, rel=1e-6)
    assert 1 - (world.z - world.oracle).var() / world.z.var() == pytest.approx(r2, abs=0.01)
    below = np.mean([(world.z[t] <= world.oracle_quantiles(t)).mean(axis=1) for t in range(4000)], axis=0)
    np.testing.assert_allclose(below, LEVELS, atol=0.01)


def test_in_the_noise_world_nobody_knows_anything():
    world = a_world("noise", instants=4000)
    assert (world.oracle == 0.0).all()
    correlations = [np.corrcoef(world.mu[:, k].ravel(), world.z.ravel())[0, 1] for k in range(12)]
    assert np.abs(correlations).max() < 0.02


def test_the_bad_apple_is_bad():
    broken, dead, loud = a_world("broken"), a_world("dies"), a_world("overconfident")
    assert np.corrcoef(broken.mu[:, BAD_APPLE].ravel(), broken.oracle.ravel())[0, 1] == pytest.approx(-1.0)
    assert np.isnan(dead.mu[150:, BAD_APPLE]).all()
    assert np.isfinite(dead.mu[:150]).all()
    np.testing.assert_allclose(loud.sigma[:, BAD_APPLE], 1 / 3)


def test_the_same_seed_makes_the_same_world():
    for kind in KINDS:
        one, other = a_world(kind), a_world(kind)
        np.testing.assert_array_equal(one.mu, other.mu)
        np.testing.assert_array_equal(one.z, other.z)


@pytest.mark.parametrize("wrong", [{"kind": "flat"}, {"instants": 0}, {"agents": 0}, {"r2": 1.0}])
def test_a_world_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        a_world(**wrong)


class Life:
    """Losses (instants, 4) of pool, blend and oracle, and of a belief of nothing; weights of agents after each."""

    def __init__(self, world: World) -> None:
        instants, agents, width = world.mu.shape
        names = tuple(f"agent_{k}" for k in range(agents))
        self.chain = Chain(ChainSettings(names, {"s_ref": "unit"}, HOUR_S, HOUR_S), width)
        self.losses, self.weights = np.empty((instants, 3)), np.empty((instants, agents))
        features, said_s, age_s = np.full((1, width), 0.01), np.full(agents, HOUR_S), np.zeros(agents)
        for t in range(instants):
            said_ns = (1 + 3600 * t) * SECOND_NS
            mu, sigma = 0.01 * world.mu[t], 0.01 * world.sigma[t]
            beliefs = (mu, sigma, world.confidence[t], said_s, age_s, features, world.filtered[t])
            blend = self.chain.believe(Decision(said_ns, *beliefs))
            pool = self.chain.pending[said_ns].experts[0]
            said = (pool, blend.quantiles / 0.01, world.oracle_quantiles(t))
            self.losses[t] = [mean_pinball(each, world.z[t]).mean() for each in said]
            self.weights[t] = blend.weights.mean(axis=1)
            self.chain.learn(said_ns, 0.01 * world.z[t])

    def gap_closed(self, first: int) -> float:
        pool, blend, oracle = self.losses[first:].mean(axis=0)
        return float((pool - blend) / (pool - oracle))


@pytest.mark.numbers
@pytest.mark.parametrize(("r2", "least"), [(0.02, 0.80), (0.06, 0.90)])
def test_most_of_the_gap_between_pool_and_oracle_is_closed(r2: float, least: float):
    assert Life(a_world(r2=r2, instants=6000)).gap_closed(3000) >= least


@pytest.mark.numbers
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_broken_agent_has_no_weight_after_a_thousand_labels(seed: int):
    life = Life(a_world("broken", seed=seed, instants=600))
    assert (life.weights[1000 // 20 :, BAD_APPLE] < 0.02).all()


@pytest.mark.numbers
def test_an_overconfident_agent_is_widened_and_the_blend_still_covers():
    world = a_world("overconfident", instants=1500)
    life = Life(world)
    deviation = world.sigma[-500:, BAD_APPLE] * life.chain.skill.factors()[BAD_APPLE]
    assert 0.9 < np.mean((world.z[-500:] / deviation) ** 2) < 1.1
    assert life.gap_closed(700) > 0.3


@pytest.mark.numbers
def test_an_agent_that_dies_leaves_the_others_to_it():
    life = Life(a_world("dies", instants=3000))
    assert (life.weights[1500:, BAD_APPLE] == 0.0).all()
    assert life.gap_closed(1500) > 0.5


@pytest.mark.numbers
@pytest.mark.parametrize("seed", [1, 2])
def test_in_the_noise_world_the_blend_loses_next_to_nothing(seed: int):
    life = Life(a_world("noise", seed=seed, instants=2500))
    pool, blend, oracle = life.losses[300:].mean(axis=0)
    assert (blend - oracle) / oracle < 0.003
    assert (blend - pool) / pool < 0.003
