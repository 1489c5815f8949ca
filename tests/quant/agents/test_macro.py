"""The market on the macro economy: learned from closed labels, solved weekly."""

from __future__ import annotations

import numpy as np
import pytest

from quant.agents.macro import RELEASES, MacroRidge

DAY_NS = 86_400 * 10**9


def learned(effect: tuple[float, ...], *, days: int = 1500, seed: int = 1, noise: float = 1.0) -> MacroRidge:
    rng = np.random.default_rng(seed)
    ridge = MacroRidge(len(effect))
    for day in range(1, days):
        x = rng.normal(size=len(effect))
        ridge.see(x, day * DAY_NS)
        ridge.learn(day * DAY_NS, float(x @ effect + noise * rng.normal()), 1.0)
    return ridge


def test_what_moves_the_market_is_found_and_what_does_not_is_not() -> None:
    weights = learned((0.3, 0.0, -0.2))["weights"]
    assert weights == pytest.approx([0.3, 0.0, -0.2], abs=0.1)
    assert np.abs(learned((0.0, 0.0, 0.0))["weights"]).max() < 0.06


def test_it_is_solved_once_a_week_and_never_from_what_came_later() -> None:
    ridge = learned((0.3,), days=50)
    before = ridge["weights"].copy()
    ridge.learn(49 * DAY_NS, 8.0, 1.0)
    ridge.see(np.array([2.0]), 50 * DAY_NS)
    assert ridge["weights"].tolist() == before.tolist()
    ridge.see(np.array([2.0]), 57 * DAY_NS)
    assert ridge["weights"].tolist() != before.tolist()


def test_a_label_belongs_to_the_release_that_was_known_when_it_was_said() -> None:
    one, other = MacroRidge(1), MacroRidge(1)
    for ridge in (one, other):
        ridge.see(np.array([1.0]), DAY_NS)
    other.see(np.array([-1.0]), 3 * DAY_NS)
    for ridge in (one, other):
        ridge.learn(2 * DAY_NS, 1.0, 1.0)
    assert one["xz"].tolist() == other["xz"].tolist()
    one.learn(DAY_NS // 2, 1.0, 1.0)
    assert one["xz"].tolist() == other["xz"].tolist()


def test_absent_inputs_contribute_nothing_and_without_any_nothing_is_expected() -> None:
    ridge = learned((0.3, 0.3))
    assert np.isnan(MacroRidge(2).expected())
    ridge.see(np.array([1.0, np.nan]), 2000 * DAY_NS)
    alone = ridge.expected()
    ridge.see(np.array([1.0, 1.0]), 2001 * DAY_NS)
    assert 0.0 < alone < ridge.expected()


def test_confidence_halves_in_five_days_without_a_release_and_memory_is_bounded() -> None:
    ridge = learned((0.1,), days=2 * RELEASES)
    last = (2 * RELEASES - 1) * DAY_NS
    assert ridge.freshness(last + 5 * DAY_NS) == pytest.approx(0.5)
    assert len(ridge["releases"]) == RELEASES
