"""Every registered feature: stream equals batch, nothing looks ahead, nothing depends on names or price scale."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features import bars, book
from quant.features.engine import COLUMNS, REGISTRY, FeaturePipeline, bar_columns, batch
from quant.rolling import Floats

INSTRUMENTS, TIMES = 5, 420
NAMES = REGISTRY.names


def a_history(seed: int = 1, *, gaps: bool = False) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    shape = (INSTRUMENTS, TIMES)
    steps = 0.001 * rng.standard_t(4, shape) * np.exp(0.3 * np.sin(np.arange(TIMES) / 40.0))
    close = 100.0 * np.exp(np.cumsum(steps, axis=1)) * np.array([[1.0], [0.01], [650.0], [3.0], [1.0]])
    high = close * np.exp(np.abs(rng.normal(0.0, 0.0005, shape)))
    low = close * np.exp(-np.abs(rng.normal(0.0, 0.0005, shape)))
    rows = {"open": close.copy(), "high": high, "low": low, "close": close, "volume": rng.gamma(2.0, 5.0, shape)}
    if gaps:
        for first, last in ((60, 61), (130, 132), (200, 206)):
            for row in rows.values():
                row[1, first:last] = np.nan
    return rows


def a_book_history(seed: int = 2) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    shape = (INSTRUMENTS, TIMES)
    return {
        "spread_bps": rng.gamma(3.0, 0.7, shape),
        "imb_l1": rng.uniform(-1.0, 1.0, shape),
        "imb_l5": rng.uniform(-1.0, 1.0, shape),
        "micro_bps": rng.normal(0.0, 0.4, shape),
        "ofi": rng.normal(0.0, 1.0, shape),
        "depth": rng.gamma(2.0, 3.0, shape),
        "updates": rng.poisson(30.0, shape).astype(np.float64),
    }


def streamed(history: dict[str, Floats], book_history: dict[str, Floats]) -> Floats:
    """Shape (features, instruments, times)."""
    pipeline = FeaturePipeline(INSTRUMENTS)
    said = []
    for t in range(history["close"].shape[1]):
        pipeline.push_bar(*(column[:, t] for column in history.values()))
        pipeline.push_book(*(column[:, t] for column in book_history.values()))
        said.append(pipeline.values())
    return np.stack(said, axis=-1)


def batched(history: dict[str, Floats], book_history: dict[str, Floats]) -> dict[str, Floats]:
    prices = bar_columns(*(history[name] for name in ("high", "low", "close", "volume")))
    return batch(prices | book_history)


@pytest.fixture(scope="module")
def stream() -> Floats:
    return streamed(a_history(gaps=True), a_book_history())


@pytest.fixture(scope="module")
def whole() -> dict[str, Floats]:
    return batched(a_history(gaps=True), a_book_history())


@pytest.mark.parametrize("name", NAMES)
def test_the_stream_equals_the_batch(name: str, stream: Floats, whole: dict[str, Floats]) -> None:
    np.testing.assert_allclose(stream[REGISTRY.index[name]], whole[name], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_a_value_appears_exactly_after_the_declared_warm_up(name: str) -> None:
    values = batched(a_history(), a_book_history())[name]
    first = np.argmax(np.isfinite(values), axis=1)
    np.testing.assert_array_equal(first + 1, np.full(INSTRUMENTS, REGISTRY[name].warmup))
    assert np.isfinite(values[:, first[0] :]).all()


def test_a_prefix_of_the_history_gives_the_same_last_values(whole: dict[str, Floats]) -> None:
    history, books = a_history(gaps=True), a_book_history()
    cuts = [1, 2, 20, 21, 22, 60, 61, 120, 121, 240, 241, TIMES - 1, TIMES]
    for cut in cuts + np.random.default_rng(3).integers(30, TIMES, 24).tolist():
        prefix = batched({k: v[:, :cut] for k, v in history.items()}, {k: v[:, :cut] for k, v in books.items()})
        for name in NAMES:
            np.testing.assert_allclose(
                prefix[name][:, -1], whole[name][:, cut - 1], rtol=1e-9, atol=1e-14, err_msg=f"{name} at {cut}"
            )


@pytest.mark.parametrize("poison", [np.nan, 1e6, "random"])
def test_poison_in_the_future_changes_nothing_in_the_past(whole: dict[str, Floats], poison: float | str) -> None:
    rng = np.random.default_rng(4)
    for cut in rng.integers(30, TIMES - 1, 8).tolist():
        history, books = a_history(gaps=True), a_book_history()
        for column in (*history.values(), *books.values()):
            future = column[:, cut:]
            future[:] = rng.gamma(2.0, 100.0, future.shape) if isinstance(poison, str) else poison
        spoiled = batched(history, books)
        for name in NAMES:
            np.testing.assert_allclose(
                spoiled[name][:, :cut], whole[name][:, :cut], rtol=1e-9, atol=1e-14, err_msg=f"{name} at {cut}"
            )


@pytest.mark.parametrize("name", [f.name for f in REGISTRY if f.source == "bar"])
def test_prices_and_volumes_may_be_rescaled_and_instruments_permuted(name: str, whole: dict[str, Floats]) -> None:
    order = np.array([3, 0, 4, 2, 1])
    history = {k: 37.5 * v[order] for k, v in a_history(gaps=True).items()}
    values = batched(history, {k: v[order] for k, v in a_book_history().items()})[name]
    np.testing.assert_allclose(values, whole[name][order], rtol=1e-9, atol=1e-12)


def test_a_restored_pipeline_goes_on_bit_for_bit() -> None:
    history, books = a_history(gaps=True), a_book_history()
    one = FeaturePipeline(INSTRUMENTS)
    one.push_history(*(column[:, :201].T for column in history.values()))
    one.push_book(*(column[:, 0] for column in books.values()))
    twin = FeaturePipeline(INSTRUMENTS)
    twin.load(one.state())
    assert twin.values().tobytes() == one.values().tobytes()
    for t in range(201, 260):
        for pipeline in (one, twin):
            pipeline.push_bar(*(column[:, t] for column in history.values()))
            pipeline.push_book(*(column[:, t] for column in books.values()))
        assert twin.values().tobytes() == one.values().tobytes()
    np.testing.assert_array_equal(twin.carried, one.carried)


def test_a_missing_bar_carries_the_price_twice_and_then_the_instrument_is_absent() -> None:
    pipeline = FeaturePipeline(1)
    price, nothing = np.array([100.0]), np.array([np.nan])
    for _ in range(3):
        pipeline.push_bar(price, price, price, price, price)
    for carried in (1, 2, 2, 2):
        pipeline.push_bar(nothing, nothing, nothing, nothing, nothing)
        assert pipeline.carried.tolist() == [carried]
    closes, _ = pipeline.state().rings["c"]
    np.testing.assert_array_equal(np.isnan(closes[0, -4:]), [False, False, True, True])
    pipeline.push_bar(price, price, price, price, price)
    pipeline.push_bar(nothing, nothing, nothing, nothing, nothing)
    assert pipeline.carried.tolist() == [3]


def test_what_is_cold_is_named_for_each_instrument() -> None:
    history, books = a_history(), a_book_history()
    for column in history.values():
        column[2, :200] = np.nan
    pipeline = FeaturePipeline(INSTRUMENTS)
    pipeline.push_history(*(column[:, :250].T for column in history.values()))
    for t in range(30):
        pipeline.push_book(*(column[:, t] for column in books.values()))
    cold = pipeline.cold()
    assert cold[0] == ()
    late = "ret_60 ret_240 z_120 rv_60 park_60 eff_ratio_60 volz_60 ou_gap_240 ou_kappa_240 ou_noise_240"
    assert cold[2] == tuple(late.split())


def test_a_market_that_does_not_move_has_no_scale_and_no_belief() -> None:
    pipeline = FeaturePipeline(1)
    price = np.array([100.0])
    for _ in range(300):
        pipeline.push_bar(price, price, price, price, price)
    values = dict(zip(NAMES, pipeline.values()[:, 0], strict=True))
    assert np.isnan([values["ewma_vol"], values["ret_60"], values["z_20"], values["ou_kappa_240"]]).all()


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf])
def test_a_price_that_is_not_positive_and_finite_is_refused_before_anything_changes(wrong: float) -> None:
    pipeline = FeaturePipeline(2)
    good, bad = np.array([1.0, 2.0]), np.array([1.0, wrong])
    before = pipeline.state()
    with pytest.raises(ValueError, match=f"close of instrument 1 is {wrong}, expected a positive finite price"):
        pipeline.push_bar(good, good, good, bad, good)
    assert pipeline.state().rings["c"][1] == before.rings["c"][1] == 0


def test_a_row_of_another_width_is_refused_before_anything_changes() -> None:
    pipeline = FeaturePipeline(2)
    good, bad = np.ones(2), np.ones(3)
    with pytest.raises(ValueError, match=r"volume has shape \(3,\), expected \(2,\)"):
        pipeline.push_bar(good, good, good, good, bad)
    with pytest.raises(ValueError, match=r"updates has shape \(3,\), expected \(2,\)"):
        pipeline.push_book(good, good, good, good, good, good, bad)
    assert {rows for _, rows in pipeline.state().rings.values()} == {0}


def test_a_state_of_other_features_is_refused() -> None:
    pipeline = FeaturePipeline(1)
    with pytest.raises(ValueError, match="state of feature schema other, expected"):
        pipeline.load(pipeline.state()._replace(schema_hash="other"))


def test_every_input_column_exists() -> None:
    for feature in REGISTRY:
        assert set(feature.inputs) <= set(COLUMNS[feature.source])


def test_the_columns_are_what_the_pipeline_is_fed_in_order() -> None:
    assert COLUMNS == {"bar": bars.COLUMNS, "book": book.COLUMNS}
