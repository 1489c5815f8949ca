"""Rows that are laid aside come back in order of time, none lost, whatever was held and however they came."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from adapters.catalog.spool import Spool, Spooled
from tests.kit.catalogs import JANUARY_NS, MINUTE_NS

LENGTH = 400
STEP_NS = 500 * MINUTE_NS


@pytest.mark.parametrize(("held", "at_once"), [(10_000, 10_000), (30, 50), (1, 1)])
def test_what_was_laid_aside_comes_back_in_order(tmp_path: Path, held: int, at_once: int) -> None:
    at_ns = JANUARY_NS + STEP_NS * np.random.default_rng(3).integers(0, LENGTH, LENGTH)
    rows, close = np.arange(1, LENGTH + 1), np.random.default_rng(4).normal(size=LENGTH)
    spool = Spool(tmp_path / "rows", held, at_once)
    for first in range(0, LENGTH, 70):
        part = slice(first, first + 70)
        spool.add(5, Spooled(at_ns[part], rows[part], {"close": close[part]}))
        spool.add(0, Spooled(at_ns[part], rows[part], {"close": -close[part]}))

    order = np.argsort(at_ns, kind="stable")
    blocks = [*spool.blocks(5)]
    assert np.concatenate([each.rows for each in blocks]).tolist() == rows[order].tolist()
    assert np.concatenate([each.columns["close"] for each in blocks]).tolist() == close[order].tolist()
    assert all(one.at_ns[-1] < other.at_ns[0] for one, other in pairwise(blocks))
    assert np.concatenate([numbers for _, numbers in spool.arrived(0)]).tolist() == rows.tolist()
    assert [*spool.blocks(9)] == []

    spool.close()
    assert not (tmp_path / "rows").exists()
