"""Bars in blocks are judged as one history: what spans two blocks is found once, where it begins."""

from collections.abc import Iterator

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.checking import GAP, SPIKE, STUCK, check_bars
from quant.checking_blocks import Block, check_blocks
from tests.kit.catalogs import MINUTE_NS, bars

LENGTH = 900


def places(columns: dict[str, np.ndarray], size: int) -> dict[str, list[tuple[int, int]]]:
    """What is found, by kind: the numbers of the bars, and how much at each."""
    values = {name: each for name, each in columns.items() if name != "close_ns"}
    whole = Block(columns["close_ns"], values, np.arange(len(columns["close_ns"])))

    def blocks() -> Iterator[Block]:
        return (whole.taken(slice(first, first + size)) for first in range(0, len(whole.rows), size))

    found: dict[str, list[tuple[int, int]]] = {}
    for block, findings in check_blocks(blocks, MINUTE_NS):
        for each in findings:
            said = zip(block.rows[each.places].tolist(), each.sizes.tolist(), strict=True)
            found.setdefault(each.what, []).extend(said)
    return {what: said for what, said in found.items() if said}


@settings(max_examples=3)
@given(st.integers(60, LENGTH), st.integers(250, 500), st.integers(13, 300))
def test_a_gap_a_standstill_and_a_spike_are_found_wherever_a_block_ends(size: int, at: int, still: int) -> None:
    columns = bars(LENGTH)
    columns["close_ns"][at:] += 5 * MINUTE_NS
    for name in ("open", "high", "low", "close"):
        columns[name][at : at + still] = columns["close"][at - 1]
    columns["high"][100] = columns["close"][100] = columns["close"][99] * 2.0
    values = {name: each for name, each in columns.items() if name != "close_ns"}
    whole = check_bars(columns["close_ns"], values, MINUTE_NS)

    found = places(columns, size)
    assert found[GAP] == [(at, 5)] and found[SPIKE] == [(100, 1)] and found[STUCK][0] == (at, still)
    assert found == {each.what: list(zip(each.places.tolist(), each.sizes.tolist(), strict=True)) for each in whole}


def test_in_no_bars_nothing_is_found() -> None:
    assert [*check_blocks(lambda: iter(()), MINUTE_NS)] == []
