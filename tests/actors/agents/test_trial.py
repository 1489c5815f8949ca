"""The market agents are tried in is noise, repeats itself, and closes beliefs when their horizon is over."""

import numpy as np
import pytest

from actors.agents.base import Agent
from actors.agents.laws import trial_settings
from actors.agents.trial import SIZES, Trial, a_market
from actors.agents.view import Evidence, View
from quant.features.engine import REGISTRY


class Up(Agent):
    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(np.ones(len(view.mid)), view.deviation)


def test_a_market_of_one_seed_is_always_the_same():
    one, again, other = a_market(steps=20), a_market(steps=20), a_market(steps=20, seed=2)
    assert np.array_equal(one.close, again.close)
    assert np.array_equal(one.features, again.features)
    assert not np.array_equal(one.close, other.close)


def test_features_are_of_their_kind():
    market = a_market(steps=50)
    for name, (kind, size) in SIZES.items():
        values = market.features[:, REGISTRY.index[name]]
        assert kind == "noise" or (values > 0.0).all()
        assert kind != "share" or (values < size).all()


def test_outcomes_are_the_log_returns_over_the_horizon():
    market = a_market(width=2, steps=30)
    trial = Trial(Up(trial_settings(4 * 3600.0))).live(market)
    assert len(trial.outcomes) == 26
    for step, outcome in enumerate(trial.outcomes):
        expected = np.log(market.close[step + 4] / market.close[step])
        assert outcome.realised.values == pytest.approx(expected)


def test_part_of_a_market_keeps_its_names():
    market = a_market(width=3, steps=5)
    assert market.symbols == ("C000-EUR", "C001-EUR", "C002-EUR")
    assert market.only([2, 0]).symbols == ("C002-EUR", "C000-EUR")
    assert np.isnan(market.without("z_20").features[:, REGISTRY.index["z_20"]]).all()
