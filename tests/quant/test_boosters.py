import numpy as np
import pytest

from quant.boosters import Boosters
from quant.quantiles import LEVELS, STUDENT_5

SCHEMA = "5c" * 32
BASE = np.repeat(STUDENT_5[:, None], 2, axis=1)


class Shifted:
    """A model that says the base, moved; `free` says whether it also speaks without one."""

    def __init__(self, model: str, by: float = 0.0, *, schema: str = SCHEMA, free: bool = True, levels=LEVELS) -> None:
        self.model, self.schema, self.has_free, self.levels, self.by = model, schema, free, levels, by

    def predict(self, x: np.ndarray, base: np.ndarray) -> np.ndarray:
        assert x.flags.c_contiguous
        return base + self.by

    def predict_free(self, x: np.ndarray) -> np.ndarray:
        return np.repeat(STUDENT_5[:, None], len(x), axis=1)


def said(boosters: Boosters, base: np.ndarray = BASE):
    return boosters.predict(np.zeros((3, base.shape[1])), base)


def test_without_a_model_nobody_speaks():
    boosted = said(Boosters(SCHEMA))
    assert boosted.present.tolist() == [0, 0, 0]
    assert np.isnan(boosted.experts).all()
    assert boosted.experts.shape == (3, 9, 2)


def test_a_new_champion_makes_the_old_one_its_predecessor():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a", 1.0), challenger=False)
    assert said(boosters).present.tolist() == [1, 1, 0]
    boosters.install(Shifted("b", 2.0, free=False), challenger=False)
    boosted = said(boosters)
    assert boosters.names() == ("b", "", "a")
    assert boosted.present.tolist() == [1, 0, 1]
    np.testing.assert_allclose(boosted.experts[[0, 2]], [BASE + 2.0, BASE + 1.0])


def test_a_challenger_runs_beside_the_champion_until_promoted():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a"), challenger=False)
    boosters.install(Shifted("b", 2.0), challenger=True)
    np.testing.assert_allclose(said(boosters).experts[0], BASE)
    np.testing.assert_allclose(said(boosters).challenger, BASE + 2.0)
    boosters.promote()
    assert boosters.names() == ("b", "", "a")
    boosters.demote()
    assert boosters.names() == ("", "", "")


def test_a_challenger_of_nobody_is_champion():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a"), challenger=True)
    assert boosters.names() == ("a", "", "")


@pytest.mark.parametrize("wrong", [{"schema": "00" * 32}, {"levels": np.array([0.5])}])
def test_a_model_of_other_inputs_or_levels_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Boosters(SCHEMA).install(Shifted("a", **wrong), challenger=False)


def test_a_model_that_says_no_number_abstains_and_is_counted():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a", np.nan), challenger=False)
    assert said(boosters).present.tolist() == [0, 1, 0]
    assert boosters.abstained == 1


def test_an_instrument_without_a_base_is_not_held_against_it():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a"), challenger=False)
    base = BASE.copy()
    base[:, 0] = np.nan
    boosted = said(boosters, base)
    assert boosted.present.tolist() == [1, 1, 0]
    assert np.isnan(boosted.experts[:2, :, 0]).all()
    assert boosters.abstained == 0
