"""A fitted model as files: boosters, golden rows, and the manifest that names them all."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np

from adapters.models.manifest import FORMAT, GOLDEN, REFERENCE, FileDigest, GoldenRows, Manifest
from quant.reference import kept
from quant.rolling import Floats
from quant.training import FittedModel, Golden


def bundle(fitted: FittedModel, *, code: str, parent: str) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the files it lists; equal models, code and parent give equal bytes."""
    reference = msgspec.json.encode(kept(fitted.reference))
    files = {GOLDEN: msgspec.json.encode(golden_rows(fitted.golden)), REFERENCE: reference}
    for name, texts in (("residual", fitted.residual), ("free", fitted.free)):
        files |= {f"{name}-{level}.txt": text.encode("ascii") for level, text in enumerate(texts)}
    digests = {name: FileDigest(hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}
    manifest = Manifest(
        format=FORMAT,
        files=digests,
        schema=fitted.schema,
        inputs=fitted.names,
        levels=fitted.levels,
        start=fitted.start,
        spread=fitted.spread,
        rounds=fitted.rounds,
        checkpoints=fitted.checkpoints,
        free=bool(fitted.free),
        library=fitted.library,
        code=code,
        data=fitted.data,
        seed=fitted.seed,
        parameters=fitted.parameters,
        from_ns=fitted.from_ns,
        validated_from_ns=fitted.validated_from_ns,
        until_ns=fitted.until_ns,
        trained_rows=fitted.trained_rows,
        validated_rows=fitted.validated_rows,
        scores=fitted.scores,
        curve=fitted.curve,
        parent=parent,
    )
    return manifest, files


def golden_rows(golden: Golden) -> GoldenRows:
    """Golden rows as they are written; NaN becomes null."""
    x = tuple(tuple(None if value != value else value for value in row) for row in golden.x.tolist())
    return GoldenRows(
        x=x,
        base=_rows(golden.base),
        residual=_rows(golden.residual),
        free=_rows(golden.free),
        texts=golden.texts,
    )


def golden_of(rows: GoldenRows) -> Golden:
    """Golden rows as they were; raises ValueError where they are no rectangles."""
    x = np.array([[np.nan if value is None else value for value in row] for row in rows.x])
    return Golden(x, np.array(rows.base), np.array(rows.residual), np.array(rows.free), rows.texts)


def _rows(values: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.tolist())
