"""Decisions share their draws for a while, and a restart finds the same again."""

import numpy as np

from actors.risk.draws import SHARED_BY, Draws
from actors.risk.losses import DRAWN
from actors.risk.tail import Tail
from quant.scenarios import correlated
from quant.tail_risk import cvars
from tests.actors.risk.test_tail import a_view
from tests.kit.risk import chance, risk_settings


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


def test_moves_are_kept_under_one_correlation_and_are_those_that_are_made_anew():
    draws, calm, wild = Draws(chance, 100), np.eye(2), np.array([[1.0, 0.9], [0.9, 1.0]])
    kept = draws.moves(1, calm)
    assert draws.moves(2, calm) is kept
    for decision, corr in ((2, wild), (3, calm), (SHARED_BY, calm), (SHARED_BY + 1, np.eye(3)), (SHARED_BY + 2, calm)):
        found = draws.moves(decision, corr)
        assert found.tobytes() == correlated(corr, Draws(chance, 100).of(decision, len(corr))).tobytes()


def test_over_a_run_the_tails_of_all_stretches_average_to_that_of_many_scenarios():
    position = [50.0, -30.0, 20.0]

    def drawn_tails(scenarios, stretches):
        settings = risk_settings(scenarios=scenarios)
        draws, view = Draws(chance, scenarios), a_view(position=position, cost=0.001)
        tails = [Tail(view, settings, draws.moves(each * SHARED_BY, view.corr)) for each in range(stretches)]
        losses = [tail._losses.of(np.array(position))[:, DRAWN] for tail in tails]
        return np.array([cvars(each, 0.975) for each in losses])

    exact, found = drawn_tails(65_536, 1)[0], drawn_tails(2_048, 40)
    np.testing.assert_allclose(found.mean(axis=0), exact, rtol=0.03)
    assert (found.std(axis=0) < 0.09 * exact).all(), "twice this is what sizing takes off a budget"
