"""Outside messages on their way into a data set: gathered by kind and name, filed under their months now and then."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import asdict

from adapters.catalog.manifest import Part, Source, Terms
from adapters.catalog.months import file_under
from adapters.catalog.rows import Row, filed, frame_of, symbol_of_name
from adapters.catalog.staging import Staging
from adapters.catalog.terms import said_of
from bot.data.importing import SaidTerms
from contracts.history import DatasetUnusable, Dated
from contracts.instrument import Instrument, Universe

GRID: Final = ("symbol", "tick", "lot")
ROWS_MAX: Final = 500_000
"""So many rows are held before they are filed: the memory of an import, whatever its length."""


class Gathering:
    """The rows of one source; nothing counts before `done`, so that an interrupted source begins anew."""

    def __init__(self, staging: Staging, from_ns: int, to_ns: int, kinds: frozenset[str]) -> None:
        self._staging = staging
        self._from_ns, self._to_ns, self._kinds = from_ns, to_ns, kinds
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._held = 0
        self._parts: dict[str, Part] = {}
        self._terms: dict[str, Terms] = {}
        self._symbols: set[str] = set()
        self.count = 0

    def take(self, rows: Iterable[Dated]) -> None:
        """Gather the rows of the wanted kinds and range; raises DatasetUnusable."""
        for at_ns, payload in rows:
            found = filed(at_ns, payload)
            if found is None or found.kind not in self._kinds or not self._from_ns <= found.row["at_ns"] < self._to_ns:
                continue
            self._rows.setdefault((found.kind, found.name), []).append(found.row)
            self._held += 1
            self._symbols |= {symbol_of_name(found.kind, found.name)} - {""}
            self.count += 1
            if self._held >= ROWS_MAX:
                self._file()

    def know(self, universe: Universe) -> None:
        """The terms of these instruments, as the venue said them."""
        for instrument in universe.instruments:
            self._terms[instrument.symbol] = terms_of(instrument)

    def done(self, source: Source, said: SaidTerms) -> None:
        """File what is held, and let all of it count; raises DatasetUnusable.

        The grid is the venue's, because rows are counted in it; of all other terms what the user says or has said wins.
        """
        self._file()
        present, terms = self._staging.manifest.terms(), []
        for symbol in sorted(self._symbols | self._terms.keys()):
            told = self._terms.get(symbol, Terms(symbol=symbol))
            before = asdict(present[symbol]) if symbol in present else {}
            other = {name: value for name, value in before.items() if name not in GRID}
            known = said.of(symbol, said_of(symbol, told, other), None)
            if symbol in self._terms and (known.tick, known.lot) != (told.tick, told.lot):
                raise DatasetUnusable(
                    f"{source.path}: {symbol} is counted in ticks of {told.tick} and lots of {told.lot}; "
                    f"--tick and --lot were {known.tick} and {known.lot}, leave them away"
                )
            terms.append(known)
        self._staging.note(source, self._parts.values(), terms)

    def _file(self) -> None:
        for kind, name in sorted(self._rows):
            frame = frame_of(kind, self._rows[kind, name]).sort("at_ns", maintain_order=True)
            for part in file_under(self._staging, kind, name, frame, beside=tuple(self._parts.values())):
                self._parts[part.path] = part
        self._rows, self._held = {}, 0


def terms_of(instrument: Instrument) -> Terms:
    """All of an instrument's terms."""
    return Terms(**{name: getattr(instrument, name) for name in Terms.__struct_fields__})
