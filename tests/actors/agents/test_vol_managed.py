import numpy as np
import pytest

from actors.agents.vol_managed import VolManaged
from tests.kit.agents import living, own, signal

DAY_S = 86_400.0


def months(level: float) -> VolManaged:
    """One that has seen six days of ordinary volatility, and then three instruments of `level` times it."""
    agent = living(VolManaged(own(horizon_s=1e9, label_s=1.0)))
    rng = np.random.default_rng(1)
    for hour in range(144):
        signal_or_none(agent, second=hour * 3600.0, rv_1440=0.001 * np.exp(0.2 * rng.normal(size=3)), ewma_vol=0.001)
    return signal(agent, second=145 * 3600.0, rv_1440=0.001 * level, ewma_vol=0.001, har_pred_h=0.003)


def signal_or_none(agent, **known):
    try:
        signal(agent, **known)
    except ValueError:
        return  # nothing is said twice


def test_storms_are_sold_and_calm_is_bought():
    assert (months(1.5).score.values < -1.0).all()
    assert (months(0.6).score.values > 1.0).all()
    assert np.abs(months(1.0).score.values).max() < 0.5


def test_it_is_silent_before_it_knows_what_is_usual():
    assert np.isnan(signal(living(VolManaged(own())), rv_1440=0.001, ewma_vol=0.001).mu.values).all()


def test_it_owns_the_deviation_of_the_heterogeneous_autoregression():
    said = months(1.5)
    assert said.sigma.values == pytest.approx(0.003 * np.sqrt(1e9 / 60.0))
