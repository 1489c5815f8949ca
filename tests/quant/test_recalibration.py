import numpy as np
import pytest

from quant.quantiles import LEVELS, STUDENT_5
from quant.recalibration import LABELS_MAX, STUDENT_INSTANTS, Recalibration


def shrunk(quantiles: np.ndarray, instants: int) -> np.ndarray:
    """What is measured after so many instants, as far as it is believed."""
    trust = instants / (instants + STUDENT_INSTANTS)
    return trust * quantiles + (1.0 - trust) * STUDENT_5


def fed(errors: np.ndarray) -> Recalibration:
    one = Recalibration(errors.shape[1])
    for row in errors:
        one.update(row)
    return one


def test_before_300_labels_the_quantiles_are_those_of_a_student():
    one = fed(np.random.default_rng(1).standard_normal((299, 1)))
    np.testing.assert_array_equal(one.quantiles(), STUDENT_5[:, None])
    one.update(np.zeros(1))
    assert (one.quantiles() != STUDENT_5[:, None]).any()


def test_for_one_instrument_they_are_the_empirical_quantiles_shrunk_to_the_student():
    errors = np.random.default_rng(2).standard_normal((300, 1))
    np.testing.assert_allclose(fed(errors).quantiles()[:, 0], shrunk(np.quantile(errors, LEVELS), 300), rtol=1e-12)


def test_an_instrument_keeps_to_its_own_errors_as_far_as_there_are_many():
    chance = np.random.default_rng(3)
    errors = np.stack([chance.standard_normal(4000), 3 * chance.standard_normal(4000)], axis=1)
    table = fed(errors).quantiles()
    shared, own = np.quantile(errors, LEVELS), np.quantile(errors[:, 1], LEVELS)
    trust = 4000 / 6000
    np.testing.assert_allclose(table[:, 1], shrunk(trust * own + (1 - trust) * shared, 4000), rtol=0.02, atol=0.02)


def test_only_the_last_labels_count():
    one = fed(np.full((LABELS_MAX // 4, 4), 7.0))
    for _ in range(LABELS_MAX // 4):
        one.update(np.full(4, -1.0))
    np.testing.assert_allclose(one.quantiles()[:, 0], shrunk(np.full(9, -1.0), LABELS_MAX // 2), atol=1e-3)
    assert one.labels == LABELS_MAX


def test_errors_that_are_no_numbers_are_left_out_and_leave_the_ring_when_overwritten():
    errors = np.random.default_rng(4).standard_normal((400, 2))
    errors[::2, 0] = np.nan
    errors[1, 1] = np.inf
    one = fed(errors)
    assert one.labels == 200 + 399
    assert np.isfinite(one.quantiles()).all()


def test_an_instrument_without_labels_has_the_quantiles_of_all():
    errors = np.random.default_rng(5).standard_normal((400, 2))
    errors[:, 1] = np.nan
    np.testing.assert_allclose(fed(errors).quantiles()[:, 1], shrunk(np.quantile(errors[:, 0], LEVELS), 400), atol=0.05)


def test_quantiles_rise_and_the_order_of_instruments_does_not_matter():
    errors = np.random.default_rng(6).standard_t(3, (500, 3))
    table = fed(errors).quantiles()
    assert (np.diff(table, axis=0) >= 0).all()
    np.testing.assert_allclose(fed(errors[:, ::-1]).quantiles(), table[:, ::-1], rtol=1e-12)


def test_moved_to_another_universe_each_keeps_the_latest_errors():
    one = fed(np.arange(1000.0)[:, None] + np.array([0.0, 10_000.0]))
    moved = one.moved(np.array([-1, 1, 0]))
    assert moved.labels == 2000
    assert np.nanmax(moved.ring[2]) == 999.0
    assert np.isnan(moved.ring[0]).all()
    moved.update(np.full(3, -5.0))
    assert moved.labels == 2003


def test_no_instrument_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Recalibration(0)
