"""Random books through sizing, rounding and judging: no budget is ever broken, and it is used where it can be."""

from decimal import Decimal

import numpy as np
import pytest

from actors.risk.judging import signed
from actors.risk.multipliers import WHOLE
from actors.risk.reserved import Reserved
from actors.risk.sizing import Room, wanted
from actors.risk.tail import budgets_of
from actors.risk.weighing import weigh
from quant.stress import stress_losses
from tests.actors.risk.test_tail import a_view
from tests.kit.beliefs import a_pick, a_slate
from tests.kit.market import NOON_NS, an_instrument
from tests.kit.risk import a_gate_stage, a_tail, risk_settings

D = Decimal
FREE = dict.fromkeys(
    ("order_notional_max", "gross_notional_max", "net_notional_max", "symbol_notional_max", "cluster_notional_max",
     "open_notional_max"), D(10**6),
)  # fmt: skip
LIMITS = risk_settings(**FREE, scenarios=1_000, scenarios_min=1_000, open_orders_max=100, rebalance_ratio=0.0)


@pytest.fixture(scope="module")
def a_case():
    return a_gate_stage().actors[0].case(NOON_NS, ["BTC-EUR"])


def a_book(rng):
    """What is held, ordered and wanted of up to eight instruments, on grids from fine to coarse."""
    width = int(rng.integers(1, 9))
    held = np.where(rng.uniform(size=width) < 0.3, rng.normal(0.0, 15.0, width), 0.0)
    ordered = np.where(rng.uniform(size=(2, width)) < 0.1, rng.uniform(0.0, 10.0, (2, width)), 0.0)
    loading = rng.normal(0.0, 1.0, (width, 2))
    covariance = loading @ loading.T + np.diag(rng.uniform(0.2, 2.0, width))
    scale = np.sqrt(np.diag(covariance))
    lot = D(str(rng.choice([0.0001, 0.01, 0.05, 0.1])))
    instruments = [
        an_instrument(symbol=f"S{each}-EUR", lot=lot, notional_min=D(int(rng.integers(1, 11)))) for each in range(width)
    ]
    one = np.ones(width)
    return a_view(position=held, buys=ordered[0], sells=ordered[1], cost=0.001)._replace(
        symbols=tuple(each.symbol for each in instruments),
        places={each.symbol: place for place, each in enumerate(instruments)},
        instruments=tuple(instruments),
        sigma=rng.uniform(0.005, 0.05, width),
        corr=covariance / np.outer(scale, scale),
        tick_ns=np.full(width, NOON_NS),
        bid=99.99 * one,
        ask=100.01 * one,
        rate=one,
    )


def decided(rng, case, number):
    view = a_book(rng)
    width = len(view.symbols)
    mu = rng.normal(0.0, 0.02, width)
    slate = a_slate(width=width, mu=mu, sigma=view.sigma / 2.0, confidence=rng.uniform(0.1, 1.0, width))
    picks = [
        a_pick(symbol=view.symbols[place], side="buy" if mu[place] > 0 else "sell")
        for place in rng.permutation(width)[: rng.integers(1, 6)]
    ]
    held = {name: D(str(round(worth / 100.0, 6))) for name, worth in zip(view.symbols, view.position) if worth}
    case = case._replace(view=view, positions=held, feeds=dict.fromkeys(view.symbols, "live"))
    tail = a_tail(view, LIMITS, number)
    room = Room(tail, budgets_of(float(rng.uniform(0.5, 10.0)), LIMITS), WHOLE)
    columns = {name: place for place, name in enumerate(view.symbols)}
    asked = wanted(case, picks, [], slate, columns, room, LIMITS)
    return case, room, asked, weigh(asked.proposals, case, Reserved(case, [], 0), room, LIMITS)


def exact(tail, view, notional):
    """CVaR over both horizons by sorting, apart from the product's own."""
    found = []
    for rows in tail._losses._rows:
        drawn = (view.cost * np.abs(notional)).sum() - (rows * notional).sum(axis=1)
        losses = np.sort(np.concatenate((drawn, stress_losses(notional, view.cost, view.foreign))))[::-1]
        k = (1.0 - LIMITS.cvar_alpha) * len(losses)
        whole = int(k)
        found.append((losses[:whole].sum() + (k - whole) * losses[whole]) / k)
    return found


def violations(case, room, weighed):
    """Budgets that a book of what passed breaks, in any way in which orders may fill, unless it only reduces."""
    if all(each.reduce_only for each in weighed.passed):
        return []
    view, added = case.view, signed(weighed.passed, case.view)
    budgets, broken = room.budgets, []
    for start in (view.position, room.tail._worst):
        for part in (added, np.maximum(added, 0.0), np.minimum(added, 0.0)):
            book = start + part
            fast, slow = exact(room.tail, view, book)
            deviation = np.sqrt(book @ (view.corr * np.outer(view.sigma, view.sigma)) @ book)
            numbers = zip((fast, slow, deviation), budgets)
            broken += [(was, may) for was, may in numbers if not was <= may + 1e-9]
    return broken


def look(count, case, seed=7):
    rng, used = np.random.default_rng(seed), []
    for number in range(count):
        case, room, asked, weighed = decided(rng, case, number)
        assert violations(case, room, weighed) == [], f"book {number}"
        opening = [each for each in asked.proposals if not each.reduce_only and not each.why]
        before = room.tail.used(np.zeros(room.tail.width), room.budgets)
        all_of_it = signed([each._replace(added=each.wanted) for each in opening], case.view)
        if opening and before < 0.5 and room.tail.used(all_of_it, room.budgets) > 1.0:
            used.append(room.tail.used(signed(weighed.passed, case.view), room.budgets))
    return used


def test_a_hundred_random_books_keep_every_budget_in_whole_lots(a_case):
    look(100, a_case)


@pytest.mark.numbers
def test_ten_thousand_random_books_keep_every_budget_in_whole_lots_and_use_it(a_case):
    used = look(10_000, a_case)
    assert len(used) > 1_000
    assert np.median(used) >= 0.8
