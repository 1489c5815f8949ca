"""The pipeline: what it takes, remembers, restores, and calls cold."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.bars import COLUMNS
from quant.features.book import RAW_OF
from quant.features.engine import REGISTRY, SOURCES, FeaturePipeline, raw_columns
from quant.features.grids import HOUR_COLUMNS
from tests.kit.histories import a_history, bar_times, push_row, streamed

NOTHING = np.array([np.nan])
PRICE = np.array([100.0])


def a_pipeline(width: int = 1, **changes: int) -> FeaturePipeline:
    return FeaturePipeline(width, bar_s=60.0, horizon_bars=30, **changes)


def a_bar(price: np.ndarray) -> dict[str, np.ndarray]:
    return {"open": price, "high": price, "low": price, "close": price, "volume": price}


def closed(pipeline: FeaturePipeline, *prices: np.ndarray) -> None:
    for minute, price in enumerate(prices, 1 + pipeline.bars):
        pipeline.push("bar", minute * 60 * 10**9, a_bar(price))


def test_a_restored_pipeline_goes_on_bit_for_bit() -> None:
    history = a_history(times=150, gaps=True)
    one, _ = streamed({name: column[:, :131] for name, column in history.items()}, every=131, leader=0)
    twin = a_pipeline(5, leader=0)
    twin.load(one.state())
    assert twin.values().tobytes() == one.values().tobytes()
    for t, at_ns in enumerate(bar_times(150).tolist()[131:], 131):
        for pipeline in (one, twin):
            push_row(pipeline, history, t, at_ns)
        assert twin.values().tobytes() == one.values().tobytes()
    np.testing.assert_array_equal(twin.carried, one.carried)


def test_a_state_shares_no_memory_with_the_pipeline() -> None:
    pipeline, _ = streamed(a_history(times=40), every=40)
    state = pipeline.state()
    kept = {name: column.copy() for name, column in (dict(state.columns) | dict(state.shared)).items()}
    push_row(pipeline, a_history(times=41), 40, int(bar_times(41)[-1]))
    for name, column in (dict(state.columns) | dict(state.shared)).items():
        np.testing.assert_array_equal(column, kept[name], err_msg=name)


def test_an_instrument_whose_columns_are_empty_starts_anew() -> None:
    pipeline, _ = streamed(a_history(times=80), every=80)
    state = pipeline.state()
    for column in state.columns.values():
        column[2] = np.nan
    pipeline.load(state)
    values = pipeline.values()
    row = REGISTRY.index["ewma_vol"]
    assert np.isnan(values[row, 2])
    assert np.isfinite(np.delete(values[row], 2)).all()
    pipeline.push(
        "bar", int(bar_times(81)[-1]), {n: r[:, 0] for n, r in a_history(times=1).items() if n in SOURCES["bar"]}
    )
    assert np.isnan(pipeline.values()[REGISTRY.index["ret_1"], 2])


def test_a_missing_bar_carries_the_price_twice_and_then_the_instrument_is_absent() -> None:
    pipeline = a_pipeline()
    closed(pipeline, PRICE, PRICE, PRICE)
    for carried in (1, 2, 2, 2):
        closed(pipeline, NOTHING)
        assert pipeline.carried.tolist() == [carried]
    closes = pipeline.state().columns["ring.bar.c"]
    np.testing.assert_array_equal(np.isnan(closes[0, -4:]), [False, False, True, True])
    closed(pipeline, PRICE, NOTHING)
    assert pipeline.carried.tolist() == [3]


def test_a_market_that_does_not_move_has_no_scale_no_belief_and_is_not_cold() -> None:
    pipeline = a_pipeline()
    closed(pipeline, *[PRICE] * 320)
    values = dict(zip(pipeline.names, pipeline.values()[:, 0], strict=True))
    still = ("ewma_vol", "ret_60", "z_20", "ou_kappa_240", "s_ref", "rsi_14", "kama_gap", "donch_60", "slope_t_60")
    assert np.isnan([values[name] for name in still]).all()
    assert not {name for name in pipeline.cold() if REGISTRY[name].grid == "bar"}


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf])
def test_a_price_that_is_not_positive_and_finite_is_refused_before_anything_changes(wrong: float) -> None:
    pipeline = a_pipeline(2)
    good, bad = np.array([1.0, 2.0]), np.array([1.0, wrong])
    with pytest.raises(ValueError, match=f"close of instrument 1 is {wrong}, expected a positive finite price"):
        pipeline.push("bar", 60 * 10**9, a_bar(good) | {"close": bad})
    assert set(pipeline.state().counts.values()) <= {0, -1}


def test_what_does_not_fit_is_refused_before_anything_changes() -> None:
    pipeline = a_pipeline(2)
    good, bad = np.ones(2), np.ones(3)
    with pytest.raises(ValueError, match=r"volume has shape \(3,\), expected \(2,\)"):
        pipeline.push("bar", 0, a_bar(good) | {"volume": bad})
    with pytest.raises(ValueError, match="column 'spread' of source book, expected some of spread_bps, imb_l1"):
        pipeline.push("book", 0, {"spread": good})
    with pytest.raises(ValueError, match="source 'news', expected one of bar, trade, book, perp, context"):
        pipeline.push("news", 0, {})
    assert set(pipeline.state().counts.values()) <= {0, -1}


def test_an_infinite_value_is_as_good_as_unknown() -> None:
    pipeline = a_pipeline(2)
    pipeline.push("book", 0, {"imb_l1": np.array([np.inf, 0.5])})
    assert pipeline.values()[REGISTRY.index["imb_l1"]].tolist() == [pytest.approx(np.nan, nan_ok=True), 0.5]


@pytest.mark.filterwarnings("error")
def test_whatever_comes_in_a_feature_is_finite_or_absent() -> None:
    rng = np.random.default_rng(9)
    pipeline = a_pipeline(3, leader=1)
    odd = np.array([0.0, 0.0, 1.0, -1.0, 1e-300, 1e300, np.inf, -np.inf, np.nan])
    for minute in range(1, 130):
        price = np.where(rng.random(3) < 0.1, np.nan, rng.choice([1e-9, 1.0, 1.0, 1.0, 1e9], 3))
        pipeline.push("bar", minute * 60 * 10**9, a_bar(price) | {"volume": rng.choice([0.0, 0.0, 1.0], 3)})
        for source in ("trade", "book", "perp", "context"):
            pipeline.push(source, minute * 60 * 10**9, {name: rng.choice(odd, 3) for name in SOURCES[source]})
        if minute % 40 == 0:
            values = pipeline.values()
            assert not [n for n, row in zip(pipeline.names, values, strict=True) if np.isinf(row).any()]


def test_a_state_of_other_features_is_refused() -> None:
    pipeline = a_pipeline()
    with pytest.raises(ValueError, match="state of feature schema other, expected"):
        pipeline.load(pipeline.state()._replace(schema_hash="other"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bar_s": 0.0}, "bars of 0.0 s"),
        ({"horizon_bars": 0}, "horizon of 0 bars"),
        ({"leader": 2}, "leader is column 2 of 2"),
    ],
)
def test_a_pipeline_of_nothing_is_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FeaturePipeline(2, **{"bar_s": 60.0, "horizon_bars": 30} | changes)  # type: ignore[arg-type]


def test_what_no_source_gives_is_absent_and_not_cold() -> None:
    history = {name: column for name, column in a_history(times=290).items() if name in SOURCES["bar"]}
    book = {name: np.ones((5, 290)) for name in ("spread_bps", "imb_l1", "imb_l5", "micro_bps", "ofi_10s")}
    pipeline, _ = streamed(history | book, every=290)
    assert {"funding", "dgs10", "vpin_50", "imb_l20"} <= set(pipeline.absent_sources())
    assert not {"spread_bps", "close", "depth"} & set(pipeline.absent_sources())
    assert pipeline.cold() == ("upd_rate_z", "depth_z")


def test_what_comes_only_after_a_longer_time_than_readiness_waits_is_not_cold() -> None:
    pipeline, _ = streamed(a_history(times=100), every=100)
    assert {"ret_240", "z_120", "rsi_14"} <= set(pipeline.cold(300))
    assert "rsi_14" not in pipeline.cold(255)
    assert not {"ret_1440", "rv_7d", "beta_btc_7d", "res_60", "fund_z_30d", "vix_z"} & set(pipeline.cold(300))
    assert "ret_1440" in pipeline.cold(1441)


def test_a_single_instrument_has_no_cross_section_and_waits_for_none() -> None:
    pipeline, values = streamed(a_history(width=1, times=40), every=40, leader=0)
    cross = [feature.name for feature in REGISTRY if feature.cross]
    assert len(cross) == 10
    assert np.isnan(values[[REGISTRY.index[name] for name in cross]]).all()
    assert not set(cross) & set(pipeline.cold(10_000))


def test_every_input_column_exists() -> None:
    columns = {"clock": ("at_s",), "bar": COLUMNS, "hour": HOUR_COLUMNS, "book": (*SOURCES["book"], *RAW_OF)}
    for feature in REGISTRY:
        source = feature.grid.split("_")[0]
        assert set(feature.inputs) <= set(columns.get(source) or SOURCES[source]), feature.name


def test_raw_columns_of_different_sources_have_different_names() -> None:
    assert len(set(raw_columns())) == len(raw_columns())


def test_bars_of_another_width_or_with_impossible_prices_are_refused_whole() -> None:
    pipeline = FeaturePipeline(2, bar_s=60.0, horizon_bars=30)
    with pytest.raises(ValueError, match=r"close has shape \(2, 3\), expected \(2, 4\)"):
        pipeline.push_bars(bar_times(4), {"close": np.ones((2, 3))})
    with pytest.raises(ValueError, match=r"close of instrument 1 is -1\.0"):
        pipeline.push_bars(bar_times(2), {"close": np.array([[1.0, 1.0], [1.0, -1.0]])})
    assert pipeline.bars == 0
