"""Returns are those of the closes, byte for byte, however they came to be laid out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.risk.returns import CLOSE_BARS_MAX, Returns
from contracts.column import floats


@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.integers(1, 6), st.integers(0, 3))
def test_what_was_kept_equals_what_is_laid_out_anew_byte_for_byte(steps, kept, forgotten_after):
    chance, laid, closes = np.random.default_rng(1), Returns(kept), []
    for step, more in enumerate(steps):
        closes += [floats(chance.uniform(90.0, 110.0, 3)) for _ in range(more)]
        del closes[:-kept]
        laid.hear(more)
        if step == forgotten_after:
            laid = Returns(kept)
        anew, seen = Returns(kept).of(closes), laid.of(closes)
        if not closes:
            assert seen is None
            continue
        assert seen.close.tobytes() == anew.close.tobytes() == closes[-1].values.tobytes()
        assert seen.returns.tobytes() == anew.returns.tobytes()
        plain = np.diff(np.log(np.array([each.values for each in closes])), axis=0).T
        np.testing.assert_array_equal(seen.returns, plain)


def test_closes_of_another_width_or_of_which_nothing_was_heard_are_laid_out_anew():
    laid = Returns(10)
    laid.hear(2)
    assert laid.of([floats([1.0, 2.0]), floats([2.0, 2.0])]).returns.shape == (2, 1)
    other = [floats([1.0]), floats([np.e])]
    np.testing.assert_allclose(laid.of(other).returns, [[1.0]])
    assert laid.of([]) is None


def test_the_same_bars_are_seen_until_more_is_heard():
    laid, closes = Returns(10), [floats([1.0]), floats([2.0])]
    laid.hear(2)
    seen = laid.of(closes)
    assert laid.of(closes) is seen
    closes.append(floats([2.0]))
    laid.hear(1)
    np.testing.assert_allclose(laid.of(closes).returns, [[np.log(2.0), 0.0]])


def test_a_gap_in_a_close_is_a_gap_in_two_returns():
    laid = Returns(10)
    laid.hear(3)
    seen = laid.of([floats([1.0]), floats([np.nan]), floats([1.0])])
    assert np.isnan(seen.returns).all()


def test_an_instrument_without_a_bar_is_judged_by_its_last_close_of_a_few_bars_ago_at_most():
    laid = Returns(20)
    closes = [floats([7.0, 1.0, 3.0]), *(floats([7.0 + bar, np.nan, np.nan]) for bar in range(1, CLOSE_BARS_MAX - 1))]
    closes.append(floats([20.0, np.nan, 5.0]))
    laid.hear(len(closes))
    np.testing.assert_array_equal(laid.of(closes).close, [20.0, 1.0, 5.0])
    closes.append(floats([np.nan, np.nan, np.nan]))
    laid.hear(1)
    np.testing.assert_array_equal(laid.of(closes).close, [20.0, np.nan, 5.0])
