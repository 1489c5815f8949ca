"""A data set as plain files in a directory of their own, all of them or none."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.catalog.durable import locked, sync
from adapters.catalog.exported import Format, export_name
from adapters.catalog.manifest import Terms, read_manifest
from bot.data.taking import within
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos


def refuse_taken(target: Path) -> None:
    """Raise DatasetUnusable where something is there: nothing is written over."""
    if target.exists():
        raise DatasetUnusable(f"{target} is there already; an export is written into a new directory")


def export_dataset(
    directory: Path,
    target: Path,
    how: Format,
    symbols: Sequence[str],
    span: tuple[Nanos | None, Nanos | None],
    advance: Callable[[int], None],
) -> list[Path]:
    """One file per kind and name, in a new directory.

    Raises DatasetUnusable for a directory that is there, a name that is not, or where nothing is; OSError where the
    disk does not take them. Nothing is left then.
    """
    refuse_taken(target)
    making = target.with_name(f".{target.name}.exporting")
    try:
        lock = locked(making)
    except BlockingIOError:
        raise DatasetUnusable(f"{target}: another export into it is under way, expected one at a time") from None
    try:
        for left in making.iterdir():
            shutil.rmtree(left)
        written = _write(directory, making, how, symbols, within(*span), advance)
        making.rename(target)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    finally:
        os.close(lock)
    sync(target.parent)
    return [target / path.relative_to(making) for path in written]


def _write(
    directory: Path,
    target: Path,
    how: Format,
    symbols: Sequence[str],
    within: tuple[Nanos, Nanos],
    advance: Callable[[int], None],
) -> list[Path]:
    manifest = read_manifest(directory)
    names = {part.name for part in manifest.parts}
    unknown = [symbol for symbol in symbols if symbol not in names]
    if unknown:
        raise DatasetUnusable(
            f"data set {manifest.name} has no {', '.join(unknown)}; it has {', '.join(sorted(names))}"
        )
    terms = manifest.terms()
    written = []
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
