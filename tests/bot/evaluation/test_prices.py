import numpy as np
import pytest

from bot.evaluation.prices import BadPrices, Prices, joined, resampled, without_holes

HOUR_NS = 3_600_000_000_000


def some(rows: int = 12, width: int = 2, bar_s: float = 3600.0, seed: int = 1) -> Prices:
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal((rows, width)), axis=0))
    at_ns = round(bar_s * 1e9) * np.arange(1, rows + 1)
    symbols = tuple(f"S{column}" for column in range(width))
    return Prices(symbols, at_ns, bar_s, close * 0.99, close * 1.02, close * 0.98, close, np.ones((rows, width)))


def test_a_label_is_the_return_to_the_row_that_many_bars_later() -> None:
    prices = some()

    labels = prices.log_returns(4)

    assert labels[3, 1] == pytest.approx(np.log(prices.close[7, 1] / prices.close[3, 1]), abs=1e-15)
    assert np.isnan(labels[-4:]).all()
    assert np.isfinite(labels[:-4]).all()


def test_a_horizon_beyond_the_history_has_no_labels() -> None:
    assert np.isnan(some(rows=4).log_returns(4)).all()


def test_long_bars_are_made_of_the_short_ones_inside() -> None:
    prices = some(rows=24, bar_s=300.0)

    hourly = resampled(prices, 3600.0)

    assert hourly.at_ns.tolist() == [HOUR_NS, 2 * HOUR_NS]
    assert np.array_equal(hourly.open, prices.open[[0, 12]])
    assert np.array_equal(hourly.close, prices.close[[11, 23]])
    assert np.array_equal(hourly.high[0], prices.high[:12].max(axis=0))
    assert np.array_equal(hourly.low[1], prices.low[12:].min(axis=0))
    assert hourly.volume.tolist() == [[12.0, 12.0]] * 2


def test_a_long_bar_that_is_not_over_is_left_out() -> None:
    assert len(resampled(some(rows=23, bar_s=300.0), 3600.0)) == 1


def test_what_was_not_quoted_inside_a_long_bar_is_absent_and_the_rest_is_not() -> None:
    prices = some(rows=24, bar_s=300.0)
    prices.close[11, 0] = prices.open[12, 0] = np.nan
    prices.close[12:, 1] = prices.volume[12:, 1] = np.nan

    hourly = resampled(prices, 3600.0)

    assert hourly.close[0, 0] == prices.close[10, 0]
    assert hourly.open[1, 0] == prices.open[13, 0]
    assert np.isnan(hourly.close[1, 1])
    assert np.isnan(hourly.volume[1, 1])


def test_bars_that_do_not_fit_into_the_wanted_ones_are_refused() -> None:
    with pytest.raises(BadPrices, match="300 s cannot be made into bars of 450 s"):
        resampled(some(bar_s=300.0), 450.0)


def test_histories_stand_side_by_side_over_all_their_times() -> None:
    one, other = some(rows=4, width=1), some(rows=5, width=1, seed=2)
    other = Prices(("X",), other.at_ns + HOUR_NS, 3600.0, *[other.close] * 4, other.volume)

    both = joined([one, other])

    assert both.symbols == ("S0", "X")
    assert len(both) == 6
    assert np.isnan(both.close[0, 1])
    assert np.isnan(both.close[-1, 0])
    assert both.close[1, 1] == other.close[0, 0]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "no history"),
        ([some(), some()], "S0 is in more than one"),
        ([some(), Prices.of_closes(("X",), np.array([1]), 60.0, np.ones((1, 1)))], "say one with --bar"),
    ],
)
def test_histories_that_do_not_fit_together_are_refused(parts: list[Prices], said: str) -> None:
    with pytest.raises(BadPrices, match=said):
        joined(parts)


@pytest.mark.parametrize(
    ("close", "at_ns", "said"),
    [
        ([[1.0], [0.0]], [1, 2], "the close of A in row 1 was 0.0, expected above 0"),
        ([[1.0], [np.inf]], [1, 2], "was inf"),
        ([[1.0], [2.0]], [2, 2], "row 1 is at or before row 0"),
        ([[1.0]], [1, 2], r"shape \(1, 1\), expected \(2, 1\)"),
        (np.empty((0, 1)), [], "0 rows"),
    ],
)
def test_prices_that_cannot_be_are_named(close: list, at_ns: list, said: str) -> None:
    with pytest.raises(BadPrices, match=said):
        Prices.of_closes(("A",), np.array(at_ns, dtype=np.int64), 60.0, np.array(close))


def test_the_hash_tells_any_change_apart() -> None:
    prices = some()
    hashes = {prices.digest(), prices.rows(slice(1, None)).digest(), prices.columns([1, 0]).digest()}
    hashes.add(prices.scaled(np.array([1.0, 2.0])).digest())

    assert len(hashes) == 4
    assert some().digest() == prices.digest()


def test_a_hole_in_a_market_that_never_closes_becomes_absent_rows() -> None:
    prices = some(rows=100)
    holed = Prices(
        prices.symbols,
        np.delete(prices.at_ns, [50, 51]),
        prices.bar_s,
        *(np.delete(table, [50, 51], axis=0) for table in (prices.open, prices.high, prices.low, prices.close)),
        np.delete(prices.volume, [50, 51], axis=0),
    )

    filled = without_holes(holed)

    assert filled.at_ns.tolist() == prices.at_ns.tolist()
    assert np.isnan(filled.close[50:52]).all()
    assert np.array_equal(filled.close[52:], prices.close[52:])


def test_a_market_with_sessions_keeps_its_rows() -> None:
    prices = some(rows=100)
    at_ns = prices.at_ns + 16 * HOUR_NS * (np.arange(100) // 8)
    sessions = Prices.of_closes(prices.symbols, at_ns, 3600.0, prices.close)

    assert without_holes(sessions) is sessions
