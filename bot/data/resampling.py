"""Longer bars beside the shorter ones of a data set."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from adapters.catalog.manifest import Manifest, Part, bars_kind, read_manifest
from adapters.catalog.months import file_under
from adapters.catalog.opened import open_dataset
from adapters.catalog.parts import Columns, read_part
from adapters.catalog.staging import Staging
from bot.data.tick_bars import bars_of_ticks
from contracts.history import DatasetUnusable
from contracts.quantities import Seconds, nanos
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
            close_ns, columns = history_of(staging.root, parts)
            into_ns, longer = resampled(close_ns, columns, nanos(fitting[-1]), nanos(bar_s))
            if len(into_ns):
                written += file_under(staging, bars_kind(bar_s), symbol, {"close_ns": into_ns} | longer)
            advance(len(close_ns))
        if not written:
            staging.abandon()
            raise DatasetUnusable(f"{directory}: no whole bar of {bar_s:g} s lies in its history")
        staging.note(None, written)
        staging.land()
        return staging.manifest


def _of_ticks(directory: Path, bar_s: Seconds, advance: Callable[[int], None]) -> Manifest:
    dataset = open_dataset(directory)
    with Staging(directory) as staging:
        staging.refuse_interrupted()
        written: list[Part] = []
        for symbol, close_ns, columns in bars_of_ticks(dataset, bar_s):
            written += file_under(staging, bars_kind(bar_s), symbol, {"close_ns": close_ns} | columns)
            advance(len(close_ns))
        if not written:
            staging.abandon()
            raise DatasetUnusable(f"{directory}: no whole bar of {bar_s:g} s lies in its history")
        staging.note(None, written)
        staging.land()
        return staging.manifest


def history_of(root: Path, parts: list[Part]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Columns]:
    """The closes and columns of all bars of one instrument; raises DatasetUnusable where a part is damaged."""
    frames = [read_part(root, part) for part in parts]
    names = dict.fromkeys(name for part in parts for name in part.columns if name != "close_ns")
    columns = {
        name: np.concatenate([f[name].to_numpy() if name in f.columns else np.full(f.height, np.nan) for f in frames])
        for name in names
    }
    return np.concatenate([frame["close_ns"].to_numpy() for frame in frames]), columns
