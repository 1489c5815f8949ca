"""The frontier: what the penalty costs in quality and saves in risk, and that a sign-blind one saves nothing."""

import csv
import gzip
import importlib.util
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from quant.frontier import GAMMAS, Candidates, frontier
from quant.similarity import correlation, of_positions


def a_world(slates=100, width=10, seed=0) -> list[Candidates]:
    """Returns with one strong factor; every symbol may be bought or sold, at qualities that know nothing of it."""
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(slates):
        loading = chance.uniform(0.5, 1.0, size=width)
        rho = np.outer(loading, loading)
        np.fill_diagonal(rho, 1.0)
        both = np.tile(np.arange(width), 2)
        realised = np.linalg.cholesky(rho) @ chance.normal(size=width)
        quality = chance.uniform(0.02, 0.1, 2 * width)
        side = np.repeat([1.0, -1.0], width)
        made.append(Candidates(quality, side, rho[np.ix_(both, both)], realised[both], both))
    return made


def test_a_larger_penalty_costs_quality_and_saves_risk():
    points = frontier(a_world(), 4)
    assert [point.gamma for point in points] == list(GAMMAS)
    assert points[0][1:4] == (1.0, 1.0, 1.0)
    for name in ("quality", "correlation"):
        along = [getattr(point, name) for point in points]
        assert along == sorted(along, reverse=True)
    assert points[3].quality >= 0.95
    assert points[3].deviation < 0.9


def sign_blind(slate: Candidates, picks: int, gamma: float) -> tuple[int, ...]:
    """The wrong formula: quality plus log-determinant diversity, by brute force."""
    signed = of_positions(slate.rho, slate.side)

    def value(chosen):
        block = signed[np.ix_(chosen, chosen)]
        return slate.quality[list(chosen)].sum() + gamma * np.linalg.slogdet(block + 1e-6 * np.eye(picks))[1]

    ways = [
        each for each in combinations(range(len(slate.quality)), picks) if len({*slate.symbol[list(each)]}) == picks
    ]
    return max(ways, key=value)


def test_a_sign_blind_diversity_does_not_hedge():
    """log det is the same for a hedge and for the same bet twice; the signed penalty tells them apart."""
    rho = np.array([[1.0, 0.9], [0.9, 1.0]])
    logdet = [np.linalg.slogdet(of_positions(rho, np.array(sides)))[1] for sides in ([1.0, 1.0], [1.0, -1.0])]
    assert logdet[0] == pytest.approx(logdet[1])
    slates = a_world(slates=120, width=5)
    signed = frontier(slates, 2, (0.0, 0.2))[1]
    plain = np.array([_made(slate, sign_blind(slate, 2, 0.0)) for slate in slates])
    blind = np.array([_made(slate, sign_blind(slate, 2, 0.02)) for slate in slates])
    assert signed.deviation < 0.8
    assert blind.std() / plain.std() > signed.deviation + 0.1


def _made(slate: Candidates, chosen: tuple[int, ...]) -> float:
    at = list(chosen)
    return float((slate.side[at] * slate.realised[at]).mean())


def test_an_outcome_that_is_not_known_counts_as_no_move_and_no_slates_are_refused():
    slates = a_world(slates=20)
    unknown = [slate._replace(realised=np.full(20, np.nan)) for slate in slates]
    half = [slate._replace(realised=0.0 * slate.realised) for slate in slates]
    assert frontier([*slates, *unknown], 3) == frontier([*slates, *half], 3)
    with pytest.raises(ValueError, match="0 slates"):
        frontier([], 3)


def stocks() -> np.ndarray:
    """Daily log returns of 20 stocks, 1990 to 2022, from a file that comes with a test library."""
    found = importlib.util.find_spec("skfolio")
    if found is None or found.origin is None:
        pytest.skip("skfolio is not installed: its file of closes is absent")
    path = Path(found.origin).parent / "datasets" / "data" / "sp500_dataset.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = list(csv.reader(file))[1:]
    return np.diff(np.log(np.array([[float(cell) for cell in row[1:]] for row in rows])), axis=0)


@pytest.mark.numbers
def test_on_stocks_the_shipped_penalty_keeps_the_quality_and_cuts_the_tail():
    returns, chance, slates = stocks(), np.random.default_rng(1), []
    both, side = np.tile(np.arange(20), 2), np.repeat([1.0, -1.0], 20)
    for day in range(520, len(returns) - 5, 7):
        rho = correlation(returns[day - 504 : day].T, decay=0.995)
        realised = returns[day : day + 5].sum(axis=0)[both]
        for _ in range(3):
            quality = chance.uniform(0.02, 0.1, 40)
            slates.append(Candidates(quality, side, rho[np.ix_(both, both)], realised, both))
    point = frontier(slates, 5, (0.0, 0.1))[1]
    assert point.quality >= 0.97
    assert point.deviation <= 0.82
    assert point.shortfall <= 0.82
