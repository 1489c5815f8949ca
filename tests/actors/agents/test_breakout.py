import numpy as np
import pytest

from actors.agents.breakout import Breakout
from tests.kit.agents import living, own, signal


def test_the_top_of_a_channel_is_bought_more_while_volatility_rises():
    said = signal(living(Breakout(own())), donch_1440=(1.0, 0.9, 0.0), term=(0.1, -0.1, 0.1), ewma_vol=0.001)
    assert said.score.values == pytest.approx([2.0, 0.8, -2.0])


def test_while_the_day_is_cold_the_hour_serves():
    said = signal(living(Breakout(own())), donch_60=(1.0, 0.5, np.nan), term=0.1, ewma_vol=0.001)
    assert said.score.values == pytest.approx([2.0, 0.0, np.nan], nan_ok=True)


def test_its_deviation_is_of_ranges_and_wider_at_the_ends():
    said = signal(living(Breakout(own())), donch_1440=(1.0, 0.5, 0.0), park_60=0.002, ewma_vol=0.001)
    assert said.sigma.values == pytest.approx(0.002 * np.sqrt(10.0) * np.array([1.1, 1.0, 1.1]))
