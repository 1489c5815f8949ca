"""The population index: what drifts is alarmed, what only wanders is not, what is absent is told."""

import numpy as np
import pytest

from quant.population import WARM_FRAMES, Population


def frames(count, rho=0.0, *, features=6, width=4, common=0.5, seed=0):
    """Stationary features (frames, features, width) that follow themselves by `rho`."""
    chance = np.random.default_rng(seed)
    noise = np.sqrt(common) * chance.normal(size=(count, features, 1)) + np.sqrt(1 - common) * chance.normal(
        size=(count, features, width)
    )
    rows, gain = [noise[0]], np.sqrt(1 - rho**2)
    for row in noise[1:]:
        rows.append(rho * rows[-1] + gain * row)
    return np.array(rows)


def alarmed(table, every=50) -> list[tuple[int, int]]:
    """(frame, feature) of every alarm."""
    population, found = Population(table.shape[1]), []
    for number, row in enumerate(table):
        population.push(row)
        if number % every == 0:
            found += [(number, alarm.feature) for alarm in population.alarms()]
    return found


@pytest.mark.parametrize("rho", [0.0, 0.9, 0.99])
def test_a_stationary_feature_is_not_alarmed_however_slowly_it_wanders(rho):
    assert alarmed(frames(1200, rho)) == []


@pytest.mark.numbers
@pytest.mark.parametrize("rho", [0.0, 0.9, 0.99])
def test_no_false_alarm_in_six_thousand_frames_of_forty_features(rho):
    assert alarmed(frames(6_000, rho, features=40)) == []


def test_a_feature_that_moves_by_one_deviation_is_alarmed_and_no_other():
    table = frames(2200, 0.5)
    table[1200:, 2] += 1.0
    found = alarmed(table)
    assert {feature for _, feature in found} == {2}
    assert 1200 < found[0][0] <= 2000


def test_a_feature_that_goes_missing_is_alarmed():
    table = frames(1900)
    table[1200:, 1] = np.nan
    population = Population(6)
    for row in table:
        population.push(row)
    (alarm,) = population.alarms()
    assert alarm.feature == 1
    assert alarm.absent > 0.25


def test_a_feature_that_was_never_there_is_no_news():
    table = frames(1000)
    table[:, 3] = np.nan
    assert alarmed(table) == []


def test_permuting_instruments_after_the_first_frames_changes_nothing():
    table = frames(900)
    swapped = table.copy()
    swapped[WARM_FRAMES:] = table[WARM_FRAMES:, :, ::-1]
    one, two = Population(6), Population(6)
    for row, other in zip(table, swapped):
        one.push(row)
        two.push(other)
    assert one.indices().tolist() == two.indices().tolist()


def test_the_index_is_the_divergence_of_the_shares():
    population = Population(1)
    for row in frames(1200, features=1):
        population.push(row)
    p, q = (each[:, :10] / each[:, :10].sum() for each in (population.state().fast, population.state().slow))
    assert population.indices()[0] == pytest.approx(((p - q) * np.log(p / q)).sum())


def test_before_there_is_enough_nothing_is_alarmed_and_state_goes_round():
    one, two = Population(6), Population(6)
    table = frames(800)
    for row in table[:300]:
        one.push(row)
        assert one.alarms() == []
    two.load(one.state())
    for row in table[300:]:
        one.push(row)
        two.push(row)
    assert one.indices().tobytes() == two.indices().tobytes()
