"""A value in its own history."""

import numpy as np
import pytest

from bot.features.explained import SymbolNeeded, SymbolNotFound, column_of, explained, lines, percentile
from quant.features.engine import REGISTRY


def test_the_percentile_counts_equals_half_and_needs_a_history() -> None:
    assert percentile(np.arange(101.0)) == pytest.approx(100.5 / 101)
    assert percentile(np.append(np.arange(99.0), 49.0)) == pytest.approx(0.5)
    assert percentile(np.arange(19.0)) is None
    assert percentile(np.append(np.arange(50.0), np.nan)) is None
    assert percentile(np.where(np.arange(60) < 20, np.nan, 1.0)) == 0.5


def test_every_feature_is_explained_or_said_to_be_missing() -> None:
    features = {name: np.full((2, 30), np.nan) for name in REGISTRY.names}
    features["ret_5"] = np.stack([np.arange(30.0), -np.arange(30.0)])
    features["ret_15"] = np.where(np.arange(30) < 29, 1.0, np.nan) * np.ones((2, 1))

    found = {each.name: each for each in explained(features, 1)}

    assert tuple(found) == REGISTRY.names
    assert (found["ret_5"].value, found["ret_5"].percentile) == (-29.0, pytest.approx(0.5 / 30))
    assert (found["ret_15"].value, found["ret_15"].why) == (None, "not known just now")
    assert found["vpin_50"].why == "no input, or not warm yet"
    said = list(lines(tuple(found.values())))
    assert len(said) == 2
    assert said[1].startswith(f"not known ({len(found) - 1})")


def test_a_symbol_is_found_in_any_case_and_the_only_one_needs_no_name() -> None:
    assert column_of("eth-eur", ("BTC-EUR", "ETH-EUR")) == 1
    assert column_of("", ("BTC-EUR",)) == 0
    with pytest.raises(SymbolNotFound, match="no instrument 'XRP'; there are BTC-EUR, ETH-EUR"):
        column_of("XRP", ("BTC-EUR", "ETH-EUR"))
    with pytest.raises(SymbolNeeded, match="and 4 more"):
        column_of("", tuple(f"S{n}" for n in range(12)))
