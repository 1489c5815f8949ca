"""Sums of windows kept as they slide: they say what the definitions say, whatever was there before."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.engine import REGISTRY
from quant.features.registry import Reduction
from quant.features.summed import SUMMED, KeptSums
from quant.rolling import Floats, Ring

WIDTH = 4
ALL: list[Reduction] = [(each.reduce, each.inputs, each.window) for each in REGISTRY if each.reduce is not None]
REDUCTIONS = [each for each in dict.fromkeys(ALL) if each[0] in SUMMED]
COLUMNS = sorted({name for _, inputs, _ in REDUCTIONS for name in (*inputs, "c", "r")})
LONGEST = max(rows for _, _, rows in REDUCTIONS)
RAGGED = {"r_5": 5, "r_20": 20}


def columns(times: int, seed: int = 1) -> dict[str, Floats]:
    """Walks and their returns, and noise for all else, (times, WIDTH): one instrument with holes, one that stands still
    for half of the time after a leap.
    """
    rng = np.random.default_rng(seed)
    steps = 0.001 * rng.normal(size=(times, WIDTH))
    steps[: times // 2, 2], steps[times // 2, 2] = 0.0, 0.3
    c = 9.0 + np.cumsum(steps, axis=0)
    c[rng.random(times) < 0.02, 1] = np.nan
    rows = {name: rng.gamma(2.0, 1.0, (times, WIDTH)) for name in COLUMNS} | {"c": c}
    for name, back in {"r": 1, **RAGGED}.items():
        rows[name] = c - np.concatenate([np.full((back, WIDTH), np.nan), c[:-back]])
    for name in ("dv", "size", "pv"):
        rows[name][np.isnan(c)] = np.nan
    return rows


def kept() -> tuple[dict[str, Ring], KeptSums]:
    rings = {name: Ring(WIDTH, LONGEST) for name in COLUMNS}
    return rings, KeptSums(rings, REDUCTIONS)


def push(rings: dict[str, Ring], sums: KeptSums, rows: dict[str, Floats], at: int) -> None:
    row = {name: rows[name][at] for name in COLUMNS}
    for name, ring in rings.items():
        ring.push(row[name])
    sums.push(row)


def windows(rings: dict[str, Ring], reduction: Reduction) -> list[Floats]:
    return [rings[name].view(reduction[2]) for name in reduction[1]]


def test_they_say_what_the_definitions_say_of_the_windows() -> None:
    rows, (rings, sums) = columns(700), kept()
    assert not sums.others
    with np.errstate(invalid="ignore", divide="ignore"):
        for at in range(700):
            push(rings, sums, rows, at)
            for reduction in REDUCTIONS if at % 7 == 0 or at > 670 else ():
                views = windows(rings, reduction)
                for one, other in zip(sums.told(reduction, views), reduction[0](*views), strict=True):
                    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13, err_msg=f"{reduction} at {at}")


@pytest.mark.parametrize("pushed", [1, 59, 60, 250, 513])
def test_what_is_rebuilt_from_the_rings_goes_on_bit_for_bit(pushed: int) -> None:
    rows, (rings, first) = columns(pushed + 25), kept()
    second = KeptSums(rings, REDUCTIONS)
    with np.errstate(invalid="ignore", divide="ignore"):
        for at in range(pushed):
            push(rings, first, rows, at)
        second.rebuild(pushed)
        for at in range(pushed, pushed + 25):
            push(rings, first, rows, at)
            second.push({name: rows[name][at] for name in COLUMNS})
            for reduction in REDUCTIONS:
                views = windows(rings, reduction)
                np.testing.assert_array_equal(first.told(reduction, views), second.told(reduction, views))


def test_what_has_left_the_windows_leaves_no_trace() -> None:
    rows, calm, wild = columns(LONGEST + 600), kept(), kept()
    with np.errstate(invalid="ignore", divide="ignore"):
        for at in range(LONGEST + 600):
            push(*calm, rows, at)
            push(*wild, {name: column * (1e9 if at < 590 else 1.0) for name, column in rows.items()}, at)
        for reduction in REDUCTIONS:
            views = windows(calm[0], reduction)
            np.testing.assert_array_equal(calm[1].told(reduction, views), wild[1].told(reduction, views))


def test_what_cannot_be_told_from_sums_is_looked_at() -> None:
    rings = {"r": Ring(WIDTH, 8)}
    reduction: Reduction = (next(iter(SUMMED)), ("r",), 8)
    sums = KeptSums(rings, [reduction])
    rings["r"].push(np.arange(4.0))
    assert sums.others == [reduction]
    np.testing.assert_array_equal(sums.told(reduction, [rings["r"].view(1)])[0], np.arange(4.0))
