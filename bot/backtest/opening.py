"""Opening a data set for a backtest, and the part of it that is asked for."""

from pathlib import Path
from typing import Final

from adapters.catalog.manifest import read_manifest
from adapters.catalog.opened import open_dataset
from bot.data.checked import refuse_damaged
from bot.profile import Profile
from contracts.history import Dataset, DatasetUnusable
from contracts.quantities import Nanos

FOREVER_NS: Final = 2**62


def opened_dataset(path: Path, kinds: frozenset[str] = frozenset()) -> Dataset:
    """A data set by the directory it lies in, whose every byte is as it was written.

    Raises DatasetUnusable where it is damaged, or has nothing of a kind of rows that is to be told.
    """
    dataset = open_dataset(path)
    refuse_damaged(path)
    manifest = read_manifest(path)
    absent = [kind for kind in sorted(kinds) if not manifest.of_kind(kind)]
    if absent:
        there = ", ".join(dict.fromkeys(part.kind for part in manifest.parts))
        raise DatasetUnusable(f"data set {dataset.name} has no {', '.join(absent)}; it has {there}")
    return dataset


def span_of(dataset: Dataset, profile: Profile, from_ns: Nanos | None, to_ns: Nanos | None) -> tuple[Nanos, Nanos]:
    """[from, to) within what the data set holds; raises DatasetUnusable where nothing lies in it."""
    first_ns, last_ns = dataset.span(profile.bars.bar_s)
    span = max(first_ns, from_ns or 0), min(last_ns + 1, to_ns if to_ns is not None else FOREVER_NS)
    if span[0] >= span[1]:
        raise DatasetUnusable(f"data set {dataset.name} has nothing in the range that was asked for")
    return span
