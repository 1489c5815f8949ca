import numpy as np
import pytest

from quant.boosters import Boosters
from quant.quantiles import LEVELS, STUDENT_5

SCHEMA = "5c" * 32
BASE = np.repeat(STUDENT_5[:, None], 2, axis=1)


class Shifted:
    """A model that says the base, moved."""

    def __init__(self, model: str, by: float = 0.0, *, schema: str = SCHEMA, levels=LEVELS) -> None:
        self.model, self.schema, self.levels, self.by = model, schema, levels, by

    def predict(self, x: np.ndarray, base: np.ndarray) -> np.ndarray:
        assert x.flags.c_contiguous
        return base + self.by


def said(boosters: Boosters, base: np.ndarray = BASE):
    return boosters.predict(np.zeros((3, base.shape[1])), base)


def test_without_a_model_nobody_speaks():
    boosted = said(Boosters(SCHEMA))
    assert not boosted.present
    assert np.isnan(boosted.champion).all()
    assert boosted.champion.shape == (9, 2)


def test_a_new_champion_takes_the_place_of_the_old_one():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a", 1.0), challenger=False)
    boosters.install(Shifted("b", 2.0), challenger=False)
    boosted = said(boosters)
    assert boosters.names() == ("b", "")
    assert boosted.present
    np.testing.assert_allclose(boosted.champion, BASE + 2.0)


def test_a_challenger_runs_beside_the_champion_until_promoted():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a"), challenger=False)
    boosters.install(Shifted("b", 2.0), challenger=True)
    np.testing.assert_allclose(said(boosters).champion, BASE)
    np.testing.assert_allclose(said(boosters).challenger, BASE + 2.0)
    boosters.promote()
    assert boosters.names() == ("b", "")
    boosters.demote()
    assert boosters.names() == ("", "")


def test_a_challenger_of_nobody_is_champion():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a"), challenger=True)
    assert boosters.names() == ("a", "")


@pytest.mark.parametrize("wrong", [{"schema": "00" * 32}, {"levels": np.array([0.5])}])
def test_a_model_of_other_inputs_or_levels_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Boosters(SCHEMA).install(Shifted("a", **wrong), challenger=False)


def test_a_model_that_says_no_number_abstains_and_is_counted():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a", np.nan), challenger=False)
    assert not said(boosters).present
    assert boosters.abstained == 1


def test_an_instrument_without_a_base_is_not_held_against_it():
    boosters = Boosters(SCHEMA)
    boosters.install(Shifted("a"), challenger=False)
    base = BASE.copy()
    base[:, 0] = np.nan
    boosted = said(boosters, base)
    assert boosted.present
    assert np.isnan(boosted.champion[:, 0]).all()
    assert boosters.abstained == 0
