"""What an account can trade: within every budget, in proportion, and the stake from which on it can."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from quant.feasibility import Account, Feasible, Terms, feasible
from quant.rolling import Floats

ACCOUNT = Account(
    equity=500.0,
    budget=5.0,
    horizon_s=14_400.0,
    slow_horizon_s=86_400.0,
    slow_multiple=2.0,
    sigmas_min=2.8,
    share_max=0.2,
    reserve=10.0,
    alpha=0.975,
)


def closes(sigma: float = 0.01, width: int = 3, rows: int = 400) -> Floats:
    steps = np.random.default_rng(1).normal(0.0, sigma, (rows, width))
    return 100.0 * np.exp(np.cumsum(steps, axis=0))


def judged(prices: Floats, *, least: float = 5.0, lot: float = 1e-4, **changed: Any) -> Feasible:
    width = prices.shape[1]
    terms = Terms(
        prices[-1], np.full(width, lot), np.full(width, least), np.full(width, 0.001), np.zeros(width, dtype=bool)
    )
    return feasible(prices, 3600.0, terms, ACCOUNT._replace(**changed), np.random.default_rng(2), 2048)


def test_the_smallest_order_covers_its_minimum_in_whole_lots_with_a_margin() -> None:
    found = judged(closes(), lot=0.03)
    lots = found.smallest / (0.03 * closes()[-1])
    np.testing.assert_allclose(lots, np.round(lots), atol=1e-9)
    assert (found.smallest >= 5.1).all()
    assert (found.smallest - 0.03 * closes()[-1] < 5.1).all()


def test_the_largest_position_takes_a_whole_budget_and_no_more_than_its_share_of_equity() -> None:
    found = judged(closes(0.02), share_max=1.0)
    day, hours = found.slow / found.smallest, found.cvar / found.smallest
    taken = np.maximum(found.largest * hours / 5.0, found.largest * day / 10.0)
    assert (taken <= 1.0 + 1e-9).all()
    assert taken.max() > 0.85
    assert (judged(closes(1e-4)).largest == 100.0).all()


def test_more_at_risk_or_less_to_move_is_never_less_to_trade() -> None:
    base = judged(closes(0.02))
    assert (judged(closes(0.02), budget=7.0).largest >= base.largest).all()
    assert (judged(closes(0.01)).largest >= base.largest).all()


def test_what_is_not_viable_becomes_so_at_its_stake() -> None:
    poor = judged(closes(0.02), equity=30.0, budget=0.3)
    assert not poor.viable.any()
    assert poor.together == 0
    stake = float(poor.stake[0])
    for equity, viable in ((stake * 1.001, True), (stake * 0.999, False)):
        assert judged(closes(0.02), equity=equity, budget=0.01 * equity).viable[0] == viable


def test_orders_that_are_viable_alone_are_counted_together() -> None:
    assert judged(closes(0.02, 10), budget=1.5).together < judged(closes(0.02, 10)).together <= 10


@pytest.mark.parametrize("broken", [np.nan, 0.0])
def test_what_has_no_price_or_never_moved_is_unknown_and_not_viable(broken: float) -> None:
    prices = closes()
    prices[:, 1] = np.nan if np.isnan(broken) else 100.0
    found = judged(prices)
    assert np.isnan(found.smallest[1])
    assert found.viable.tolist() == [True, False, True]
