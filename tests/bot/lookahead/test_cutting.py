"""A history that ends, and one that lies from a stamp on: the past is the same in both."""

import numpy as np
import pytest

from bot.lookahead.cutting import LIES, CutDataset, PoisonedDataset
from contracts.context import ContextValue
from contracts.history import Dated
from tests.kit.history_data import a_walk

DATA = a_walk(width=2, times=50)
STAMPS = DATA.block.close_ns.tolist()
DATA.dated = [Dated(at, ContextValue(name="x", value=1.0, event_ns=at, released_ns=at, vintage="1")) for at in STAMPS]
KINDS = frozenset({"context"})


def closes(data):
    return np.concatenate([block.close for block in data.bars(300.0, 0, 2**62)])


def test_a_cut_history_has_nothing_from_the_cut_on() -> None:
    cut = CutDataset(DATA, STAMPS[20])

    assert len(closes(cut)) == 20
    assert len(list(cut.rows(KINDS, 0, 2**62))) == 20
    assert cut.span(300.0) == (STAMPS[0], STAMPS[20] - 1)
    assert (cut.name, cut.symbols, cut.universe()) == (DATA.name, DATA.symbols, DATA.universe())


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_leaves_the_past_alone_and_nothing_of_the_future(lie) -> None:
    false = PoisonedDataset(DATA, STAMPS[20], STAMPS[30], lie, seed=1)
    told = closes(false)

    assert len(told) == 30
    assert (told[:20] == DATA.block.close[:20]).all()
    assert not (told[20:] == DATA.block.close[20:30]).any()
    assert (closes(false)[20:] == told[20:]).all() or lie == "absent"
    rows = list(false.rows(KINDS, 0, 2**62))
    assert [row.payload.value for row in rows[:20]] == [1.0] * 20
    assert [row.payload.value for row in rows[20:]] == {"absent": [], "huge": [1e6] * 10, "random": [3.0] * 10}[lie]
