"""The slate against brute force, its invariances, its caps, and what is held."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.rolling import Floats
from quant.selection import Caps, Choice, objective, quality, select


def an_instance(seed: int, n: int, factors: int = 3) -> tuple[Floats, Floats]:
    """Qualities and signed correlations of positions from a factor model with random sides."""
    rng = np.random.default_rng(seed)
    loading = rng.normal(size=(n, factors)) * np.array([1.5, 0.7, 0.4])[:factors] + np.array([1.0, 0.0, 0.0])[:factors]
    cov = loading @ loading.T + np.diag(rng.uniform(0.3, 1.5, n))
    sd = np.sqrt(np.diag(cov))
    sides = rng.choice([-1.0, 1.0], n)
    return rng.gamma(2.0, 0.05, n), cov / np.outer(sd, sd) * np.outer(sides, sides)


def chosen(q: Floats, c: Floats, k: int, gamma: float = 0.1, **changes: object) -> Choice:
    n = len(q)
    settings: dict[str, object] = {
        "symbol": np.arange(n),
        "cluster": np.arange(n),
        "held": np.zeros(n, dtype=bool),
        "caps": Caps(k),
        "gamma": gamma,
    }
    return select(q, c, **(settings | changes))  # type: ignore[arg-type]


@pytest.mark.numbers
def test_the_choice_is_as_good_as_brute_force_on_two_hundred_instances() -> None:
    ratios = []
    for seed in range(200):
        n, k = (14, 4) if seed % 2 else (18, 5)
        q, c = an_instance(seed, n)
        root = np.sqrt(q)
        penalty = 0.5 * np.outer(root, root) * c
        np.fill_diagonal(penalty, 0.0)
        best = 0.0
        for size in range(1, k + 1):
            sets = np.array(list(combinations(range(n), size)))
            pairs = penalty[sets[:, :, None], sets[:, None, :]].sum(axis=(1, 2)) / 2.0
            best = max(best, float((q[sets].sum(axis=1) - pairs).max()))
        ratios.append(objective(q, c, chosen(q, c, k).picks, 0.1) / best)
    assert min(ratios) >= 0.98
    assert np.mean(ratios) >= 0.995
    assert max(ratios) <= 1.0 + 1e-12


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 5))
def test_gains_add_up_to_the_objective_and_no_swap_is_left(seed: int, n: int, k: int) -> None:
    q, c = an_instance(seed, n)
    said = chosen(q, c, k)
    value = objective(q, c, said.picks, 0.1)
    np.testing.assert_allclose(said.gains.sum(), value, rtol=1e-9)
    assert len(said.picks) <= k
    for out in said.picks:
        for into in set(range(n)) - set(said.picks.tolist()):
            swapped = np.array([into if p == out else p for p in said.picks])
            assert objective(q, c, swapped, 0.1) <= value + 1e-9


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_candidates_changes_nothing(seed: int, random: object) -> None:
    q, c = an_instance(seed, 10)
    q[3], q[7] = q[5], q[5]
    order = np.arange(10)
    random.shuffle(order)  # type: ignore[attr-defined]
    one = chosen(q, c, 4, cluster=np.arange(10) // 2)
    other = chosen(q[order], c[np.ix_(order, order)], 4, symbol=order, cluster=order // 2)
    assert order[other.picks].tolist() == one.picks.tolist()
    assert order[other.runners_up].tolist() == one.runners_up.tolist()


@given(st.integers(0, 10_000), st.integers(0, 9), st.floats(1e-3, 1e3))
def test_flipping_a_candidate_with_its_correlations_and_scaling_quality_change_nothing(
    seed: int, flipped: int, scale: float
) -> None:
    q, rho = an_instance(seed, 10)
    sides = np.ones(10)
    before = chosen(q, rho * np.outer(sides, sides), 4)
    sides[flipped] = -1.0
    flipped_rho = rho * np.outer(sides, sides)
    after = chosen(scale * q, flipped_rho * np.outer(sides, sides), 4)
    assert before.picks.tolist() == after.picks.tolist()


def test_without_a_penalty_the_choice_is_the_plain_top() -> None:
    q, c = an_instance(5, 12)
    assert chosen(q, c, 5, gamma=0.0).picks.tolist() == np.argsort(-q)[:5].tolist()


def test_a_copy_of_a_pick_is_never_picked_beside_it() -> None:
    for seed in range(40):
        q, c = an_instance(seed, 9)
        first = chosen(q, c, 3).picks[0]
        index = np.append(np.arange(9), first)
        said = chosen(q[index], c[np.ix_(index, index)], 4, symbol=index, cluster=index)
        assert not {first, 9} <= set(said.picks.tolist())


def test_a_larger_penalty_gives_a_less_correlated_slate_on_average() -> None:
    means = []
    for gamma in (0.0, 0.05, 0.1, 0.2):
        slates = []
        for seed in range(60):
            q, c = an_instance(seed, 16)
            picks = chosen(q, c, 5, gamma).picks
            block = c[np.ix_(picks, picks)]
            slates.append(block[~np.eye(len(picks), dtype=bool)].mean() if len(picks) > 1 else 0.0)
        means.append(np.mean(slates))
    assert means == sorted(means, reverse=True)


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 3))
def test_caps_hold_for_everything_that_is_not_held(seed: int, picks_max: int, cluster_max: int) -> None:
    rng = np.random.default_rng(seed)
    q, c = an_instance(seed, 12)
    symbol, cluster = rng.integers(0, 6, 12), rng.integers(0, 4, 12)
    said = chosen(q, c, 0, symbol=symbol, cluster=cluster, caps=Caps(picks_max, 1, cluster_max))
    assert len(said.picks) <= picks_max
    assert np.bincount(symbol[said.picks]).max(initial=0) <= 1
    assert np.bincount(cluster[said.picks]).max(initial=0) <= cluster_max


def test_held_positions_come_first_stay_and_take_room() -> None:
    q, c = an_instance(8, 10)
    held = np.zeros(10, dtype=bool)
    held[[4, 6]] = True
    q[4] = 0.0
    said = chosen(q, c, 3, held=held)
    assert set(said.picks[:2].tolist()) == {4, 6}
    assert len(said.picks) == 3
    crowded = chosen(q, c, 1, held=held)
    assert set(crowded.picks.tolist()) == {4, 6}


def test_a_candidate_without_quality_or_gain_is_not_picked() -> None:
    c = np.full((3, 3), 0.99)
    q = np.array([1.0, np.nan, 0.0])
    assert chosen(q, c, 3).picks.tolist() == [0]
    assert chosen(np.zeros(3), c, 3).picks.tolist() == []
    alike = chosen(np.ones(3), np.ones((3, 3)), 3, gamma=0.4)
    assert alike.picks.tolist() == [0]
    assert alike.runners_up.tolist() == [1, 2]


def test_a_hedge_is_preferred_to_a_slightly_better_copy() -> None:
    c = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, -0.8], [-0.9, -0.8, 1.0]])
    assert chosen(np.array([1.0, 0.9, 0.6]), c, 2).picks.tolist() == [0, 2]


def test_quality_is_cautious_net_edge_per_unit_of_shortfall() -> None:
    said = quality(
        np.array([0.02, 0.001, 0.02, np.nan]),
        np.array([0.01, 0.01, 0.0, 0.0]),
        np.array([0.05, 0.05, 0.0, 0.1]),
        np.array([0.5, 1.0, 1.0, 1.0]),
    )
    assert said == pytest.approx([0.5 * 0.015 / 0.05, 0.0, 0.0, 0.0])
