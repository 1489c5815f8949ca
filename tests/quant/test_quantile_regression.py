import msgspec
import numpy as np
import pytest

from contracts.ports import ModelRejected
from quant.model_text import first_trees
from quant.quantile_regression import BinnedRows, BoosterSettings, LevelFit, QuantileModel, canonical, pinball
from quant.quantiles import STUDENT_5
from tests.kit.learning import NAMES, SCHEMA, SMALL, a_world, level_fits, some_rows, some_texts

TEXTS = some_texts()
MODEL = QuantileModel.from_texts(TEXTS, schema=SCHEMA)


def only_level(fit: LevelFit, level: float) -> QuantileModel:
    """A model of that one level."""
    one = {"levels": (level,), "residual": (fit.text(),), "free": (), "start": (0.0,), "spread": (0.0,)}
    return QuantileModel.from_texts(msgspec.structs.replace(TEXTS, **one), schema=SCHEMA)


def test_a_booster_learns_where_the_spread_is_wide():
    x, base, _ = a_world(2)
    x[:, 1:] = 0.0
    x[:, 0] = (-2.0, 2.0)

    calm, wild = MODEL.predict(x, base).T

    assert wild[-1] - wild[0] > 1.1 * (calm[-1] - calm[0])


def test_quantiles_rise_whatever_the_boosters_say():
    x, base, _ = a_world(300, seed=9)

    assert (np.diff(MODEL.predict(x, base[::-1]), axis=0) >= 0).all()


def test_prediction_is_base_plus_trees():
    model = only_level(level_fits()[4], 0.5)
    x, base, _ = a_world(50, seed=9)

    shifted = model.predict(x, base[4:5] + 3.0)

    np.testing.assert_allclose(shifted, model.predict(x, base[4:5]) + 3.0, rtol=0, atol=1e-12)


def test_without_a_base_it_starts_from_the_constant_of_the_level():
    x, _, _ = a_world(20, seed=9)

    np.testing.assert_array_equal(MODEL.predict_free(x), MODEL.predict(x, np.tile(STUDENT_5[:, None], 20)))
    with pytest.raises(ValueError, match="has no boosters without a base"):
        QuantileModel.from_texts(msgspec.structs.replace(TEXTS, free=()), schema=SCHEMA).predict_free(x)


def test_the_spread_of_checkpoints_widens_around_the_median():
    x, base, _ = a_world(20, seed=9)
    wide = QuantileModel.from_texts(msgspec.structs.replace(TEXTS, spread=(0.75,) * 9), schema=SCHEMA)

    plain, widened = MODEL.predict(x, base), wide.predict(x, base)

    np.testing.assert_allclose(widened - widened[4], 1.25 * (plain - plain[4]), atol=1e-12)
    np.testing.assert_array_equal(widened[4], plain[4])


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_input_is_named(value):
    x, base, _ = a_world(5)
    x[3, 1] = value

    with pytest.raises(ValueError, match=rf"input drift was {value} in row 3"):
        MODEL.predict(x, base)


def test_absent_inputs_are_believed_and_an_absent_base_is_not():
    x, base, _ = a_world(3)
    x[0] = np.nan
    base[5, 1] = np.nan

    found = MODEL.predict(x, base)

    assert np.isfinite(found[:, [0, 2]]).all()
    assert np.isnan(found[:, 1]).all()


def test_no_rows_give_no_quantiles():
    assert MODEL.predict(np.empty((0, 3)), np.empty((9, 0))).shape == (9, 0)


def test_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"shape \(4, 2\), expected \(rows, 3\)"):
        MODEL.predict(np.zeros((4, 2)), np.zeros((9, 4)))
    with pytest.raises(ValueError, match=r"base has shape \(8, 4\), expected \(9, 4\)"):
        MODEL.predict(np.zeros((4, 3)), np.zeros((8, 4)))


