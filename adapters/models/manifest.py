"""The manifest of a model: how it was made, and the hash of every file; its own hash is the name of the model."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from contracts.model import InputReference, ModelTexts
from contracts.ports import ModelRejected

MANIFEST: Final = "manifest.json"
GOLDEN: Final = "golden.json"
REFERENCE: Final = "reference.json"
"""What the inputs looked like in training; models of before there was one lack it."""
FORMAT: Final = 1


class FileDigest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file must be."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fitted model. Nothing in it tells when or where it was fitted: equal fits have equal names.

    `parent` is the champion at the time, "" for none; times are of the examples, `until_ns` the end of the last label.
    """

    format: int
    files: dict[str, FileDigest]
    schema: str
    inputs: tuple[str, ...]
    levels: tuple[float, ...]
    start: tuple[float, ...]
    spread: tuple[float, ...]
    rounds: int
    checkpoints: tuple[int, ...]
    free: bool
    library: str
    code: str
    data: str
    seed: int
    parameters: dict[str, str]
    from_ns: int
    validated_from_ns: int
    until_ns: int
    trained_rows: int
    validated_rows: int
    scores: dict[str, float]
    curve: tuple[float, ...]
    parent: str

    @property
    def boosters(self) -> tuple[str, ...]:
        """The names of the files with boosters: those with a base by level, then those without."""
        sets = ("residual", "free") if self.free else ("residual",)
        return tuple(f"{each}-{level}.txt" for each in sets for level in range(len(self.levels)))


class GoldenRows(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Inputs, and what the model said of them when it was fitted; null is absent.

    `texts` are the SHA-256 of the boosters, in the order of the files: golden rows go with these texts alone.
    """

    x: tuple[tuple[float | None, ...], ...]
    base: tuple[tuple[float, ...], ...]
    residual: tuple[tuple[float, ...], ...]
    free: tuple[tuple[float, ...], ...]
    texts: tuple[str, ...]


def encode_manifest(manifest: Manifest) -> bytes:
    """The canonical bytes: keys sorted, one to a line."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"


def decode_manifest(data: bytes) -> Manifest:
    """The manifest; raises ModelRejected where the bytes are none, or name files that a model does not have."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelRejected(f"its manifest is none: {error}") from error
    if manifest.format != FORMAT:
        raise ModelRejected(f"its format is {manifest.format}, expected {FORMAT}")
    expected = {GOLDEN, *manifest.boosters}
    if manifest.files.keys() - {REFERENCE} != expected:
        odd = sorted((manifest.files.keys() - {REFERENCE}) ^ expected)
        raise ModelRejected(f"its manifest lists other files than a model has: {', '.join(odd)[:120]}")
    if not (len(manifest.levels) == len(manifest.spread) == len(manifest.start) > 0):
        raise ModelRejected("its levels, spreads and starts differ in number")
    return manifest


def decode_golden(data: bytes) -> GoldenRows:
    """The golden rows; raises ModelRejected where the bytes are none."""
    try:
        return msgspec.json.decode(data, type=GoldenRows)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelRejected(f"its golden rows are none: {error}") from error


def decode_reference(data: bytes, inputs: int) -> InputReference:
    """The reference of so many inputs; raises ModelRejected where the bytes are none."""
    try:
        found = msgspec.json.decode(data, type=InputReference)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelRejected(f"its reference is none: {error}") from error
    if not (
        len(found.places) == len(found.below) == len(found.absent) == len(found.worth) == len(found.wander) == inputs
    ):
        raise ModelRejected(f"its reference is of {len(found.places)} inputs, expected {inputs}")
    return found


def name_of(manifest: bytes) -> str:
    """The name of a model: the SHA-256 of its manifest's bytes."""
    return hashlib.sha256(manifest).hexdigest()


def texts_of(model: str, manifest: Manifest, files: dict[str, bytes]) -> ModelTexts:
    """The model of files whose hashes were checked; raises ModelRejected for what is no text or no reference."""
    try:
        texts = tuple(files[name].decode("ascii") for name in manifest.boosters)
    except UnicodeDecodeError as error:
        raise ModelRejected(f"a booster is no text: {error.reason}") from error
    count, found = len(manifest.levels), files.get(REFERENCE)
    return ModelTexts(
        model=model,
        schema=manifest.schema,
        inputs=manifest.inputs,
        levels=manifest.levels,
        residual=texts[:count],
        free=texts[count:],
        start=manifest.start,
        spread=manifest.spread,
        trained_until_ns=manifest.until_ns,
        examples=manifest.trained_rows + manifest.validated_rows,
        reference=None if found is None else decode_reference(found, len(manifest.inputs)),
    )
