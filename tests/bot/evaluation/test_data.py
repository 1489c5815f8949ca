from pathlib import Path

import numpy as np
import pytest

from bot.evaluation import data
from bot.evaluation.prices import BadPrices


def a_csv(path: Path, step_s: int = 300, rows: int = 24, symbol: str = "") -> Path:
    lines = ["timestamp,open,high,low,close,volume"]
    lines += [f"{1_609_459_200 + step_s * row},100,101,99,{100 + row % 3},5" for row in range(rows)]
    file = path / f"{symbol or 'BTC'}.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_files_are_read_side_by_side_into_the_bars_wanted(tmp_path: Path) -> None:
    prices = data.read([a_csv(tmp_path), a_csv(tmp_path, symbol="ETH")], 3600.0)

    assert prices.symbols == ("BTC", "ETH")
    assert prices.bar_s == 3600.0
    assert prices.at_ns.tolist() == [(1_609_459_200 + 3600 * hour) * 10**9 for hour in (1, 2)]
    assert np.array_equal(prices.volume, np.full((2, 2), 60.0))


def test_bars_of_the_file_are_taken_when_none_are_wanted(tmp_path: Path) -> None:
    assert data.read([a_csv(tmp_path)]).bar_s == 300.0


def test_one_row_needs_its_bar_length_said(tmp_path: Path) -> None:
    with pytest.raises(BadPrices, match="expected two rows, or --bar"):
        data.read([a_csv(tmp_path, rows=1)])


def test_what_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(data, "SHARED", tmp_path)
    with pytest.raises(data.DataAbsent, match="is not in"):
        data.recorded(data.HOURLY)

    monkeypatch.setattr(data.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(data.DataAbsent, match="--data FILE"):
        data.sp500_closes()


def test_the_closes_of_the_wheel_are_found_without_importing_it() -> None:
    assert data.sp500_closes().name == "sp500_dataset.csv.gz"
