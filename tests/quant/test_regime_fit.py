"""Fitting finds the model that made the data, climbs, and agrees with the reference step by step."""

import numpy as np
import pytest

from quant.regime import DEFAULT
from quant.regime_fit import COVARIANCE_PRIOR, expect, fit, maximise
from tests.quant.test_regime import a_series, the_reference


@pytest.mark.numbers
@pytest.mark.filterwarnings("ignore")
def test_one_iteration_is_that_of_the_reference():
    x, sticky = a_series(n=400), 7.0
    reference = the_reference(DEFAULT)
    reference.init_params, reference.n_iter, reference.tol = "", 1, -np.inf
    reference.transmat_prior = 1.0 + sticky * np.eye(3)
    reference.covars_prior = COVARIANCE_PRIOR * np.eye(2)
    reference.covars_weight = 0.0
    expected = expect(DEFAULT, [x])
    assert expected.log_likelihood == pytest.approx(reference.score(x), rel=1e-10)
    reference.fit(x)
    ours = maximise(expected, sticky)
    assert ours.start == pytest.approx(reference.startprob_, abs=1e-8)
    assert ours.transition == pytest.approx(reference.transmat_, abs=1e-8)
    assert ours.mean == pytest.approx(reference.means_, abs=1e-8)
    assert ours.covariance == pytest.approx(reference.covars_, abs=1e-8)


def test_each_iteration_is_at_least_as_likely():
    x, model, likely = a_series(n=500), DEFAULT, []
    for _ in range(6):
        expected = expect(model, [x])
        likely.append(expected.log_likelihood)
        model = maximise(expected, 0.0)
    assert (np.diff(likely) > -1e-6 * abs(likely[0])).all()


def test_series_that_do_not_continue_one_another_are_fitted_together():
    x = a_series(n=400)
    together = expect(DEFAULT, [x[:150], x[150:]])
    apart = [expect(DEFAULT, [part]) for part in (x[:150], x[150:])]
    assert together.log_likelihood == pytest.approx(sum(each.log_likelihood for each in apart))
    assert together.transitions.sum() == pytest.approx(398.0)


@pytest.mark.numbers
def test_the_model_that_made_the_data_is_found_again():
    found = fit([a_series(n=6000, seed=3), a_series(n=6000, seed=4)]).model
    assert found.mean == pytest.approx(DEFAULT.mean, abs=0.1)
    assert np.diag(found.transition) == pytest.approx(np.diag(DEFAULT.transition), abs=0.02)
    assert found.covariance[:, 0, 0] == pytest.approx(DEFAULT.covariance[:, 0, 0], rel=0.15)
    assert found.version == found.ordered().version


def test_the_same_data_give_the_same_bytes():
    x = a_series(n=300)
    assert fit([x], iterations=3).model.version == fit([x.copy()], iterations=3).model.version


@pytest.mark.parametrize(("x", "count"), [(a_series(n=100), 100), (np.full((200, 2), np.nan), 200)])
def test_too_little_or_absent_data_are_refused(x, count):
    with pytest.raises(ValueError, match=f"{count} observations for 3 states"):
        fit([x])
