"""What the boosters cost in a decision: nine quantiles of sixty-four instruments, in models of the size fits have."""

import time
from typing import Any

import numpy as np

from contracts.model import ModelTexts
from quant.quantile_regression import BinnedRows, BoosterSettings, LevelFit, QuantileModel, Rows
from quant.quantiles import LEVELS, STUDENT_5

INPUTS = 60
TRAINED = 20_000
REPEATS = 200


def measure() -> dict[str, float]:
    """CPU of one prediction of nine levels, p50 and p90, for 60 and 80 rounds (the most), and of reading a model."""
    figures: dict[str, float] = {}
    fits = _fits()
    chance = np.random.default_rng(1)
    for rounds in (60, 80):
        for fit in fits:
            fit.advance(rounds)
        texts = _texts(fits)
        begun = time.process_time()
        model = QuantileModel.from_texts(texts, schema=texts.schema)
        figures[f"ms_to_read_{rounds}_rounds"] = 1e3 * (time.process_time() - begun)
        for width in (64, 250):
            x, base = chance.normal(size=(width, INPUTS)), np.repeat(STUDENT_5[:, None], width, axis=1)
            spent = sorted(_spent(model, x, base) for _ in range(REPEATS))
            figures[f"ms_9_quantiles_{width}_{rounds}_rounds_p50"] = 1e3 * spent[REPEATS // 2]
            figures[f"ms_9_quantiles_{width}_{rounds}_rounds_p90"] = 1e3 * spent[REPEATS * 9 // 10]
    return figures


def _spent(model: QuantileModel, x: Any, base: Any) -> float:
    begun = time.process_time()
    model.predict(x, base)
    return time.process_time() - begun


def _fits() -> list[LevelFit]:
    chance = np.random.default_rng(0)
    x = chance.normal(size=(TRAINED, INPUTS))
    z = chance.standard_t(5, TRAINED) * np.sqrt(0.6) * (1.0 + 0.15 * x[:, 0]) + 0.05 * x[:, 1]
    base = np.repeat(STUDENT_5[:, None], TRAINED, axis=1)
    cut = TRAINED - 500
    train = Rows(x[:cut], base[:, :cut], z[:cut], np.ones(cut))
    valid = Rows(np.ascontiguousarray(x[cut:]), base[:, cut:], z[cut:], np.ones(500))
    binned = BinnedRows(train, valid, BoosterSettings(), 3)
    return [
        LevelFit(binned, float(level), np.ascontiguousarray(train.base[place]), np.ascontiguousarray(valid.base[place]))
        for place, level in enumerate(LEVELS)
    ]


def _texts(fits: list[LevelFit]) -> ModelTexts:
    return ModelTexts(
        model="ab" * 32,
        schema="5c" * 32,
        inputs=tuple(f"input_{number}" for number in range(INPUTS)),
        levels=tuple(LEVELS.tolist()),
        residual=tuple(fit.text() for fit in fits),
        free=(),
        start=(0.0,) * len(LEVELS),
        spread=(0.0,) * len(LEVELS),
        trained_until_ns=0,
        examples=TRAINED,
    )
