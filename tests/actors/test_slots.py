"""Slots: sure without chance; with it one may be given away, and only to who would add something."""

import numpy as np
import pytest

from actors.slots import Candidates, Choosing, certain, picked, slots
from quant.bandit import Odds
from quant.selection import Caps, Choice

SYMBOLS = ("A", "B", "C", "D", "E")


def a_choosing(*, held=None, quality=(0.5, 0.4, 0.3, 0.25, 0.2)) -> Choosing:
    held_at = np.zeros(5, dtype=bool)
    if held is not None:
        held_at[held] = True
    candidates = Candidates(np.array([1.0, -1.0, 1.0, 1.0, 1.0]), np.array(quality), held_at, np.full(5, 0.05))
    among = np.arange(5)
    return Choosing(candidates, among, np.eye(5), among, Caps(2), 0.1)


CHOICE = Choice(np.array([0, 1]), np.array([0.5, 0.4]), np.array([2, 3, 4]), np.array([0.3, 0.25, 0.2]))
ODDS = [Odds()] * 3


def test_without_chance_every_pick_is_sure():
    said = certain(CHOICE)
    assert [slot.propensity for slot in said.picks] == [1.0, 1.0]
    assert [slot.propensity for slot in said.runners_up] == [0.0] * 3


def test_frequencies_are_the_propensities_that_are_said():
    counts, said = np.zeros(5), {}
    for seed in range(1500):
        found = slots(a_choosing(), CHOICE, ODDS, 0.05, np.random.default_rng(seed))
        for slot in found.picks:
            counts[slot.at] += 1
        for slot in (*found.picks, *found.runners_up):
            said.setdefault(slot.at, []).append(slot.propensity)
    assert counts / 1500 == pytest.approx([np.mean(said[at]) for at in range(5)], abs=0.02)
    assert counts[1] / 1500 == pytest.approx(0.9, abs=0.025)
    assert counts[2] > counts[4]


def test_a_slot_given_away_is_told_and_its_owner_is_first_of_those_left_out():
    for seed in range(200):
        found = slots(a_choosing(), CHOICE, ODDS, 0.05, np.random.default_rng(seed))
        if found.picks[-1].at != 1:
            break
    assert found.runners_up[0].at == 1
    assert found.runners_up[0].propensity == pytest.approx(0.9)
    assert {slot.at for slot in found.picks} | {slot.at for slot in found.runners_up} == set(range(5))
    assert found.picks[-1].gain > 0


def test_a_held_position_is_never_given_away_and_nobody_without_gain_joins():
    sure = certain(CHOICE)
    for seed in range(50):
        chance = np.random.default_rng(seed)
        assert slots(a_choosing(held=[0, 1]), CHOICE, ODDS, 0.05, chance) == sure
        assert slots(a_choosing(quality=(0.5, 0.4, 0.0, 0.0, 0.0)), CHOICE, ODDS, 0.05, chance) == sure
    nothing = Choice(CHOICE.picks[:0], CHOICE.gains[:0], CHOICE.runners_up, CHOICE.runner_gains)
    assert slots(a_choosing(), nothing, ODDS, 0.05, chance).picks == []


def test_picks_say_side_and_symbol():
    choosing = a_choosing(held=[0])
    said = picked(choosing.candidates, choosing.among, certain(CHOICE).picks, SYMBOLS)
    assert [(each.symbol, each.side, each.held) for each in said] == [("A", "buy", True), ("B", "sell", False)]
