"""Means with a memory: bars at once are bars one by one, and what is absent changes nothing."""

from __future__ import annotations

import numpy as np

from quant.features.averages import Averages
from quant.features.bars import RAW, elementwise
from quant.rolling import Floats
from tests.kit.histories import a_history

TIMES = 300


def bars(*, gaps: bool = False) -> dict[str, Floats]:
    history = a_history(width=2, times=TIMES, gaps=gaps)
    rows = {name: history[name] for name in RAW}
    levels = {"c": np.log(rows["close"]), "hi": np.log(rows["high"]), "lo": np.log(rows["low"])}
    levels["tp"] = (levels["c"] + levels["hi"] + levels["lo"]) / 3.0
    wall = np.full((2, 1), np.nan)
    return elementwise(rows, {name: np.concatenate([wall, row[:, :-1]], axis=1) for name, row in levels.items()})


def test_bars_at_once_are_bars_one_by_one_bit_for_bit() -> None:
    columns, new_day = bars(gaps=True), np.arange(TIMES) % 70 == 0
    whole = Averages(2).run(columns, new_day)
    single = Averages(2)
    for t in range(TIMES):
        said = single.run({name: row[:, t : t + 1] for name, row in columns.items()}, new_day[t : t + 1])
        for name, row in said.items():
            assert row[:, 0].tobytes() == whole[name][:, t].tobytes(), (name, t)


def test_nothing_is_shown_before_it_has_settled_or_while_the_instrument_is_absent() -> None:
    said = Averages(2).run(bars(gaps=True), np.zeros(TIMES, dtype=bool))
    assert np.isnan(said["atr"][0, :255]).all()
    assert np.isfinite(said["atr"][0, 255:]).all()
    assert np.isnan(said["dv_mean"][1, 200:206]).all()
    assert np.isfinite(said["dv_mean"][1, 206:]).all()


def test_the_level_of_the_day_begins_anew_with_the_day() -> None:
    columns, new_day = bars(), np.arange(TIMES) == 290
    said = Averages(2).run(columns, new_day)
    paid, volume = columns["tp_price"] * columns["v"], columns["v"]
    level = paid[:, 290:].sum(axis=1) / volume[:, 290:].sum(axis=1)
    np.testing.assert_allclose(said["day_gap"][:, -1], columns["c"][:, -1] - np.log(level))
