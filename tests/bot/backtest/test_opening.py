"""The part of a data set that a backtest is asked for."""

import pytest

from bot.backtest.opening import opened_dataset, span_of
from contracts.history import DatasetUnusable
from tests.kit.command_line import bot
from tests.kit.history_data import a_walk
from tests.kit.worlds import a_profile

DATA = a_walk(times=10)
FIRST_NS, LAST_NS = DATA.span(300.0)


def test_without_bounds_a_data_set_is_told_whole():
    assert span_of(DATA, a_profile("backtest"), None, None) == (FIRST_NS, LAST_NS + 1)


def test_bounds_narrow_it_and_never_widen_it():
    profile = a_profile("backtest")
    assert span_of(DATA, profile, FIRST_NS + 1, LAST_NS) == (FIRST_NS + 1, LAST_NS)
    assert span_of(DATA, profile, 0, 2**62) == (FIRST_NS, LAST_NS + 1)


def test_a_range_beside_the_data_is_refused():
    with pytest.raises(DatasetUnusable, match="nothing in the range"):
        span_of(DATA, a_profile("backtest"), LAST_NS + 1, None)


def test_a_directory_that_is_no_data_set_is_refused(tmp_path):
    with pytest.raises(DatasetUnusable):
        opened_dataset(tmp_path)


def test_a_data_set_whose_bytes_were_changed_is_not_told(tmp_path):
    assert bot("data", "make", "--into", tmp_path / "made", "--instruments", "1", "--bars", "50").code == 0
    assert opened_dataset(tmp_path / "made").name == "made"
    part = next((tmp_path / "made").rglob("*.parquet"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(DatasetUnusable, match="is damaged"):
        opened_dataset(tmp_path / "made")


def test_rows_that_a_data_set_has_not_are_not_promised(tmp_path):
    assert bot("data", "make", "--into", tmp_path / "made", "--instruments", "1", "--bars", "50").code == 0
    with pytest.raises(DatasetUnusable, match="has no trades; it has bars_60s"):
        opened_dataset(tmp_path / "made", frozenset({"trades"}))