def test_a_model_for_other_inputs_is_rejected_naming_both():
    with pytest.raises(ModelRejected, match="trained on inputs 5c5c5c5c5c5c, expected 9999"):
        QuantileModel.from_texts(TEXTS, schema="9" * 64)


def test_a_model_that_lacks_a_level_is_rejected():
    with pytest.raises(ModelRejected, match=r"has 8 \+ 9 boosters and 9 spreads for 9 levels"):
        QuantileModel.from_texts(msgspec.structs.replace(TEXTS, residual=TEXTS.residual[:8]), schema=SCHEMA)
    with pytest.raises(ModelRejected, match="booster of 3 inputs, expected 2"):
        QuantileModel.from_texts(msgspec.structs.replace(TEXTS, inputs=NAMES[:2]), schema=SCHEMA)


@pytest.mark.numbers
def test_one_and_two_threads_grow_the_same_bytes():
    one, two = (level_fits(settings=SMALL._replace(threads=threads)) for threads in (1, 2))

    assert [fit.text() for fit in one] == [fit.text() for fit in two]
    assert [fit.curve for fit in one] == [fit.curve for fit in two]


def test_the_first_rounds_do_not_depend_on_those_that_follow():
    short, long = level_fits(rounds=5)[0], level_fits(rounds=12)[0]

    assert short.text() == first_trees(long.text(), long.trees[5])
    assert short.curve == long.curve[:6]


def test_a_level_grown_beside_others_is_as_if_it_were_alone():
    beside = level_fits()[8]
    binned = BinnedRows(some_rows(600), some_rows(150, 8), SMALL, 3)
    alone = LevelFit(binned, 0.99, binned.train.base[8], binned.valid.base[8])
    alone.advance(12)

    assert alone.text() == beside.text()


def test_the_curve_is_the_pinball_of_what_is_predicted():
    valid, fit = some_rows(150, 8), level_fits()[7]
    predicted = only_level(fit, 0.95).predict(valid.x, valid.base[7:8])[0]

    assert fit.curve[12] == pytest.approx(pinball(valid.z, predicted, 0.95, valid.weight), abs=1e-12)
    assert fit.curve[0] == pinball(valid.z, valid.base[7], 0.95, valid.weight)


def test_a_round_that_splits_nothing_adds_no_tree_and_changes_no_loss():
    fit = level_fits(settings=BoosterSettings(leaf_rows=400))[4]

    assert len(fit.curve) == 13
    assert len(set(fit.curve)) == 1
    assert fit.trees[-1] == 1


def test_a_level_that_paused_goes_on_growing():
    fit = level_fits()[0]
    steps = np.diff(fit.trees)

    assert 0 in steps
    assert steps[np.argmin(steps) :].max() == 1


def test_the_canonical_text_holds_trees_alone():
    assert TEXTS.residual[0].endswith("\nend of trees\n")
    with pytest.raises(ValueError, match="was cut"):
        canonical("tree\nversion=v4\n")


def test_refit_destroys_the_tails_and_is_therefore_never_used():
    """The formula that must not be: leaves refitted by gradients are no longer percentiles of their rows."""
    import lightgbm

    fit = level_fits(rows=2000, rounds=20, settings=BoosterSettings())[1]
    rows, late = some_rows(2000), some_rows(2000, 11)
    booster, base = lightgbm.Booster(model_str=fit.text()), STUDENT_5[1]
    again = booster.refit(rows.x, rows.z - base, decay_rate=0.0, num_threads=1, verbosity=-1)
    honest, destroyed = (
        np.mean(late.z < base + one.predict(late.x, raw_score=True, num_threads=1)) for one in (booster, again)
    )

    assert abs(honest - 0.05) < 0.02
    assert abs(destroyed - 0.05) > 0.05


def test_no_module_calls_refit():
    from tests.architecture.source import PRODUCT, sources

    assert [source.path for source in sources(*PRODUCT) if ".refit(" in source.text] == []
