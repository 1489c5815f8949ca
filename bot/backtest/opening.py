"""Opening a data set for a backtest, and the part of it that is asked for."""

from pathlib import Path
from typing import Final

from adapters.catalog.opened import open_dataset
from bot.profile import Profile
from contracts.history import Dataset, DatasetUnusable
from contracts.quantities import Nanos

FOREVER_NS: Final = 2**62


def opened_dataset(path: Path) -> Dataset:
    """A data set by the directory it lies in; raises DatasetUnusable."""
    return open_dataset(path)


def span_of(dataset: Dataset, profile: Profile, from_ns: Nanos | None, to_ns: Nanos | None) -> tuple[Nanos, Nanos]:
    """[from, to) within what the data set holds; raises DatasetUnusable where nothing lies in it."""
    first_ns, last_ns = dataset.span(profile.bars.bar_s)
    span = max(first_ns, from_ns or 0), min(last_ns + 1, to_ns if to_ns is not None else FOREVER_NS)
    if span[0] >= span[1]:
        raise DatasetUnusable(f"data set {dataset.name} has nothing in the range that was asked for")
    return span
