import numpy as np
import pytest

from actors.agents.xs_reversal import XsReversal
from tests.kit.agents import living, own, signal


def test_what_ran_ahead_of_the_others_is_sold():
    said = signal(living(XsReversal(own())), res_60=(2.0, -2.0, 0.0), breadth_60=0.5, ewma_vol=0.001)
    assert said.mu[0] < 0.0 < said.mu[1]
    assert said.mu[2] == pytest.approx(0.0)


def test_when_all_go_one_way_it_believes_little():
    agent = living(XsReversal(own()))
    apart = signal(agent, res_60=(2.0, -2.0, 0.0), breadth_60=0.5, ewma_vol=0.001)
    alike = signal(agent, res_60=(2.0, -2.0, 0.0), breadth_60=0.9, ewma_vol=0.001)
    assert np.abs(alike.mu.values[:2]) == pytest.approx(0.2 * np.abs(apart.mu.values[:2]))


def test_two_instruments_are_no_cross_section():
    said = signal(living(XsReversal(own())), res_60=(2.0, -2.0, np.nan), breadth_60=0.5, ewma_vol=0.001)
    assert np.isnan(said.mu.values).all()


def test_its_deviation_is_the_fast_one():
    said = signal(living(XsReversal(own())), res_60=(2.0, -2.0, 0.0), ewma94=0.003, ewma_vol=0.001)
    assert said.sigma.values == pytest.approx([0.003 * np.sqrt(10.0)] * 3)
