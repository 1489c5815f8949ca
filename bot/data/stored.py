"""Bars of one instrument as they lie in a data set, some months at a time; and any bars month by month."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from adapters.catalog.manifest import Part
from adapters.catalog.months import month_of
from adapters.catalog.parts import read_part
from quant.checking_blocks import Block

BLOCK_ROWS: Final = 100_000
"""As many months are read together as hold so many bars."""


def stored_blocks(root: Path, parts: Sequence[Part]) -> Iterator[Block]:
    """The bars of these parts, in their order; raises DatasetUnusable where one is damaged."""
    names = tuple(dict.fromkeys(name for part in parts for name in part.columns if name != "close_ns"))
    held: list[Part] = []
    for part in parts:
        held.append(part)
        if sum(each.rows for each in held) >= BLOCK_ROWS:
            yield _block(root, held, names)
            held = []
    if held:
        yield _block(root, held, names)


def by_month(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same bars, no month of closes in two blocks."""
    held: Block | None = None
    for block in blocks:
        held = block if held is None else held.then(block)
        months = month_of(held.close_ns)
        whole = int(np.searchsorted(months, months[-1])) if len(months) else 0
        if whole:
            yield held.taken(slice(whole))
            held = held.taken(slice(whole, None))
    if held is not None and len(held.rows):
        yield held


def _block(root: Path, parts: Sequence[Part], names: Sequence[str]) -> Block:
    """Whole parts; a column that one of them lacks is NaN there."""
    frames = [read_part(root, part) for part in parts]
    columns = {
        name: np.concatenate([f[name].to_numpy() if name in f.columns else np.full(f.height, np.nan) for f in frames])
        for name in names
    }
    close_ns = np.concatenate([frame["close_ns"].to_numpy() for frame in frames])
    return Block(close_ns, columns, np.arange(len(close_ns), dtype=np.int64))
