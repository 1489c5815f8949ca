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
    return View(0, symbols, 60.0, 3600.0, values, *rows)


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
