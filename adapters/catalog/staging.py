"""The next version of a data set, beside the one there is, until it is whole; then it takes its place at once.

Everything is written into `.NAME.incoming`; files that do not change are hard links to those of the present version.
An interrupted import leaves that directory, and the next one goes on in it: parts of a source that was noted are not
made again, what was written and not noted is undone. Landing is two renames of directories, so that no reader sees a
mixture.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
import polars as pl

from adapters.catalog.durable import holds, locked, sync
from adapters.catalog.manifest import (
    FILE,
    Manifest,
    Part,
    Repair,
    Source,
    Terms,
    part_path,
    read_manifest,
    write_manifest,
)
from adapters.catalog.parts import file_digest, read_part, write_part
from adapters.catalog.pieces import write_pieces
from contracts.history import DatasetUnusable

ON_GRID: Final = frozenset({"quotes", "trades", "books"})
"""Kinds whose rows are counted in ticks and lots."""

KEPT: Final = ".noted"
"""Behind the name of a part that was noted and is written anew."""


class Staging:
    """One import into one data set; use it as a context, and `land` when all is well. What fails before anything was
    noted leaves nothing.

    Raises DatasetUnusable where another import into the same data set is under way, or its place is taken.
    """

    def __init__(self, target: Path) -> None:
        self.target = Path(os.path.realpath(target))
        if not self.target.name:
            raise DatasetUnusable(f"{target}: is no place for a data set, expected a directory with a name")
        self.root = self.target.with_name(f".{self.target.name}.incoming")
        self._old = self.target.with_name(f".{self.target.name}.replaced")
        self._take(Manifest(name=self.target.name))
        self._kept: list[Path] = []

    def __enter__(self) -> Self:
        try:
            self._lock = locked(self.root)
        except BlockingIOError:
            raise DatasetUnusable(
                f"{self.target}: another import into it is under way, expected one at a time"
            ) from None
        except OSError as error:
            raise DatasetUnusable(f"{self.target}: cannot be written beside: {error.strerror}") from error
        try:
            self._begin()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not self.resumed and holds(self._lock, self.root):
            self.abandon()
        os.close(self._lock)

    @property
    def resumed(self) -> bool:
        """Whether an import that was interrupted is gone on with."""
        return (self.root / FILE).exists()

    def has(self, source: Source) -> bool:
        """Whether this very source, read in this very way, is in already."""
        wanted = (source.sha256, source.reading)
        return any((each.sha256, each.reading) == wanted for each in self.manifest.sources)

    def part(self, kind: str, name: str, month: str) -> Part | None:
        """The part that there is for this month; None where there is none."""
        return self._noted.get(part_path(kind, name, month))

    def rows_of(self, part: Part) -> pl.DataFrame:
        """The columns of a part; raises DatasetUnusable where it is damaged."""
        return read_part(self.root, part)

    def write(self, kind: str, name: str, month: str, frame: pl.DataFrame) -> Part:
        """Write a part of the next version in the place of the one there is; it counts once `note` was called."""
        self._keep(kind, name, month)
        return write_part(self.root, kind, name, month, frame)

    def write_pieces(self, kind: str, name: str, month: str, pieces: Iterable[pl.DataFrame]) -> Part:
        """The same of rows that are no bars and come some at a time, in order."""
        self._keep(kind, name, month)
        return write_pieces(self.root, kind, name, month, pieces)

    def note(
        self,
        source: Source | None,
        parts: Iterable[Part],
        terms: Iterable[Terms] = (),
        repairs: Iterable[Repair] = (),
    ) -> None:
        """Let these parts and terms count, and this source be done: what was noted survives an interruption."""
        by_path = self._noted | {part.path: part for part in parts}
        known = self.manifest.terms()
        for each in terms:
            self._refuse_other_grid(known.get(each.symbol), each)
            known[each.symbol] = each
        manifest = msgspec.structs.replace(
            self.manifest,
            parts=tuple(by_path[path] for path in sorted(by_path)),
            instruments=tuple(known[symbol] for symbol in sorted(known)),
            sources=(*self.manifest.sources, *([source] if source is not None else [])),
            repairs=(*self.manifest.repairs, *repairs),
        )
        self._take(manifest)
        write_manifest(self.root, manifest)
        while self._kept:
            self._kept.pop().unlink()

    def land(self) -> None:
        """Take the place of the present version; raises OSError."""
        if not (self.root / FILE).exists():
            write_manifest(self.root, self.manifest)
        shutil.rmtree(self._old, ignore_errors=True)
        if self._has_something():
            self._carry_over(read_manifest(self.target))
        if self.target.exists():
            self.target.rename(self._old)
        self.root.rename(self.target)
        sync(self.target.parent)
        shutil.rmtree(self._old, ignore_errors=True)

    def refuse_interrupted(self) -> None:
        """Raise DatasetUnusable where an import was interrupted: whoever changes something else must not land it."""
        if self.resumed:
            raise DatasetUnusable(
                f"{self.target}: an import into it was interrupted; go on with `bot data import`, or drop what it did "
                "with --restart"
            )

    def refuse_others(self, wanted: Sequence[Source]) -> None:
        """Raise DatasetUnusable where an interrupted import took in sources that are not among these."""
        if not self.resumed:
            return
        landed = read_manifest(self.target).sources if self.target.exists() else ()
        known = {(each.sha256, each.reading) for each in (*landed, *wanted)}
        others = [each.path for each in self.manifest.sources if (each.sha256, each.reading) not in known]
        if others:
            raise DatasetUnusable(
                f"{self.target}: an import of {', '.join(others)} was interrupted; go on with it as it was asked "
                "for, or drop what it did with --restart"
            )

    def restart(self) -> None:
        """Forget what an interrupted import had noted, and begin with the present version."""
        for child in self.root.iterdir():
            if child.is_dir():
                shutil.rmtree(child)
            else:
                child.unlink()
        self._take(Manifest(name=self.target.name))
        if self._has_something():
            self._link(read_manifest(self.target))

    def abandon(self) -> None:
        """Leave nothing of it behind; the present version is as it was."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.root)

    def _begin(self) -> None:
        if self._old.exists() and not self.target.exists():
            self._old.rename(self.target)
        if self.resumed:
            self._take(read_manifest(self.root))
            self._undo()
        else:
            self.restart()

    def _has_something(self) -> bool:
        """Whether something lies where the data set is to be: an empty directory is nothing."""
        return self.target.exists() and not (self.target.is_dir() and not any(self.target.iterdir()))

    def _carry_over(self, present: Manifest) -> None:
        """Bring along what somebody else put beside the parts of the present version, such as notes."""
        ours = {FILE, *(part.path for part in present.parts)}
        for path in self.target.rglob("*"):
            inside = path.relative_to(self.target)
            there = self.root / inside
            if not path.is_dir() and inside.as_posix() not in ours and not there.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, there, follow_symlinks=False)

    def _take(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self._noted = {part.path: part for part in manifest.parts}

    def _keep(self, kind: str, name: str, month: str) -> None:
        """Hold on to a part that was noted, until what takes its place is noted too."""
        part = self.part(kind, name, month)
        if part is not None:
            kept = self.root / f"{part.path}{KEPT}"
            if kept not in self._kept:
                os.link(self.root / part.path, kept)
                self._kept.append(kept)

    def _undo(self) -> None:
        """Leave what was noted and nothing else: an import may have been interrupted before it noted what it wrote."""
        for kept in list(self.root.rglob(f"*{KEPT}")):
            path = kept.with_name(kept.name.removesuffix(KEPT))
            part = self._noted.get(path.relative_to(self.root).as_posix())
            if part is not None and file_digest(kept) == part.sha256:
                kept.replace(path)
        for path in sorted(self.root.rglob("*"), reverse=True):
            if path.is_dir():
                with contextlib.suppress(OSError):
                    path.rmdir()
            elif path.relative_to(self.root).as_posix() not in {FILE, *self._noted}:
                path.unlink()

    def _refuse_other_grid(self, before: Terms | None, now: Terms) -> None:
        """Quotes, trades and books are kept in ticks and lots: another grid would make other prices of them."""
        if before is None or (before.tick, before.lot) in {(None, None), (now.tick, now.lot)}:
            return
        if any(part.name == now.symbol and part.kind in ON_GRID for part in self.manifest.parts):
            raise DatasetUnusable(
                f"{now.symbol}: tick and lot are {before.tick} and {before.lot} in this data set, were {now.tick} and "
                f"{now.lot} now; its rows are counted in them, expected the same"
            )

    def _link(self, present: Manifest) -> None:
        """Begin with what there is: its files by hard link, its manifest as ours."""
        for part in present.parts:
            link = self.root / part.path
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(self.target / part.path, link)
        self._take(msgspec.structs.replace(present, name=self.target.name))
