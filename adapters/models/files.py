"""Model files on disk: read only in full and within bounds, checked against the name, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Final

from adapters.models.manifest import MANIFEST, Manifest, decode_manifest, name_of
from contracts.ports import ModelRejected

NAME: Final = re.compile(r"[0-9a-f]{64}")
MANIFEST_BYTES_MAX: Final = 1_000_000
FILE_BYTES_MAX: Final = 8_000_000
MODEL_BYTES_MAX: Final = 64_000_000


class ModelAbsent(ModelRejected):
    """There is no model of that name here."""


def read_model(directory: Path, model: str) -> tuple[Manifest, dict[str, bytes]]:
    """A model whose every byte is what its name says; raises ModelRejected, ModelAbsent."""
    manifest = read_manifest(directory, model)
    listed = sum(each.bytes for each in manifest.files.values())
    if listed > MODEL_BYTES_MAX:
        raise ModelRejected(f"it lists {listed} bytes, expected at most {MODEL_BYTES_MAX}")
    files: dict[str, bytes] = {}
    for name, digest in sorted(manifest.files.items()):
        data = _read(directory / model / name, FILE_BYTES_MAX)
        if len(data) != digest.bytes or hashlib.sha256(data).hexdigest() != digest.sha256:
            raise ModelRejected(f"{name} is not the file of its manifest: {len(data)} bytes, {digest.bytes} expected")
        files[name] = data
    return manifest, files


def read_manifest(directory: Path, model: str) -> Manifest:
    """The manifest of a model, checked against its name alone; raises ModelRejected, ModelAbsent."""
    if not NAME.fullmatch(model):
        raise ModelAbsent(f"{model[:80]!r} names no model, expected 64 hexadecimal digits")
    if not (directory / model).is_dir():
        raise ModelAbsent(f"there is no model {model[:12]} in {directory}")
    data = _read(directory / model / MANIFEST, MANIFEST_BYTES_MAX)
    if name_of(data) != model:
        raise ModelRejected(f"its manifest is not the one it is named after, but {name_of(data)[:12]}")
    return decode_manifest(data)


def write_model(directory: Path, manifest: bytes, files: dict[str, bytes]) -> str:
    """Put a model there, on the disk before it can be seen; returns its name. Writing it twice is writing it once.

    Raises OSError where the disk refuses.
    """
    model = name_of(manifest)
    final, draft = directory / model, directory / f".{model}.draft"
    if final.is_dir() and _is_whole(directory, model):
        return model
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    for name, data in {**files, MANIFEST: manifest}.items():
        write_file(draft / name, data)
    _sync(draft)
    if final.exists():
        damaged = directory / f".{model}.damaged"
        shutil.rmtree(damaged, ignore_errors=True)
        final.rename(damaged)
    draft.rename(final)
    _sync(directory)
    return model


def write_file(path: Path, data: bytes) -> None:
    """Write and sync one file; never through a link."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """Write whole or not at all, and be on the disk when this returns."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    write_file(draft, data)
    draft.replace(path)
    _sync(path.parent)


def _is_whole(directory: Path, model: str) -> bool:
    try:
        read_model(directory, model)
    except ModelRejected:
        return False
    return True


def _read(path: Path, bytes_max: int) -> bytes:
    """A regular file of bounded size; a pipe, device or link in its place would be waited for, or lead elsewhere."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ModelRejected(f"{path.name} cannot be read: {error.strerror}") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > bytes_max:
        os.close(descriptor)
        raise ModelRejected(f"{path.name} is no file of at most {bytes_max} bytes")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(bytes_max)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
