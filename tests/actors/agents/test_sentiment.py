import numpy as np

from actors.agents.sentiment import Sentiment
from tests.kit.agents import living, own, signal

KNOWN = {"ewma_vol": 0.001, "rd_age": 0.0, "rd_ment_z": 2.0}


def a_month(*, now: float, **changed):
    """What it says of that mood after four days of moods about 0."""
    agent = living(Sentiment(own(horizon_s=1e9, label_s=1.0)))
    rng = np.random.default_rng(1)
    for hour in range(96):
        frame = {"rd_sent_ema6h": tuple(0.1 * rng.normal(size=3))}
        try:
            signal(agent, second=hour * 3600.0, **frame, **KNOWN)
        except ValueError:
            continue  # nothing is said twice
    return signal(agent, second=97 * 3600.0, rd_sent_ema6h=now, **(KNOWN | changed))


def test_a_mood_better_than_usual_is_followed_as_far_as_it_is_talked_about():
    assert (a_month(now=0.2).mu.values > 0.0).all()
    assert (a_month(now=-0.2).mu.values < 0.0).all()
    assert a_month(now=0.2, rd_ment_z=-1.0).mu.values.tolist() == [0.0] * 3


def test_confidence_halves_in_six_hours():
    np.testing.assert_allclose(
        a_month(now=0.2, rd_age=6 * 3600.0).confidence.values, 0.5 * a_month(now=0.2).confidence.values
    )


def test_without_a_source_it_says_nothing():
    assert np.isnan(signal(living(Sentiment(own())), ewma_vol=0.001).sigma.values).all()
