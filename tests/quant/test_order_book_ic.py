"""Information coefficients of made-up books whose foresight is known."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from quant.order_book_ic import BookTable, book_table, correlation, ranks

SECOND_NS = 10**9


def a_market(*, foresight: float, seconds: int = 120, seed: int = 1, unit: int = 1) -> tuple[np.ndarray, ...]:
    """Quotes ten times a second; the mid's next step is `foresight` x imbalance plus chance."""
    chance = np.random.default_rng(seed)
    times = 10 * seconds
    bid_size = chance.integers(1, 100, times).astype(float)
    ask_size = chance.integers(1, 100, times).astype(float)
    lean = (bid_size - ask_size) / (bid_size + ask_size)
    steps = np.round(20 * foresight * lean + 5 * chance.normal(size=times))
    bid = 100_000.0 + np.concatenate([[0.0], np.cumsum(steps)[:-1]])
    at_ns = 1_700_000_000 * SECOND_NS + np.arange(times) * SECOND_NS // 10
    return at_ns, bid * unit, bid_size * unit, (bid + 2.0) * unit, ask_size * unit


def by_name(table: BookTable, horizon_s: float = 1.0) -> dict[str, float]:
    return {each.signal: each.rank for each in table.coefficients if each.horizon_s == horizon_s}


def test_foresight_is_found_and_its_absence_too() -> None:
    seeing, blind = book_table(*a_market(foresight=1.0)), book_table(*a_market(foresight=0.0))

    assert by_name(seeing)["imbalance"] > 0.2
    for each in blind.coefficients:
        assert abs(each.rank) < 4 * each.rank_se
        assert 0.0 < each.moved <= 1.0


def test_units_of_prices_and_sizes_change_nothing() -> None:
    plain, other = book_table(*a_market(foresight=0.5)), book_table(*a_market(foresight=0.5, unit=7))

    np.testing.assert_allclose(
        [each[3:] for each in other.coefficients], [each[3:] for each in plain.coefficients], rtol=1e-9
    )
    assert other.flow_r2 == pytest.approx(plain.flow_r2, rel=1e-9)
    assert other.flow_impact_bps == pytest.approx(plain.flow_impact_bps, rel=1e-9)


def test_the_mirror_image_has_the_same_foresight() -> None:
    at_ns, bid, bid_size, ask, ask_size = a_market(foresight=0.5)
    turned = book_table(at_ns, 1e6 - ask, ask_size, 1e6 - bid, bid_size)

    for horizon_s in (1.0, 10.0):
        here, there = by_name(book_table(at_ns, bid, bid_size, ask, ask_size), horizon_s), by_name(turned, horizon_s)
        assert {name: pytest.approx(ic, abs=0.02) for name, ic in here.items()} == there


def test_absent_sides_are_left_out() -> None:
    market = [column.copy() for column in a_market(foresight=0.5)]
    market[1][100:110] = 0.0

    assert book_table(*market).quotes == 1_190


def test_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="span too little"):
        book_table(*a_market(foresight=0.5, seconds=5))


def test_ranks_and_correlations_are_those_of_the_textbook() -> None:
    chance = np.random.default_rng(2)
    x, y = chance.integers(0, 9, 300).astype(float), chance.normal(size=300)

    assert correlation(ranks(x), ranks(y)) == pytest.approx(spearmanr(x, y).statistic, rel=1e-12)
    assert np.isnan(correlation(np.ones(5), np.arange(5.0)))
