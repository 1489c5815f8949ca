"""The blows: sixteen, convex, in proportion, and each on what it falls on."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.rolling import Floats
from quant.stress import ADDITIVE, ROWS, SPREAD_MULTIPLE, stress_losses, stress_parts

books = arrays(np.float64, 4, elements=st.floats(-100.0, 100.0).map(lambda x: round(x, 3)))
CLOSING, FOREIGN = np.array([0.001, 0.0, 0.002, 0.0005]), np.array([True, False, False, True])


def lost(book: Floats) -> Floats:
    return stress_losses(book, CLOSING, FOREIGN)


@given(books)
def test_the_parts_of_the_positions_sum_to_what_the_book_loses(book: Floats) -> None:
    np.testing.assert_allclose(stress_parts(book, CLOSING, FOREIGN).sum(axis=1), lost(book), atol=1e-9)


@given(books, books, st.floats(0.0, 3.0))
def test_every_blow_is_convex_and_in_proportion(one: Floats, two: Floats, scale: float) -> None:
    assert (lost(one + two) <= lost(one) + lost(two) + 1e-9).all()
    np.testing.assert_allclose(lost(scale * one), scale * lost(one), atol=1e-9)


def test_there_are_sixteen_and_an_empty_book_feels_none() -> None:
    assert ROWS == 16
    assert lost(np.zeros(4)).tolist() == [0.0] * 16
    assert stress_losses(np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool)).tolist() == [0.0] * 16


def test_gaps_fall_on_longs_and_on_shorts_and_hedges_help_only_against_common_ones() -> None:
    nothing, none = np.zeros(2), np.zeros(2, dtype=bool)
    long = stress_losses(np.array([100.0, 0.0]), nothing, none)
    short = stress_losses(np.array([-100.0, 0.0]), nothing, none)
    hedged = stress_losses(np.array([100.0, -100.0]), nothing, none)
    assert long.max() == short.max() == 20.0
    assert hedged[:6].tolist() == [0.0] * 6
    assert hedged[8] == 20.0, "one leg gaps alone"
    assert hedged[10] == 10.0, "both legs go the wrong way"


def test_a_spread_a_funding_spike_and_a_broken_peg_cost_their_share() -> None:
    found = stress_losses(np.array([100.0, -50.0, 0.0, 0.0]), CLOSING, FOREIGN)
    close = 100.0 * 0.001
    assert found[11] == SPREAD_MULTIPLE * close
    assert found[12] == close + 0.005 * 150.0
    assert found[14] == close + 0.05 * 100.0, "only the first of the two is quoted in another currency"


@given(books)
def test_what_a_book_loses_in_an_additive_blow_is_what_its_positions_lose_alone(book: Floats) -> None:
    alone = sum(lost(position) for position in np.diag(book))
    np.testing.assert_allclose(lost(book)[ADDITIVE], alone[ADDITIVE], atol=1e-9)
    assert ROWS - ADDITIVE.sum() == 4
