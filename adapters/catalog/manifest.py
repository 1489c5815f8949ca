"""What a data set says of itself: its instruments, its parts with their hashes, where it came from, what was changed.

`DATASET/manifest.json` beside `DATASET/<kind>/<name>/<YYYY-MM>.parquet`. A part that the manifest does not name does
not exist; a directory without a manifest is no data set.
"""

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from adapters.catalog.durable import replace_file
from contracts.history import DatasetUnusable
from contracts.instrument import Instrument
from contracts.quantities import Bps, Nanos, Seconds

FORMAT: Final = 1
FILE: Final = "manifest.json"
NAME_MAX: Final = 200
"""Of the name of a directory; file systems take 255 bytes."""

KINDS: Final = ("quotes", "trades", "books", "funding", "context")
"""Kinds of rows, in the order in which rows of one instant are told."""


class DatasetMissing(DatasetUnusable):
    """Nothing lies where a data set was looked for."""


class Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of an instrument; None is what nobody has said yet, and nothing is assumed for it."""

    symbol: str
    venue: str | None = None
    base: str | None = None
    quote: str | None = None
    settlement: str | None = None
    tick: Decimal | None = None
    lot: Decimal | None = None
    notional_min: Decimal | None = None
    quantity_max: Decimal | None = None
    can_short: bool | None = None
    leverage_max: Decimal | None = None
    fee_taker_bps: Bps | None = None
    fee_maker_bps: Bps | None = None

    def missing(self) -> tuple[str, ...]:
        """The names of what is not known, in the order of the fields."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) is None)

    def instrument(self) -> Instrument:
        """The instrument; raises ValueError where something is missing or out of range."""
        if self.missing():
            raise ValueError(f"{self.symbol}: {', '.join(self.missing())} not known")
        return Instrument(**msgspec.structs.asdict(self))


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the data set.

    `name` is the instrument, or the figure of a context part. `sha256` is of the bytes of the file, `content` of the
    values in it, whatever wrote them. First and last are the instants at which the rows were known; `regular` bars all
    close a whole number of bars after the first one.
    """

    path: str
    kind: str
    name: str
    month: str
    columns: tuple[str, ...]
    rows: int
    first_ns: Nanos
    last_ns: Nanos
    regular: bool
    sha256: str
    content: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file or record that was taken in: its digest, how it was read, and what was noticed."""

    path: str
    sha256: str
    reading: str
    rows: int
    said: tuple[str, ...] = ()


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """One change that `--repair` made: how many rows of which instrument, and the first of them."""

    source: str
    name: str
    what: str
    rows: int
    examples: tuple[str, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; parts are sorted by path, instruments by symbol."""

    name: str
    format: int = FORMAT
    instruments: tuple[Terms, ...] = ()
    parts: tuple[Part, ...] = ()
    sources: tuple[Source, ...] = ()
    repairs: tuple[Repair, ...] = ()

    def digest(self) -> str:
        """Of the content: the values of all parts and the terms of all instruments, whatever the name."""
        told = [(part.path, part.content) for part in self.parts]
        return hashlib.sha256(msgspec.json.encode((told, self.instruments))).hexdigest()

    def terms(self) -> dict[str, Terms]:
        """The instruments by symbol."""
        return {terms.symbol: terms for terms in self.instruments}

    def bar_lengths(self) -> tuple[Seconds, ...]:
        """The lengths of bars that there are, shortest first."""
        return tuple(sorted({bar_s_of(part.kind) for part in self.parts if is_bars(part.kind)}))

    def of_kind(self, kind: str) -> dict[str, list[Part]]:
        """The parts of a kind by name, names in order, months in order."""
        found: dict[str, list[Part]] = {}
        for part in self.parts:
            if part.kind == kind:
                found.setdefault(part.name, []).append(part)
        return {name: sorted(found[name], key=lambda part: part.month) for name in sorted(found)}


def bars_kind(bar_s: Seconds) -> str:
    """The kind of bars of that length, which is the name of their directory too."""
    return f"bars_{bar_s:.15g}s"


def is_bars(kind: str) -> bool:
    """Whether a kind is one of bars."""
    return kind.startswith("bars_")


def bar_s_of(kind: str) -> Seconds:
    """The length of the bars of a kind."""
    return float(kind.removeprefix("bars_").removesuffix("s"))


def part_path(kind: str, name: str, month: str) -> str:
    """Where a part lies within its data set; letters that no file name takes are written as %XX.

    Raises DatasetUnusable for a name that no directory can have, or that would break a line of what is told.
    """
    written = quote(name, safe="").replace(".", "%2E")
    if not name.isprintable() or not 0 < len(written) <= NAME_MAX:
        raise DatasetUnusable(
            f"{name[:60]!r} is no name of an instrument or a figure: expected 1 to {NAME_MAX} letters that can be "
            "printed, %XX counted as three"
        )
    return f"{kind}/{written}/{month}.parquet"


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a data set.

    Raises DatasetMissing where nothing is, DatasetUnusable where there is no manifest, or not one that can be read.
    """
    path = directory / FILE
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError):
        kind = DatasetUnusable if directory.exists() else DatasetMissing
        raise kind(f"{directory}: no data set there, expected one made by `bot data import`") from None
    except OSError as error:
        raise DatasetUnusable(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError, ArithmeticError) as error:
        raise DatasetUnusable(f"{path}: is no manifest of a data set: {error}") from error
    if manifest.format != FORMAT:
        raise DatasetUnusable(f"{path}: format was {manifest.format}, expected {FORMAT}")
    for part in manifest.parts:
        if part.path != part_path(part.kind, part.name, part.month) or part.path.count("/") != 2 or ".." in part.path:
            raise DatasetUnusable(f"{path}: says of a part that it lies at {part.path!r}, expected its place inside")
    return manifest


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write it whole or not at all; raises OSError."""
    ordered = msgspec.structs.replace(
        manifest,
        parts=tuple(sorted(manifest.parts, key=lambda part: part.path)),
        instruments=tuple(sorted(manifest.instruments, key=lambda terms: terms.symbol)),
    )
    replace_file(directory / FILE, msgspec.json.format(msgspec.json.encode(ordered)) + b"\n")
