"""The linear programme: within its budget, never worse than the fast path, and equal to skfolio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.allocation import SCENARIOS_MAX, Allocation, Unsolvable, allocate, hardest
from quant.lots import Candidates, Search
from quant.rolling import Floats
from quant.scenarios import log_returns, unshaped, variates
from quant.tail_risk import cvar, largest_scale

ALPHA = 0.975


def a_world(seed: int, names: int = 5, rows: int = 400) -> tuple[Floats, Floats, Floats]:
    """Unit losses, edges and caps of correlated positions."""
    rng = np.random.default_rng(seed)
    corr = np.full((names, names), rng.uniform(-0.15, 0.8))
    np.fill_diagonal(corr, 1.0)
    moves = log_returns(variates(corr, rng, rows), rng.uniform(0.01, 0.04, names), unshaped(names))
    losses = 0.001 - np.expm1(moves) * rng.choice([-1.0, 1.0], names)
    return losses, rng.uniform(0.001, 0.01, names), rng.uniform(20.0, 120.0, names)


def best(world: tuple[Floats, Floats, Floats], budget: float = 5.0, gross: float = 400.0) -> Allocation:
    losses, edge, caps = world
    return allocate(losses, np.zeros(len(losses)), edge, caps, budget=budget, gross_max=gross, alpha=ALPHA)


@given(st.integers(0, 10_000), st.floats(0.5, 10.0))
@settings(max_examples=6, deadline=None)
def test_whole_lots_are_no_better_than_the_programme_which_keeps_its_budget(seed: int, budget: float) -> None:
    losses, edge, caps = a_world(seed)
    found = best((losses, edge, caps), budget)
    assert found.cvar <= budget * (1 + 1e-9)
    assert (found.notional <= caps + 1e-9).all()
    assert found.notional.sum() <= 400.0 * (1 + 1e-9)
    scale = largest_scale(np.zeros(len(losses)), losses @ caps, budget, ALPHA)
    fast = scale * float(edge @ caps) if caps.sum() * scale <= 400.0 else 0.0
    assert fast <= found.edge_eur * (1 + 1e-7)

    lot = 4.0
    candidates = Candidates(np.ones(5, dtype=np.int64), (caps / lot).astype(np.int64), lot * edge)
    used = lambda lots: max(cvar(losses @ (lot * lots), ALPHA) / budget, lot * lots.sum() / 400.0)  # noqa: E731
    lots = Search(candidates, used, 100).run((scale * candidates.most).astype(np.int64))
    assert float(lot * edge @ lots) <= found.edge_eur * (1 + 1e-7)
    rounded = Search(candidates, used, 0).run((scale * candidates.most).astype(np.int64))
    assert float(lot * edge @ rounded) <= max(fast, scale * float(edge @ caps)) * (1 + 1e-9)


@given(st.integers(0, 1000), st.floats(1.0, 3.0))
@settings(max_examples=10, deadline=None)
def test_more_of_anything_is_never_worse(seed: int, more: float) -> None:
    losses, edge, caps = a_world(seed, rows=200)
    base = best((losses, edge, caps), 3.0, 150.0).edge_eur * (1 - 1e-9)
    assert best((losses, edge, caps), 3.0 * more, 150.0).edge_eur >= base
    assert best((losses, edge, caps), 3.0, 150.0 * more).edge_eur >= base
    assert best((losses, edge, more * caps), 3.0, 150.0).edge_eur >= base
    assert best((losses, more * edge, caps), 3.0, 150.0).edge_eur >= base


@given(st.integers(0, 1000), st.floats(0.5, 6.0))
@settings(max_examples=8, deadline=None)
def test_every_part_that_may_fill_alone_keeps_the_budget(seed: int, budget: float) -> None:
    losses, edge, caps = a_world(seed, rows=200)
    first = np.array([True, True, False, False, False])
    arguments = {"budget": budget, "gross_max": 400.0, "alpha": ALPHA}
    whole = allocate(losses, np.zeros(200), edge, caps, **arguments)
    parted = allocate(losses, np.zeros(200), edge, caps, parts=(first, ~first), **arguments)
    assert parted.edge_eur <= whole.edge_eur * (1 + 1e-9)
    for part in (first, ~first, np.ones(5, dtype=np.bool_)):
        assert cvar(losses @ (parted.notional * part), ALPHA) <= budget * (1 + 1e-9)


@given(st.integers(0, 1000), st.floats(0.5, 3.0))
@settings(max_examples=8, deadline=None)
def test_the_shadow_price_is_what_a_little_more_of_budget_earns(seed: int, budget: float) -> None:
    world = a_world(seed, rows=200)
    found, more = best(world, budget), best(world, budget + 1e-5)
    assert more.edge_eur - found.edge_eur <= 1e-5 * found.shadow_price + 1e-12
    less = best(world, budget - 1e-5)
    assert found.edge_eur - less.edge_eur >= 1e-5 * found.shadow_price - 1e-12


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_hardest_rows_have_the_tail_of_all(seed: int) -> None:
    losses, _, caps = a_world(seed, rows=2000)
    grown = (losses * caps).T
    kept = hardest(np.vstack((np.zeros(2000), grown.sum(axis=0), grown)), ALPHA, 2004, SCENARIOS_MAX)
    assert (np.diff(kept.rows) > 0).all()
    assert len(kept.rows) == SCENARIOS_MAX
    rng = np.random.default_rng(seed)
    for size in rng.uniform(0.0, 1.0, (5, 5)) * caps:
        book = losses @ size
        k = (1.0 - ALPHA) * 2004
        worst = np.sort(book)[::-1]
        whole = (worst[: int(k)].sum() + (k - int(k)) * worst[int(k)]) / k
        left = cvar(book[kept.rows], kept.alpha)
        assert left <= whole * (1.0 + 1e-12)
        assert left == pytest.approx(whole, rel=1e-12)


def test_too_few_rows_for_the_tail_are_refused() -> None:
    with pytest.raises(ValueError, match=r"40 rows are kept, expected more than the 50\.1 of the tail"):
        hardest(np.zeros((1, 2000)), ALPHA, 2004, 40)


def test_what_is_held_uses_up_the_budget_and_can_make_it_unsolvable() -> None:
    losses, edge, caps = a_world(1)
    held = losses[:, 0] * 20.0
    alone = best((losses, edge, caps), 4.0)
    beside = allocate(losses, held, edge, caps, budget=4.0, gross_max=400.0, alpha=ALPHA)
    assert beside.edge_eur < alone.edge_eur
    assert beside.cvar <= 4.0 + 1e-9
    with pytest.raises(Unsolvable, match=r"no book is within a CVaR of 0\.01"):
        allocate(losses[:, :1], 50.0 * held, edge[:1], caps[:1], budget=0.01, gross_max=400.0, alpha=ALPHA)


def test_without_an_edge_a_candidate_or_a_number_there_is_no_allocation() -> None:
    losses, edge, caps = a_world(1)
    assert best((losses, -edge, caps)).notional.tolist() == [0.0] * 5
    assert best((losses[:, :0], edge[:0], caps[:0])).notional.shape == (0,)
    with pytest.raises(ValueError, match="edge has a value that is not finite"):
        best((losses, np.full(5, np.nan), caps))
    with pytest.raises(ValueError, match=f"expected at most {SCENARIOS_MAX}"):
        best(a_world(1, rows=SCENARIOS_MAX + 2))


@pytest.mark.numbers
@pytest.mark.parametrize("seed", range(4))
def test_the_programme_agrees_with_skfolio(seed: int) -> None:
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk, ObjectiveFunction

    rng = np.random.default_rng(seed)
    returns = 0.01 * rng.standard_t(5, (800, 6)) @ np.linalg.cholesky(0.5 * np.eye(6) + 0.5).T
    returns += rng.uniform(0.0005, 0.002, 6)
    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_RETURN,
        risk_measure=RiskMeasure.CVAR,
        max_cvar=0.02,
        cvar_beta=ALPHA,
        min_weights=0.0,
        max_weights=0.4,
        budget=None,
        max_budget=1.2,
        min_budget=0.0,
    )
    weights = model.fit(returns).weights_
    found = allocate(
        -returns, np.zeros(800), returns.mean(axis=0), np.full(6, 0.4), budget=0.02, gross_max=1.2, alpha=ALPHA
    )
    assert found.edge_eur == pytest.approx(float(returns.mean(axis=0) @ weights), rel=1e-6)
    assert found.cvar == pytest.approx(cvar(-returns @ weights, ALPHA), abs=1e-6)
    assert found.cvar == pytest.approx(0.02, rel=1e-9)
