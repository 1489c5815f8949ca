"""Longer bars beside the shorter ones of a data set."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from adapters.catalog.manifest import Manifest, Part, bars_kind, read_manifest
from adapters.catalog.months import file_under
from adapters.catalog.opened import open_dataset
from adapters.catalog.staging import Staging
from bot.data.stored import by_month, stored_blocks
from bot.data.tick_bars import bars_of_ticks
from contracts.history import DatasetUnusable
from contracts.quantities import Seconds, nanos
from quant.checking_blocks import Block
from quant.resampling import resampled


def resample_dataset(directory: Path, bar_s: Seconds, advance: Callable[[int], None]) -> Manifest:
    """Make bars of that length out of the longest that divide it, or where there are none, out of quotes and trades.

    Raises DatasetUnusable where neither is there.
    """
    manifest = read_manifest(directory)
    lengths = manifest.bar_lengths()
    if not lengths and manifest.of_kind("quotes"):
        return _of_ticks(directory, bar_s, advance)
    if bar_s in lengths:
        raise DatasetUnusable(f"{directory}: bars of {bar_s:g} s are there already")
    fitting = [each for each in lengths if each < bar_s and nanos(bar_s) % nanos(each) == 0]
    if not fitting:
        there = ", ".join(f"{each:g} s" for each in lengths) or "no bars at all"
        raise DatasetUnusable(f"{directory}: bars of {bar_s:g} s cannot be made, it has {there}")
    with Staging(directory) as staging:
        staging.refuse_interrupted()
        written: list[Part] = []
        for symbol, parts in staging.manifest.of_kind(bars_kind(fitting[-1])).items():
            longer = _longer(staging.root, parts, nanos(fitting[-1]), nanos(bar_s), advance)
            for month in by_month(longer):
                written += file_under(staging, bars_kind(bar_s), symbol, {"close_ns": month.close_ns} | month.columns)
        if not written:
            raise DatasetUnusable(f"{directory}: no whole bar of {bar_s:g} s lies in its history")
        staging.note(None, written)
        staging.land()
        return staging.manifest


def _longer(
    root: Path, parts: list[Part], bar_ns: int, into_ns: int, advance: Callable[[int], None]
) -> Iterator[Block]:
    """Longer bars out of these parts, some months at a time: what lies behind the last whole one waits."""
    span_ns = parts[0].first_ns - bar_ns, parts[-1].last_ns
    held: Block | None = None
    for block in stored_blocks(root, parts):
        held = block if held is None else held.then(block)
        whole = int(np.searchsorted(held.close_ns, held.close_ns[-1] // into_ns * into_ns, side="right"))
        close_ns, columns = resampled(*held.taken(slice(whole))[:2], bar_ns, into_ns, span_ns)
        yield Block(close_ns, columns, np.arange(len(close_ns), dtype=np.int64))
        held = held.taken(slice(whole, None))
        advance(len(block.close_ns))


def _of_ticks(directory: Path, bar_s: Seconds, advance: Callable[[int], None]) -> Manifest:
    dataset = open_dataset(directory)
    with Staging(directory) as staging:
        staging.refuse_interrupted()
        written: dict[str, Part] = {}
        for symbol, close_ns, columns in bars_of_ticks(dataset, bar_s):
            longer, beside = {"close_ns": close_ns} | columns, tuple(written.values())
            for part in file_under(staging, bars_kind(bar_s), symbol, longer, beside):
                written[part.path] = part
            advance(len(close_ns))
        if not written:
            raise DatasetUnusable(f"{directory}: no whole bar of {bar_s:g} s lies in its history")
        staging.note(None, written.values())
        staging.land()
        return staging.manifest
