import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.promotion import judge
from quant.quantiles import STUDENT_5


def said(rows: int, factor: float = 1.0) -> np.ndarray:
    return np.repeat(STUDENT_5[:, None], rows, axis=1) * factor


def outcomes(rows: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(5, rows) * np.sqrt(0.6)


def test_a_challenger_that_is_truer_is_promoted():
    found = judge(outcomes(3000), said(3000), said(3000, 1.5), np.arange(3000), lag=2)

    assert found.promote
    assert found.reasons == ()
    assert found.t < -5
    assert found.skill > 0.01
    assert found.coverage_90 == pytest.approx(0.9, abs=0.02)


@given(st.integers(0, 2500), st.integers(0, 9))
def test_an_equal_challenger_is_never_promoted(rows, seed):
    assert not judge(outcomes(rows, seed), said(rows), said(rows), np.arange(rows), lag=2).promote


def test_every_reason_is_told_with_both_numbers():
    found = judge(outcomes(1999), said(1999, 3.0), said(1999), np.arange(1999), lag=2)

    assert found.reasons[0] == "1999 labels, expected at least 2000"
    assert "expected at most -1.65" in found.reasons[1]
    assert "expected 0.87 to 0.93" in found.reasons[2]


def test_labels_of_one_instant_are_one_observation():
    """A hundred copies of each label: ever so many labels, and the evidence of twenty instants."""
    z, worse = np.repeat(outcomes(30), 100), said(3000, 1.1)
    apart = judge(np.tile(outcomes(30), 100), said(3000), worse, np.arange(3000), lag=0)
    together = judge(z, said(3000), worse, np.repeat(np.arange(30), 100), lag=0)

    assert abs(together.t) < abs(apart.t) / 5


def test_absent_rows_do_not_count():
    z = outcomes(2500)
    z[:600] = np.nan

    assert judge(z, said(2500), said(2500, 1.5), np.arange(2500), lag=2).labels == 1900
    assert judge(z * np.nan, said(2500), said(2500), np.arange(2500), lag=2).reasons == (
        "0 labels, expected at least 2000",
    )
