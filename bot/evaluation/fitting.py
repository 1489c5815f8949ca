"""Fits the boosters of a walk-forward step in this process, on the examples that its window holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from bot.evaluation.retraining import Fit
from bot.models.dataset import stacked
from contracts.belief import Example
from contracts.model import ModelTexts
from contracts.quantities import Nanos
from quant.quantile_regression import BoosterSettings
from quant.training import TrainingSettings, fit

ROWS_MAX: Final = 40_000
"""Of more rows than this, every second (third, ...) instant is enough: neighbours share most of their label."""

ROWS_MIN: Final = 1_500


def walk_forward_fit(names: tuple[str, ...], embargo_ns: Nanos, seed: int, threads: int = 1) -> Fit:
    """What fits a model for inputs of these names; None where the examples are too few to hold any out."""

    def fitted(examples: Sequence[Example], until_ns: Nanos) -> ModelTexts | None:
        rows = stacked(thinned(examples), names)
        if int(np.isfinite(rows.z).sum()) < ROWS_MIN:
            return None
        model = fit(rows, TrainingSettings(BoosterSettings(threads=threads), embargo_ns=embargo_ns), seed)
        return model.texts(_name(model.texts()))

    return fitted


def thinned(examples: Sequence[Example]) -> Sequence[Example]:
    """Evenly so many instants that their rows are at most `ROWS_MAX`."""
    rows = sum(len(example.z) for example in examples)
    return examples[:: max(1, -(-rows // ROWS_MAX))]


def _name(texts: ModelTexts) -> str:
    """A model that never leaves this process is known by what is in it."""
    return hashlib.sha256("\n".join((texts.schema, *texts.residual, *texts.free)).encode()).hexdigest()
