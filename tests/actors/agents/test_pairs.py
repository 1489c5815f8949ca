import numpy as np
import pytest

from actors.agents.laws import trial_settings
from actors.agents.pairs import Pairs
from actors.agents.trial import Trial, a_market
from contracts.market import BarFrame, BarHistory
from tests.kit.agents import living, own, signal
from tests.kit.market import a_bar_history, an_envelope


def test_what_ran_away_from_its_partner_is_expected_back():
    trial = Trial(Pairs(trial_settings())).live(a_market(width=4, steps=420))
    _, said = trial.said[-1]
    gap, kappa, _ = trial.agent._pairs.reversion()
    known = np.isfinite(said.mu.values)
    assert known.any()
    assert (np.sign(said.mu.values[known]) == -np.sign(gap[known])).all()
    assert (kappa[known] > 0.0).all()


def test_one_instrument_has_no_partner():
    trial = Trial(Pairs(trial_settings())).live(a_market(width=4, steps=420).only([0]))
    assert np.isnan([said.mu[0] for _, said in trial.said]).all()


def test_it_hears_bars_as_they_close_and_as_history():
    assert {BarFrame, BarHistory} <= {*Pairs.inputs}
    agent = living(Pairs(own()))
    close = np.exp(0.01 * np.random.default_rng(1).normal(size=(30, 3)))
    for _ in range(2):  # a feed that connects again sends its history again
        agent.receive(an_envelope(a_bar_history(close=close, bar_s=60.0)))
    assert agent._pairs["bars"].tolist() == [30]


def test_its_deviation_is_that_of_the_instrument():
    said = signal(living(Pairs(own())), gk_60=0.002, ewma_vol=0.001)
    assert np.isnan(said.sigma.values).all()
    trial = Trial(Pairs(trial_settings())).live(a_market(width=4, steps=420))
    _, last = trial.said[-1]
    known = np.isfinite(last.sigma.values)
    assert last.sigma.values[known] / 0.008 == pytest.approx(np.ones(known.sum()), rel=0.6)
