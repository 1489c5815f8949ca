"""What bars say of instruments: kept while both are the same, measured again when either is another."""

import numpy as np

from actors.risk.layout import Layouts
from actors.risk.measures import MEASURED_MIN, Measures
from actors.risk.returns import Bars, Returns
from contracts.column import floats
from tests.kit.market import a_universe

UNIVERSE = a_universe("BTC-EUR", "ETH-EUR", "SOL-EUR")


def bars_of(closes) -> Bars:
    laid = Returns(1_000)
    laid.hear(len(closes))
    return laid.of([floats(row) for row in closes])


def walk(bars, seed=1):
    return 100.0 * np.exp(np.random.default_rng(seed).normal(0.0, 0.01, (bars, 3)).cumsum(axis=0))


def same(one, other):
    return all(mine.tobytes() == theirs.tobytes() for mine, theirs in zip(one, other, strict=True))


def test_what_is_kept_is_what_is_measured_anew_and_other_bars_or_instruments_are():
    layouts, kept = Layouts("EUR"), Measures(0.7)
    for bars in (bars_of(walk(40)), bars_of(walk(40, seed=2)), None):
        for symbols in (UNIVERSE.symbols, ("SOL-EUR", "BTC-EUR"), ()):
            layout = layouts.of(UNIVERSE, symbols)
            measured = kept.of(bars, layout)
            assert kept.of(bars, layout) is measured
            assert same(measured, Measures(0.7).of(bars, layout))


def test_some_of_the_universe_are_measured_as_in_the_whole():
    bars, measures, layouts = bars_of(walk(40)), Measures(0.7), Layouts("EUR")
    whole = measures.of(bars, layouts.of(UNIVERSE, UNIVERSE.symbols))
    some = measures.of(bars, layouts.of(UNIVERSE, ("SOL-EUR", "BTC-EUR")))
    assert some.close.tolist() == whole.close[[2, 0]].tolist()
    np.testing.assert_allclose(some.variance, whole.variance[[2, 0]], rtol=1e-12)


def test_too_few_returns_measure_no_variance_and_absent_ones_are_left_out():
    layout = Layouts("EUR").of(UNIVERSE, UNIVERSE.symbols)
    assert np.isnan(Measures(0.7).of(bars_of(walk(MEASURED_MIN)), layout).variance).all()
    closes = walk(MEASURED_MIN + 1)
    assert np.isfinite(Measures(0.7).of(bars_of(closes), layout).variance).all()
    closes[3, 1] = np.nan
    assert np.isfinite(Measures(0.7).of(bars_of(closes), layout).variance).tolist() == [True, False, True]
