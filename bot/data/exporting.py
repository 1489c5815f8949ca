"""A data set as plain files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.catalog.exported import Format, export_name
from adapters.catalog.manifest import Terms, read_manifest
from bot.data.importing import FOREVER_NS
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos


def export_dataset(
    directory: Path,
    target: Path,
    how: Format,
    symbols: Sequence[str],
    span: tuple[Nanos | None, Nanos | None],
    advance: Callable[[int], None],
) -> list[Path]:
    """One file per kind and name; raises DatasetUnusable for a name that is not there, or where nothing is."""
    manifest = read_manifest(directory)
    names = {part.name for part in manifest.parts}
    unknown = [symbol for symbol in symbols if symbol not in names]
    if unknown:
        raise DatasetUnusable(
            f"data set {manifest.name} has no {', '.join(unknown)}; it has {', '.join(sorted(names))}"
        )
    terms = manifest.terms()
    written = []
    within = span[0] or 0, span[1] or FOREVER_NS
    for kind in sorted({part.kind for part in manifest.parts}):
        for name, parts in manifest.of_kind(kind).items():
            mine = [part for part in parts if part.first_ns < within[1] and part.last_ns >= within[0]]
            if mine and (not symbols or name in symbols):
                known = terms.get(name, Terms(symbol=name))
                written.append(export_name(directory, mine, known, target, how, within))
                advance(sum(part.rows for part in mine))
    if not written:
        raise DatasetUnusable(f"data set {manifest.name} has nothing in the range that was asked for")
    return written
