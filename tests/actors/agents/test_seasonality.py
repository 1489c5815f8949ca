import numpy as np
import pytest

from actors.agents.seasonality import Seasonality
from tests.kit.agents import WIDTH, living, own, signal
from tests.kit.beliefs import an_outcome
from tests.kit.market import an_envelope, at

WEEK_S = 7 * 86_400.0


def years(size: float) -> Seasonality:
    """One whose first instrument has gained `size` deviations in this hour of every week, give or take one."""
    agent = living(Seasonality(own(horizon_s=3600.0, label_s=3600.0)))
    rng = np.random.default_rng(1)
    for week in range(60):
        realised = 0.01 * (np.array([size, 0.0, 0.0]) + rng.normal(size=WIDTH))
        said = an_outcome(author="mine", width=WIDTH, realised=realised, score=0.0, said_ns=at((week - 60) * WEEK_S))
        agent.receive(an_envelope(said))
    return agent


def test_an_hour_that_has_paid_is_expected_to_pay_again():
    agent = years(0.5)
    assert signal(agent, ewma_vol=0.001).score[0] == 3.0
    assert signal(agent, second=3600.0, ewma_vol=0.001).score[0] == 0.0


def test_without_a_season_it_expects_nothing_but_says_its_deviation():
    agent = living(Seasonality(own()))
    said = signal(agent, s_ref=0.002, ewma_vol=0.001)
    assert said.mu.values.tolist() == [0.0] * WIDTH
    assert said.sigma.values == pytest.approx([0.002 * np.sqrt(10.0)] * WIDTH)
