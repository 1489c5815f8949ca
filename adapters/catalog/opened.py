"""A data set as the rest of the house sees it: instruments, aligned bars, and rows in order of time.

Nothing is handed out before it was known: bars by their close, rows by the instant they are filed under.
"""

from collections.abc import Iterator
from pathlib import Path

from adapters.catalog.blocks import bar_blocks
from adapters.catalog.manifest import KINDS, Manifest, bars_kind, is_bars, read_manifest
from adapters.catalog.merged import merged_rows
from adapters.catalog.terms import how_to_say
from contracts.history import BarBlock, DatasetUnusable, Dated
from contracts.instrument import Universe
from contracts.quantities import Nanos, Seconds


class OpenedDataset:
    """One data set on disk, as it was when it was opened; implements `contracts.history.Dataset`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest: Manifest = read_manifest(directory)
        self._digest = self.manifest.digest()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.manifest.name

    @property
    def digest(self) -> str:
        """Of the content: values and terms, whatever the name."""
        return self._digest

    @property
    def symbols(self) -> tuple[str, ...]:
        """All instruments, in alphabetical order."""
        return tuple(terms.symbol for terms in self.manifest.instruments)

    def universe(self, symbols: tuple[str, ...] | None = None) -> Universe:
        """The instruments, all or those asked for; raises DatasetUnusable naming each one with what it lacks."""
        known, problems, instruments = self.manifest.terms(), [], []
        for symbol in self._chosen(symbols):
            terms = known[symbol]
            if terms.missing():
                problems.append(f"{symbol} has no {how_to_say(terms.missing())}")
                continue
            try:
                instruments.append(terms.instrument())
            except ValueError as error:
                problems.append(str(error))
        if problems or not instruments:
            raise DatasetUnusable(
                f"data set {self.name} cannot be traded on: nothing about money is assumed; "
                f"say it with `bot data terms {self.directory} ...`",
                tuple(problems) or ("it has no instrument",),
            )
        return Universe(1, tuple(instruments))

    def span(self, bar_s: Seconds) -> tuple[Nanos, Nanos]:
        """First and last instant of the bars of that length, of rows where it is 0; raises DatasetUnusable."""
        parts = [part for part in self.manifest.parts if part.kind == bars_kind(bar_s)]
        if not bar_s:
            parts = [part for part in self.manifest.parts if not is_bars(part.kind)]
        if not parts:
            raise DatasetUnusable(f"data set {self.name} has no {self._lacking(bar_s)}")
        return min(part.first_ns for part in parts), max(part.last_ns for part in parts)

    def bars(
        self, bar_s: Seconds, from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[BarBlock]:
        """Bars whose close lies in [from, to), a bounded number of stamps at a time; raises DatasetUnusable."""
        chosen = self._chosen(symbols)
        parts = self.manifest.of_kind(bars_kind(bar_s))
        if not parts:
            raise DatasetUnusable(f"data set {self.name} has no {self._lacking(bar_s)}")
        wanted = {symbol: parts[symbol] for symbol in chosen if symbol in parts}
        return bar_blocks(self.directory, wanted, chosen, bar_s, (from_ns, to_ns))

    def rows(
        self, kinds: frozenset[str], from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[Dated]:
        """Rows of these kinds known in [from, to), merged in order of time; raises DatasetUnusable."""
        unknown = sorted(kinds.difference(KINDS))
        if unknown:
            raise DatasetUnusable(f"rows of kind {', '.join(unknown)} asked for, expected {', '.join(KINDS)}")
        chosen = self._chosen(symbols) if symbols is not None else None
        return merged_rows(self.directory, self.manifest, kinds, (from_ns, to_ns), chosen)

    def _chosen(self, symbols: tuple[str, ...] | None) -> tuple[str, ...]:
        if symbols is None:
            return self.symbols
        unknown = tuple(symbol for symbol in symbols if symbol not in self.symbols)
        if unknown:
            raise DatasetUnusable(
                f"data set {self.name} has no {', '.join(unknown)}; it has {', '.join(self.symbols[:10])}"
                + ("" if len(self.symbols) <= 10 else f" and {len(self.symbols) - 10} more")
            )
        twice = [symbol for place, symbol in enumerate(symbols) if symbol in symbols[:place]]
        if twice:
            raise DatasetUnusable(f"{twice[0]} of data set {self.name} was asked for twice, expected each once")
        return symbols

    def _lacking(self, bar_s: Seconds) -> str:
        if not bar_s:
            return "rows, only bars"
        lengths = ", ".join(f"{each:g} s" for each in self.manifest.bar_lengths())
        return f"bars of {bar_s:g} s, " + (f"only of {lengths}" if lengths else "nor of any other length")


def open_dataset(path: Path) -> OpenedDataset:
    """The data set in a directory; raises DatasetUnusable."""
    return OpenedDataset(path)
