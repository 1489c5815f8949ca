"""Running scores are the scores of the same labels, and nothing absent counts."""

import numpy as np
import pytest
from scipy import stats

from quant import scores
from quant.quantiles import LEVELS
from quant.running_scores import SUMS, Belief, figures, measured


def a_belief(n=500, seed=0, weight=1.0):
    chance = np.random.default_rng(seed)
    mu, sigma = 0.3 * chance.normal(size=n), np.exp(0.3 * chance.normal(size=n))
    quantiles = mu + np.outer(stats.norm.ppf(LEVELS), sigma)
    pool = np.outer(stats.norm.ppf(LEVELS), 1.5 * sigma)
    y = mu + sigma * chance.normal(size=n)
    return Belief(mu, sigma, quantiles, pool, y, np.full(n, weight))


def test_with_equal_weights_they_are_the_scores_themselves():
    belief, scale = a_belief(), np.full(500, 2.0)
    found = figures(measured(belief, scale))
    assert found.labels == 500.0
    assert found.pinball == pytest.approx(scores.pinball(belief.quantiles, belief.y).mean(axis=1) / 2.0)
    assert found.crps == pytest.approx(scores.crps(belief.quantiles, belief.y).mean() / 2.0)
    assert found.coverage == pytest.approx(scores.coverage(belief.quantiles, belief.y))
    assert found.pit == pytest.approx(np.histogram(scores.pit(belief.quantiles, belief.y), 10, (0, 1))[0] / 500)
    assert found.ic == pytest.approx(scores.information_coefficient(belief.mu, belief.y))
    own, pool = scores.mean_pinball(belief.quantiles, belief.y), scores.mean_pinball(belief.pool, belief.y)
    assert found.skill == pytest.approx(scores.skill(own, pool))
    assert found.skill > 0.02


def test_a_belief_without_quantiles_is_normal():
    belief, scale = a_belief(), np.ones(500)
    normal = figures(measured(belief._replace(quantiles=None), scale))
    given = figures(measured(belief, scale))
    assert normal.pinball == pytest.approx(given.pinball)
    assert normal.crps == pytest.approx(scores.crps_normal(belief.mu, belief.sigma, belief.y).mean())
    assert normal.pit == pytest.approx(given.pit)


def test_sums_of_parts_are_the_sum():
    belief = a_belief()
    parts = [
        Belief(*(None if each is None else each[..., at] for each in belief)) for at in (slice(200), slice(200, 500))
    ]
    scale = np.ones(500)
    assert measured(parts[0], scale[:200]) + measured(parts[1], scale[200:]) == pytest.approx(measured(belief, scale))


@pytest.mark.parametrize("name", ["mu", "sigma", "y", "quantiles", "scale"])
def test_a_label_of_which_anything_is_absent_counts_for_nothing(name):
    belief, scale = a_belief(), np.ones(500)
    if name == "scale":
        scale[:100] = np.nan
    else:
        changed = np.array(getattr(belief, name))
        changed[..., :100] = np.nan
        belief = belief._replace(**{name: changed})
    assert figures(measured(belief, scale)).labels == 400.0


def test_labels_without_a_pool_do_not_enter_the_skill():
    belief = a_belief()
    pool = belief.pool.copy()
    pool[:, ::2] = np.nan
    own = scores.mean_pinball(belief.quantiles, belief.y)[1::2]
    against = scores.mean_pinball(belief.pool, belief.y)[1::2]
    found = figures(measured(belief._replace(pool=pool), np.ones(500)))
    assert found.labels == 500.0
    assert found.skill == pytest.approx(scores.skill(own, against))
    assert np.isnan(figures(measured(belief._replace(pool=None), np.ones(500))).skill)


def test_before_any_label_nothing_is_known_and_constants_have_no_correlation():
    empty = figures(np.zeros(SUMS))
    assert empty.labels == 0.0
    assert np.isnan([empty.crps, empty.ic, empty.skill, *empty.pinball, *empty.coverage, *empty.pit]).all()
    belief = a_belief()._replace(mu=np.full(500, 0.1))
    assert np.isnan(figures(measured(belief, np.ones(500))).ic)
