"""The verdict says both tails, what they may be, and what cut the budget."""

import numpy as np
import pytest

from contracts.decision import Verdict
from tests.actors.risk.test_multipliers import a_drift, a_regime
from tests.kit.beliefs import a_pick, a_selection, a_slate
from tests.kit.orders import of
from tests.kit.risk import a_gate_stage


def verdict(stage):
    return of(Verdict, stage.admit(a_selection(a_pick())))[0]


def test_a_verdict_names_both_horizons_and_every_multiplier():
    said = verdict(a_gate_stage())
    assert said.cvar_slow_max == 2 * said.cvar_max == 10.0
    assert said.cvar_max == 2.0 * said.deviation_max
    assert said.cvar_slow_before == 0.0 < said.cvar_after < said.cvar_slow_after <= 10.0
    assert list(said.multipliers) == ["drawdown", "regime", "drift", "data", "volatility"]
    assert said.multiplier == 1.0


def test_the_multiplier_is_the_product_of_what_is_left():
    stage = a_gate_stage()
    stage.admit(a_regime(flipped=True))
    stage.admit(a_drift(0.5))
    said = verdict(stage)
    assert (said.multiplier, said.cvar_max, said.cvar_slow_max) == (0.25, 1.25, 2.5)
    assert (said.multipliers["regime"], said.multipliers["drift"]) == (0.5, 0.5)


def test_what_the_deviation_of_the_book_left_is_said():
    assert verdict(a_gate_stage(slate=a_slate(sigma=0.04))).multipliers["volatility"] < 1.0


def test_an_unknown_book_has_unknown_tails():
    said = verdict(a_gate_stage(slate=a_slate(sigma=np.nan), BTC_EUR="0.1"))
    assert said.cvar_slow_after >= 0.0 or np.isnan(said.cvar_slow_after)
    assert said.cvar_after == pytest.approx(said.cvar_before, nan_ok=True)
