"""Whole lots: always within the budget, near the best there is, and no hedge lost to rounding."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.lots import Candidates, Lots, Search
from quant.rolling import Floats
from quant.scenarios import log_returns, unshaped, variates
from quant.tail_risk import cvar, largest_scale


class Instance:
    """A book of few candidates: what one lot of each loses in every scenario, what it is worth, and a budget."""

    def __init__(self, seed: int, names: int = 4, scenarios: int = 1000) -> None:
        rng = np.random.default_rng(seed)
        corr = np.full((names, names), rng.uniform(-0.2, 0.8))
        np.fill_diagonal(corr, 1.0)
        moves = log_returns(variates(corr, rng, scenarios), rng.uniform(0.01, 0.04, names), unshaped(names))
        lot = rng.uniform(4.0, 12.0, names)
        self.losses: Floats = -np.expm1(moves) * rng.choice([-1.0, 1.0], names) * lot
        self.utility: Floats = rng.uniform(0.001, 0.01, names) * lot
        self.most: Lots = rng.integers(2, 9, names)
        least = np.ceil(5.1 / lot) if seed % 2 else np.ones(names)
        self.candidates = Candidates(least.astype(np.int64), self.most, self.utility)
        self.budget = 5.0

    def used(self, lots: Lots) -> float:
        return cvar(self.losses @ lots, 0.975) / self.budget

    def start(self) -> Lots:
        scale = largest_scale(np.zeros(len(self.losses)), self.losses @ self.most, self.budget, 0.975)
        return (scale * self.most).astype(np.int64)

    def found(self, looks: int = 300) -> Lots:
        return Search(self.candidates, self.used, looks).run(self.start())

    def best(self) -> float:
        ends = zip(self.candidates.least, self.most, strict=True)
        every = itertools.product(*([0, *range(least, most + 1)] for least, most in ends))
        books = np.array(list(every), dtype=np.int64)
        worth = books @ self.utility
        for place in np.argsort(-worth):
            if self.used(books[place]) <= 1.0:
                return float(worth[place])
        return 0.0


@given(st.integers(0, 10_000), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_lots_are_within_the_budget_the_grid_and_what_is_wanted(seed: int, looks: int) -> None:
    instance = Instance(seed, scenarios=200)
    lots = instance.found(looks)
    assert instance.used(lots) <= 1.0 + 1e-12
    assert (lots <= instance.most).all()
    assert ((lots == 0) | (lots >= instance.candidates.least)).all()


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_more_looks_never_leave_less_than_the_repaired_start(seed: int) -> None:
    instance = Instance(seed, scenarios=200)
    start = Search(instance.candidates, instance.used, 0).run(instance.start())
    assert instance.utility @ instance.found(100) >= instance.utility @ start - 1e-12


def test_rounding_down_a_hedge_is_repaired() -> None:
    move = np.linspace(-1.0, 1.0, 201)
    losses = np.stack((move, -0.95 * move), axis=1)

    def used(lots: Lots) -> float:
        return cvar(losses @ lots, 0.975) / 1.5

    candidates = Candidates(np.ones(2, dtype=np.int64), np.array([5, 5]), np.array([0.2, 0.1]))
    rounded = np.array([5, 3])
    assert used(np.array([5, 5])) <= 1.0 < used(rounded), "a hedge that lost two lots"
    lots = Search(candidates, used, 0).repaired(rounded)
    assert used(lots) <= 1.0
    assert Search(candidates, used, 60).run(rounded).tolist() == [5, 5]


@given(st.integers(1, 5000), st.floats(0.0, 6000.0), st.integers(1, 50))
def test_of_one_candidate_the_most_that_fits_is_taken(most: int, fits: float, least: int) -> None:
    candidates = Candidates(np.array([least]), np.array([most]), np.ones(1))
    lots = Search(candidates, lambda lots: float(lots[0]) / max(fits, 1e-9), 5).run(np.array([0]))
    exact = min(most, int(fits))
    assert lots.tolist() == [exact if exact >= least else 0]


def test_what_cannot_be_within_the_budget_or_measured_is_nothing() -> None:
    candidates = Candidates(np.array([2, 1]), np.array([4, 4]), np.array([1.0, 1.0]))
    for never in (2.0, float("nan"), float("inf")):
        lots = Search(candidates, lambda lots, never=never: never if lots.any() else 0.0, 50).run(np.array([4, 4]))  # type: ignore[misc]
        assert lots.tolist() == [0, 0]


def test_a_start_below_the_smallest_order_is_none_or_the_smallest_order() -> None:
    candidates = Candidates(np.array([3]), np.array([6]), np.array([1.0]))
    assert candidates.snapped(np.array([2])).tolist() == [0]
    assert Search(candidates, lambda lots: float(lots[0]) / 4.0, 20).run(np.array([2])).tolist() == [4]
    assert Search(candidates, lambda lots: float(lots[0]) / 2.0, 20).run(np.array([2])).tolist() == [0]


def test_nothing_to_choose_from_is_nothing() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert Search(Candidates(none, none, np.zeros(0)), lambda lots: 0.0, 10).run(none).tolist() == []


@pytest.mark.numbers
def test_whole_lots_are_near_the_best_of_all_books() -> None:
    shares: list[float] = []
    for seed in range(400):
        instance = Instance(seed)
        best = instance.best()
        shares.append(float(instance.utility @ instance.found() / best) if best else 1.0)
    assert np.mean(shares) >= 0.995
    assert np.quantile(shares, 0.01) >= 0.97
    assert np.min(shares) >= 0.95
