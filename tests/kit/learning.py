"""Examples of a small world whose spread depends on one input, so that boosters have something to learn."""

import numpy as np

from contracts.model import ModelTexts
from quant.quantile_regression import BinnedRows, BoosterSettings, LevelFit, Rows
from quant.quantiles import LEVELS, STUDENT_5
from quant.training import Examples, TrainingSettings

NAMES = ("calm", "drift", "noise")
SCHEMA = "5c" * 32
SMALL = BoosterSettings(leaves=4, learning_rate=0.1, leaf_rows=20)


def a_world(rows: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x (rows, 3), base (9, rows) and z (rows,): the spread doubles where the first input is positive."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(rows, len(NAMES)))
    z = chance.standard_normal(rows) * np.where(x[:, 0] > 0, 1.4, 0.7) + 0.1 * x[:, 1]
    x[chance.random(x.shape) < 0.05] = np.nan
    return x, np.repeat(STUDENT_5[:, None], rows, axis=1), z


def some_rows(rows: int, seed: int = 7) -> Rows:
    x, base, z = a_world(rows, seed)
    return Rows(x, base, z, np.ones(rows))


def level_fits(rows: int = 600, rounds: int = 12, settings: BoosterSettings = SMALL) -> list[LevelFit]:
    binned = BinnedRows(some_rows(rows), some_rows(rows // 4, 8), settings, 3)
    fits = []
    for place, level in enumerate(LEVELS):
        fits.append(LevelFit(binned, float(level), binned.train.base[place], binned.valid.base[place]))
        fits[-1].advance(rounds)
    return fits


def some_texts(rounds: int = 12, *, schema: str = SCHEMA) -> ModelTexts:
    """A model of nine small boosters that start from the base, and the same nine that start from a constant."""
    texts = tuple(fit.text() for fit in level_fits(rounds=rounds))
    return ModelTexts(
        model="ab" * 32,
        schema=schema,
        inputs=NAMES,
        levels=tuple(LEVELS.tolist()),
        residual=texts,
        free=texts,
        start=tuple(STUDENT_5.tolist()),
        spread=(0.0,) * len(LEVELS),
        trained_until_ns=1,
        examples=600,
    )


def some_examples(instants: int = 150, width: int = 6, seed: int = 7, *, step_ns: int = 10**9) -> Examples:
    """Examples of `width` instruments at each instant, whose labels overlap those of the next two."""
    x, base, z = a_world(instants * width, seed)
    said = np.repeat(np.arange(1, instants + 1, dtype=np.int64) * step_ns, width)
    return Examples(x, base, z, np.full(len(z), 1 / 3), said, said + 3 * step_ns, NAMES, SCHEMA)


QUICK = TrainingSettings(boosters=SMALL, rounds_max=24, patience=8, embargo_ns=10**9, free=True)
