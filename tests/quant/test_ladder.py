import numpy as np

from quant.ladder import Ladder

ALL = np.ones(3)


def climbed(ladder: Ladder, *, stack: float, booster: float, instants: int = 400, seed: int = 1) -> Ladder:
    """Instants of 20 labels at which the rungs lose this much more than the pool's 1."""
    chance = np.random.default_rng(seed)
    for _ in range(instants):
        pool = 1.0 + 0.2 * chance.standard_normal()
        noise = 0.02 * chance.standard_normal(2)
        losses = np.array([pool, pool + stack + noise[0], pool + booster + noise[1], pool, np.nan, np.nan])
        ladder.update(losses, 20, 1.0)
    return ladder


def on_the_pool() -> Ladder:
    ladder = climbed(Ladder(), stack=0.05, booster=0.05, instants=64)
    ladder.losses[:] = np.nan
    return ladder


def test_without_labels_it_stands_on_the_pool():
    assert Ladder().rung(ALL) == "pool"


def test_the_stack_is_climbed_on_credit_at_the_first_judging():
    assert climbed(Ladder(), stack=0.0, booster=-0.1, instants=15).rung(ALL) == "pool"
    assert climbed(Ladder(), stack=0.0, booster=-0.1, instants=16).rung(ALL) == "stack"


def test_a_rung_is_climbed_when_it_has_proved_better():
    assert climbed(Ladder(), stack=-0.01, booster=0.01).rung(ALL) == "stack"
    assert climbed(Ladder(), stack=-0.01, booster=-0.02).rung(ALL) == "booster"


def test_a_rung_that_is_no_better_is_not_climbed():
    assert climbed(on_the_pool(), stack=0.005, booster=-0.05).rung(ALL) == "pool"
    assert climbed(Ladder(), stack=-0.01, booster=0.0).rung(ALL) == "stack"


def test_few_labels_prove_nothing():
    assert climbed(on_the_pool(), stack=-0.05, booster=-0.05, instants=16).rung(ALL) == "pool"
    assert climbed(on_the_pool(), stack=-0.05, booster=-0.10, instants=96).rung(ALL) == "stack"


def test_a_rung_that_does_harm_is_left_for_the_pool():
    ladder = climbed(Ladder(), stack=-0.01, booster=-0.02)
    assert climbed(ladder, stack=0.05, booster=0.05, instants=192, seed=2).rung(ALL) == "pool"


def test_it_takes_more_than_a_few_instants_of_many_labels_to_do_harm():
    chance = np.random.default_rng(4)
    ladder = Ladder()
    for _ in range(48):
        stack = 1.0 + 0.1 * chance.standard_normal()
        ladder.update(np.array([1.0, stack + 0.05, stack + 0.05, stack, np.nan, np.nan]), 100, 1.0)
    assert ladder.rung(ALL) == "stack"


def test_a_rung_that_proves_worse_than_the_one_below_is_left_for_it_however_good_against_the_pool():
    ladder = climbed(Ladder(), stack=-0.01, booster=-0.02)
    assert climbed(ladder, stack=-0.05, booster=-0.02, seed=2).rung(ALL) == "stack"
    assert climbed(Ladder(), stack=0.003, booster=0.01).rung(ALL) == "pool"


def test_a_rung_that_does_not_speak_is_not_stood_on():
    ladder = climbed(Ladder(), stack=-0.01, booster=-0.02)
    assert ladder.rung(np.array([1.0, 1.0, 0.0])) == "stack"
    ladder.forget_boosters()
    assert ladder.rung(ALL) == "stack"


def test_instants_without_labels_are_not_evidence():
    ladder = Ladder()
    for _ in range(500):
        ladder.update(np.array([1.0, 0.5, 0.5, 1.0, np.nan, np.nan]), 0, 1.0)
    assert ladder.rung(ALL) == "pool"


def test_a_challenger_is_proved_by_its_losses_and_its_coverage():
    for covers, proved in ((0.9, True), (0.8, False)):
        ladder, chance = Ladder(), np.random.default_rng(3)
        for _ in range(208):
            champion = 1.0 + 0.1 * chance.standard_normal()
            ladder.update(
                np.array([1.0, 1.0, 1.0, champion, champion - 0.01 + 0.01 * chance.standard_normal(), covers]), 20, 1.0
            )
        assert ladder.challenger_proved(1.0) == proved
        ladder.forget_challenger()
        assert not ladder.challenger_proved(1.0)
