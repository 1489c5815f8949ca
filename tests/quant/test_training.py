import numpy as np
import pytest

from quant.model_text import examine
from quant.quantile_regression import BoosterSettings, QuantileModel
from quant.training import Examples, fit, weighted_quantile
from tests.kit.learning import QUICK, SCHEMA, some_examples

EXAMPLES = some_examples()
FITTED = fit(EXAMPLES, QUICK, 3)


class Shelf:
    """Keeps levels in memory; is torn down after so many of them, as a process is."""

    def __init__(self, saves: int = 10**9) -> None:
        self.levels: dict[str, str] = {}
        self.saves = saves
        self.found = 0

    def load(self, key: str) -> str | None:
        self.found += key in self.levels
        return self.levels.get(key)

    def save(self, key: str, text: str) -> None:
        if self.saves == 0:
            raise KeyboardInterrupt
        self.saves -= 1
        self.levels[key] = text


def test_a_fit_is_good_on_rows_it_was_not_grown_on():
    assert FITTED.scores["pinball"] < FITTED.scores["pinball_base"]
    assert FITTED.scores["skill"] == pytest.approx(1 - FITTED.scores["pinball"] / FITTED.scores["pinball_base"])
    assert 0.8 < FITTED.scores["coverage_90"] < 0.98
    assert len(FITTED.residual) == len(FITTED.free) == 9
    assert all(examine(text, 3).trees <= FITTED.rounds for text in FITTED.residual)


def test_the_same_examples_and_seed_give_the_same_bytes():
    again, other = fit(EXAMPLES, QUICK, 3), fit(EXAMPLES, QUICK, 4)

    assert (again.residual, again.free, again.scores) == (FITTED.residual, FITTED.free, FITTED.scores)
    assert other.residual != FITTED.residual


@pytest.mark.numbers
def test_two_threads_fit_the_same_bytes_as_one():
    examples = some_examples(instants=4000)
    one, two = (fit(examples, QUICK._replace(boosters=BoosterSettings(threads=each)), 3) for each in (1, 2))

    assert (one.residual, one.free, one.scores, one.data) == (two.residual, two.free, two.scores, two.data)


def test_the_order_of_the_instruments_changes_nothing():
    rows = np.random.default_rng(0).permutation(len(EXAMPLES.z))
    shuffled = EXAMPLES._replace(
        x=EXAMPLES.x[rows] * (1 + 1e-16),
        base=EXAMPLES.base[:, rows],
        z=EXAMPLES.z[rows],
        weight=EXAMPLES.weight[rows],
        said_ns=EXAMPLES.said_ns[rows],
        end_ns=EXAMPLES.end_ns[rows],
    )

    assert fit(shuffled, QUICK, 3).residual == FITTED.residual


@pytest.mark.parametrize("saves", [0, 1, 10, 20])
def test_a_fit_that_was_interrupted_goes_on_to_the_same_bytes(saves):
    shelf = Shelf(saves)
    with pytest.raises(KeyboardInterrupt):
        fit(EXAMPLES, QUICK, 3, kept=shelf)
    shelf.saves = 10**9
    again = fit(EXAMPLES, QUICK, 3, kept=shelf)

    assert shelf.found == saves
    assert (again.residual, again.free, again.scores) == (FITTED.residual, FITTED.free, FITTED.scores)


def test_levels_of_other_examples_or_settings_are_not_taken_up():
    shelf = Shelf()
    fit(EXAMPLES, QUICK, 3, kept=shelf)
    for examples, settings, seed in (
        (EXAMPLES._replace(z=EXAMPLES.z + 1e-3), QUICK, 3),
        (EXAMPLES, QUICK._replace(embargo_ns=3 * 10**9), 3),
        (EXAMPLES, QUICK, 4),
    ):
        fit(examples, settings, seed, kept=shelf)

    assert shelf.found == 0


def test_a_finished_fit_is_taken_up_whole():
    shelf = Shelf()
    fit(EXAMPLES, QUICK, 3, kept=shelf)
    count = len(shelf.levels)
    fit(EXAMPLES, QUICK, 3, kept=shelf)

    assert shelf.found == count


def test_the_future_of_the_window_is_not_trained_on():
    """What is said in the validation part changes where growing stops, but not the trees."""
    late = EXAMPLES.said_ns >= FITTED.validated_from_ns - 3 * 10**9
    changed = fit(EXAMPLES._replace(z=np.where(late, -EXAMPLES.z, EXAMPLES.z)), QUICK, 3)
    shorter = min(len(changed.residual[4]), len(FITTED.residual[4])) // 2

    assert changed.residual[4].split("Tree=0")[1][:shorter] == FITTED.residual[4].split("Tree=0")[1][:shorter]
    assert changed.data != FITTED.data


def test_levels_stop_together_at_the_best_round():
    curve = np.array(FITTED.curve)

    assert FITTED.rounds == 1 + int(np.argmin(curve[1:]))
    assert len(FITTED.checkpoints) == 5
    assert FITTED.rounds in FITTED.checkpoints
    assert all(curve[each] <= np.sort(curve[1:])[4] for each in FITTED.checkpoints)
    assert all(0 < each < 0.2 for each in FITTED.spread)


def test_golden_rows_say_what_the_model_says():
    model, golden = QuantileModel(FITTED.texts()), FITTED.golden

    np.testing.assert_array_equal(model.predict(golden.x, golden.base), golden.residual)
    np.testing.assert_array_equal(model.predict_free(golden.x), golden.free)
    assert golden.x.shape == (64, 3)
    assert len(set(golden.texts)) == 18


def test_rows_without_a_label_or_a_base_are_left_out():
    z, base = EXAMPLES.z.copy(), EXAMPLES.base.copy()
    z[5], base[3, 9] = np.nan, np.nan

    found = fit(EXAMPLES._replace(z=z, base=base), QUICK._replace(free=False), 3)

    assert found.trained_rows == FITTED.trained_rows - 2
    assert found.free == ()


def test_the_weighted_quantile_is_a_value_that_was_there():
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])

    assert [weighted_quantile(values, weights, level) for level in (0.01, 0.5, 0.75, 0.99)] == [1.0, 2.0, 2.0, 3.0]


def test_bad_examples_are_named():
    few: Examples = some_examples(instants=8)
    with pytest.raises(ValueError, match="expected 50 each"):
        fit(few, QUICK, 3)
    infinite = EXAMPLES.x.copy()
    infinite[3, 1] = np.inf
    with pytest.raises(ValueError, match="input drift has inf in it"):
        fit(EXAMPLES._replace(x=infinite), QUICK, 3)
    with pytest.raises(ValueError, match=r"base has shape \(8, 900\), expected \(9, 900\)"):
        fit(EXAMPLES._replace(base=EXAMPLES.base[:8]), QUICK, 3)
    assert FITTED.schema == SCHEMA
