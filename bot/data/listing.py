"""Data sets told in a few words: what is in them, from when to when, and what they lack."""

from pathlib import Path
from typing import Any

from adapters.catalog.manifest import FILE, DatasetMissing, Manifest, read_manifest
from adapters.catalog.terms import how_to_say
from bot.data.judging import when
from contracts.history import DatasetUnusable


def datasets_in(directory: Path) -> tuple[Path, ...]:
    """The directory itself where it is a data set, else those in it, in order.

    Raises DatasetMissing where nothing is, DatasetUnusable for what is no directory.
    """
    if (directory / FILE).exists():
        return (directory,)
    if directory.exists() and not directory.is_dir():
        raise DatasetUnusable(f"{directory}: is no directory, expected a data set or a directory of them")
    if not directory.is_dir():
        raise DatasetMissing(f"{directory}: no such directory; `bot data make --into {directory}/made` makes one")
    return tuple(
        sorted(path for path in directory.iterdir() if not path.name.startswith(".") and (path / FILE).exists())
    )


def summary(path: Path) -> dict[str, Any]:
    """What a data set holds; raises DatasetUnusable."""
    manifest = read_manifest(path)
    return {
        "name": manifest.name,
        "path": str(path),
        "digest": manifest.digest(),
        "instruments": [terms.symbol for terms in manifest.instruments],
        "lacking": {each.symbol: how_to_say(each.missing()) for each in manifest.instruments if each.missing()},
        "kinds": [_kind(manifest, kind) for kind in sorted({part.kind for part in manifest.parts})],
        "bytes": sum((path / part.path).stat().st_size for part in manifest.parts if (path / part.path).exists()),
        "sources": [source.path for source in manifest.sources],
        "repairs": list(manifest.repairs),
    }


def lines(told: dict[str, Any]) -> list[str]:
    """A summary for people."""
    said = [f"{told['path']}  digest {told['digest'][:12]}  {told['bytes'] / 1e6:.1f} MB"]
    for kind in told["kinds"]:
        span = f"{kind['first']} to {kind['last']}"
        said.append(f"  {kind['kind']:<12} {kind['names']:>4} names {kind['rows']:>12,} rows  {span}")
    if told["lacking"]:
        symbol, terms = next(iter(told["lacking"].items()))
        said.append(f"  not to be traded on yet: {len(told['lacking'])} without terms, {symbol} has no {terms}")
    return said


def _kind(manifest: Manifest, kind: str) -> dict[str, Any]:
    parts = [part for part in manifest.parts if part.kind == kind]
    return {
        "kind": kind,
        "names": len({part.name for part in parts}),
        "parts": len(parts),
        "rows": sum(part.rows for part in parts),
        "first": when(min(part.first_ns for part in parts)),
        "last": when(max(part.last_ns for part in parts)),
    }
