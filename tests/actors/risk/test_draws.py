"""Decisions share their draws for a while, and a restart finds the same again."""

import numpy as np

from actors.risk.draws import SHARED_BY, Draws
from tests.kit.risk import chance


def test_draws_depend_on_the_decision_alone_and_not_on_what_was_drawn_before():
    some, others = Draws(chance, 100), Draws(chance, 100)
    for decision, width in ((1, 3), (2, 40), (SHARED_BY, 2), (SHARED_BY + 1, 5)):
        some.of(decision, width)
    for decision, width in ((SHARED_BY + 2, 4), (3, 4)):
        assert some.of(decision, width).tobytes() == others.of(decision, width).tobytes()


def test_decisions_near_each_other_share_their_draws_and_later_ones_have_others():
    draws = Draws(chance, 100)
    first = draws.of(0, 2).copy()
    assert first.shape == (50, 2)
    np.testing.assert_array_equal(draws.of(SHARED_BY - 1, 3)[:, :2], first)
    assert (draws.of(SHARED_BY, 2) != first).all()
