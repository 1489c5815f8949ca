import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agents.view import Evidence, View
from quant.features.engine import REGISTRY


def a_view(*, width: int) -> View:
    values = np.arange(len(REGISTRY) * width, dtype=np.float64).reshape(len(REGISTRY), width)
    rows = np.arange(3.0 * width).reshape(3, width)
    symbols = tuple(f"C{column}" for column in range(width))
    return View(0, symbols, 60.0, 3600.0, values, *rows, known_to=np.full(width, 1e-4))


def test_a_feature_is_found_by_its_name():
    view = a_view(width=3)
    assert view["ret_60"].tolist() == view.values[REGISTRY.index["ret_60"]].tolist()


def test_an_unknown_feature_is_named_with_those_there_are():
    with pytest.raises(KeyError, match=r"rsi_7.*there are .*ret_60"):
        a_view(width=1)["rsi_7"]


@given(st.integers(1, 6), st.data())
def test_the_view_of_one_instrument_is_its_column_of_the_view_of_all(width, data):
    view = a_view(width=width)
    column = data.draw(st.integers(0, width - 1))
    alone = view.only(column)
    assert alone.symbols == (view.symbols[column],)
    for name in ("mid", "age_s", "deviation"):
        assert getattr(alone, name).tolist() == [getattr(view, name)[column]]
    for name in REGISTRY.names:
        assert alone[name].tolist() == [view[name][column]]


def test_evidence_of_plain_numbers_is_a_column_of_one():
    evidence = Evidence.of(1.5, 0.01)
    assert [column.tolist() for column in evidence] == [[1.5], [0.01], [1.0]]


def test_one_freshness_counts_for_every_instrument():
    evidence = Evidence.of(np.array([1.0, 2.0]), np.array([0.1, 0.2]), 0.5)
    assert evidence.freshness.tolist() == [0.5, 0.5]


def test_a_deviation_from_a_feature_falls_back_to_the_plain_one_and_is_never_finer_than_the_mid_is_known():
    view = a_view(width=4)
    view.values[REGISTRY.index["park_60"]] = (0.01, np.nan, 0.0, 1e-9)
    assert view.sd("park_60").tolist() == [0.01 * np.sqrt(60.0), *view.deviation[1:3], 1e-4]


def test_a_view_may_have_features_of_its_own():
    view = View(0, ("A",), 60.0, 600.0, np.ones((1, 1)), *np.ones((4, 1)), index={"mine": 0})
    assert view["mine"].tolist() == [1.0]
    assert view.horizon_bars == 10.0
