"""The quotes of the workload as a data set on a disk, with an hour of bars before them to measure volatility by."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from adapters.catalog.manifest import Manifest, Part, Terms, bars_kind, write_manifest
from adapters.catalog.opened import OpenedDataset, open_dataset
from adapters.catalog.parts import write_part
from bench.history.held import terms
from bench.history.peers.quotes import SIZE, Quotes
from bench.history.peers.workload import BAR_S, FIRST_S, bars
from contracts.history import Dated
from contracts.quantities import nanos

WARM_BARS: Final = 60
MONTH: Final = "2024-01"


def quoted(data: Quotes, instruments: int, place: Path) -> OpenedDataset:
    """Written below `place`, and opened."""
    symbols = [f"I{number:03d}-EUR" for number in range(instruments)]
    parts = [part for number, symbol in enumerate(symbols) for part in _parts(data, number, symbol, instruments, place)]
    named = tuple(Terms(**terms(symbol)) for symbol in symbols)
    write_manifest(place, Manifest(name="quotes", instruments=named, parts=tuple(parts)))
    return open_dataset(place)


@dataclass(frozen=True)
class Loaded:
    """A data set whose rows are in memory as messages, as peers hold theirs before they are timed."""

    dataset: OpenedDataset
    dated: list[Dated]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dataset, name)

    def rows(self, kinds: frozenset[str], *within: object) -> Iterator[Dated]:
        """All quotes, in whatever range they are asked for; there is nothing else."""
        return iter(self.dated if "quotes" in kinds else ())


def loaded(dataset: OpenedDataset) -> Loaded:
    """All quotes of a data set, read."""
    return Loaded(dataset, list(dataset.rows(frozenset({"quotes"}), 0, 2**62)))


def _parts(data: Quotes, number: int, symbol: str, instruments: int, place: Path) -> tuple[Part, Part]:
    mine = data.who == number
    at_ns, bid, ask = (column[mine] for column in data[1:])
    size, ones, frame = (np.full(len(at_ns), each, dtype=np.int64) for each in (SIZE, 1, 0))
    quotes = {"at_ns": at_ns, "bid": bid, "ask": ask, "bid_lots": size, "ask_lots": size}
    place_of = {"event_ns": at_ns, "epoch": ones, "frame": frame + np.arange(len(at_ns))}
    close_ns = nanos(FIRST_S - BAR_S * WARM_BARS) + nanos(BAR_S) * np.arange(1, WARM_BARS + 1, dtype=np.int64)
    warm = {name: column[:, number] for name, column in bars(WARM_BARS, instruments)._asdict().items()}
    return (
        write_part(place, "quotes", symbol, MONTH, pl.DataFrame(quotes | place_of)),
        write_part(place, bars_kind(BAR_S), symbol, MONTH, pl.DataFrame({"close_ns": close_ns} | warm)),
    )
