import numpy as np
import pytest

from quant.booster_inputs import BoosterInputs, PoolView

AGENTS = ("one", "two")
FEATURES = {name: f"hash of {name}" for name in ("ret_5", "rv_15", "ret_1", "ewma_vol")}


def inputs_of(
    agents: tuple[str, ...] = AGENTS, *, changed: str = "", bar_s: float = 60.0, horizon_s: float = 3600.0
) -> BoosterInputs:
    features = FEATURES | ({changed: "another formula"} if changed else {})
    return BoosterInputs(agents, features, bar_s=bar_s, horizon_s=horizon_s)


def told(inputs: BoosterInputs, order: np.ndarray | None = None, size: float = 1.0) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(1)
    order = np.arange(3) if order is None else order
    features, deviation = chance.random((4, 3)), 0.5 + chance.random((2, 3))
    features[[1, 3]] *= size
    mu, confidence, weights = chance.standard_normal((2, 3)), chance.random((2, 3)), np.full((2, 3), 0.5)
    one = np.ones(3)
    view = PoolView(mu.mean(axis=0)[order], one, 0.1 * one, weights[:, order], 0.2 * one, 0.3 * one)
    rows = np.concatenate(
        [
            inputs.width(features[:, order], deviation[:, order], one, size * 0.01 * one),
            inputs.direction(
                mu[:, order], confidence[:, order], np.array([0.1, -0.1]), view, np.array([0.2, 0.3, 0.5])
            ),
        ]
    )
    return dict(zip(inputs.names, rows, strict=True))


def test_inputs_are_found_under_their_names():
    rows = told(inputs_of())
    features = np.random.default_rng(1).random((4, 3))
    np.testing.assert_allclose(rows["rv_15"], np.log(features[1] / 0.01))
    np.testing.assert_allclose(rows["ret_1"], features[2])
    np.testing.assert_allclose(rows["market_ret_5"], features[0].mean())
    np.testing.assert_allclose(rows["two.skill"], -0.1)
    np.testing.assert_allclose(rows["regime_2"], 0.5)
    np.testing.assert_allclose(rows["weight_entropy"], np.log(2.0))
    np.testing.assert_allclose(rows["pool_deviation"], 0.0)


def test_what_speaks_of_width_comes_first():
    inputs = inputs_of()
    assert inputs.names[: inputs.n_width] == inputs.width_names
    assert not any(name.endswith((".mu", ".skill", ".confidence")) for name in inputs.width_names)


def test_a_feature_that_is_not_there_or_no_number_is_absent():
    inputs = inputs_of()
    assert np.isnan(told(inputs)["rv_1440"]).all()
    features = np.array([[np.inf], [-1.0], [0.5], [0.0]])
    width = inputs.width(features, np.array([[np.nan], [0.0]]), np.ones(1), np.ones(1))
    rows = dict(zip(inputs.width_names, width[:, 0]))
    assert np.isnan([rows[name] for name in ("ret_5", "rv_15", "ewma_vol", "one.deviation", "two.deviation")]).all()
    assert not np.isinf(width).any()


def test_an_instrument_without_a_feature_is_no_part_of_the_market():
    inputs = inputs_of()
    features = np.array([[0.1, 0.3, np.nan], [1.0, 1.0, 1.0], [0.5, np.inf, 0.7], [1.0, 1.0, 1.0]])
    width = inputs.width(features, np.ones((2, 3)), np.ones(3), np.ones(3))
    rows = dict(zip(inputs.width_names, width, strict=True))
    np.testing.assert_allclose(rows["market_ret_5"], 0.2)
    np.testing.assert_allclose(rows["market_size_1"], 0.6)


def test_the_order_of_instruments_and_the_size_of_volatility_do_not_matter():
    inputs, order = inputs_of(), np.array([2, 0, 1])
    plain, shuffled, large = told(inputs), told(inputs, order), told(inputs, size=1000.0)
    for name, row in plain.items():
        np.testing.assert_allclose(shuffled[name], row[order], rtol=1e-12, err_msg=name)
        np.testing.assert_allclose(large[name], row, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("agents", [("two", "one"), ("one",), ("one", "two", "three")])
def test_other_agents_or_another_order_are_another_schema(agents: tuple[str, ...]):
    assert inputs_of(agents).schema != inputs_of().schema


@pytest.mark.parametrize("name", ["s_ref", "rv_15", "ret_1"])
def test_another_formula_of_a_feature_that_is_used_is_another_schema(name: str):
    assert inputs_of(changed=name).schema != inputs_of().schema


def test_the_formula_of_a_feature_that_is_not_used_does_not_matter():
    assert inputs_of(changed="ret_30d_same").schema == inputs_of().schema


def test_other_bars_or_another_horizon_are_another_schema():
    assert len({inputs_of().schema, inputs_of(bar_s=300.0).schema, inputs_of(horizon_s=1800.0).schema}) == 3


def test_where_no_agent_speaks_the_shape_of_the_pool_is_absent():
    inputs = inputs_of()
    nan = np.full((2, 1), np.nan)
    view = PoolView(nan[0], nan[0], nan[0], np.zeros((2, 1)), nan[0], nan[0])
    rows = inputs.direction(nan, nan, np.zeros(2), view, np.full(3, 1 / 3))
    named = dict(zip(inputs.names[inputs.n_width :], rows[:, 0], strict=True))
    assert np.isnan(named["share_up"])
    assert np.isnan(named["weight_entropy"])
