"""Gradient-boosted quantiles: the only door to LightGBM, for fitting one level and for predicting all of them.

Every booster runs with a fixed number of threads, deterministically; predictions always with one thread, because more
of them under contention make the slowest answers a hundred times slower. `Booster.refit` is not used: with the
quantile objective it averages residuals into leaves that hold percentiles, and the tails are lost.

Sources: Koenker & Bassett, Econometrica 46(1) 1978 (pinball loss); Ke et al., NeurIPS 2017 (LightGBM).
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from contracts.model import ModelTexts
from contracts.ports import ModelRejected
from quant.rolling import Floats

END_OF_TREES: Final = "end of trees\n"


UNUSED: Final = ("sklearn", "pandas", "pyarrow", "matplotlib", "graphviz", "dask", "polars")
"""What LightGBM would import for wrappers that nobody here calls: two to three seconds of every start."""


@cache
def library() -> Any:
    """LightGBM, imported when first needed and without its wrappers; others may import those afterwards as ever."""
    absent = [name for name in UNUSED if name not in sys.modules]
    hidden: dict[str, Any] = dict.fromkeys(absent)
    sys.modules.update(hidden)
    try:
        import lightgbm
    finally:
        for name in absent:
            del sys.modules[name]
    return lightgbm


class BoosterSettings(NamedTuple):
    """How boosters are grown; `leaf_share` of the rows, and at least `leaf_rows`, must lie in every leaf."""

    leaves: int = 15
    learning_rate: float = 0.035
    leaf_rows: int = 100
    leaf_share: float = 0.003
    feature_fraction: float = 0.5
    bagging_fraction: float = 0.5
    l2: float = 10.0
    bins: int = 63
    threads: int = 1


def library_version() -> str:
    """The version of LightGBM in use."""
    return str(library().__version__)


def parameters(settings: BoosterSettings, level: float, rows: int, seed: int) -> dict[str, Any]:
    """LightGBM's parameters for one level on that many rows."""
    return {
        "objective": "quantile",
        "alpha": level,
        "num_leaves": settings.leaves,
        "learning_rate": settings.learning_rate,
        "min_data_in_leaf": max(settings.leaf_rows, int(np.ceil(settings.leaf_share * rows))),
        "feature_fraction": settings.feature_fraction,
        "bagging_fraction": settings.bagging_fraction,
        "bagging_freq": 1,
        "lambda_l2": settings.l2,
        "max_bin": settings.bins,
        "boost_from_average": False,
        "deterministic": True,
        "force_col_wise": True,
        "seed": seed,
        "num_threads": settings.threads,
        "metric": "None",
        "verbosity": -1,
    }


class Rows(NamedTuple):
    """Training or validation rows: x (rows, inputs), base (levels, rows), z (rows,), weight (rows,); all C float64."""

    x: Floats
    base: Floats
    z: Floats
    weight: Floats


class BinnedRows:
    """Training and validation rows binned once, shared by the boosters of all levels."""

    def __init__(self, train: Rows, valid: Rows, settings: BoosterSettings, seed: int) -> None:
        self.train, self.valid, self.settings, self.seed = train, valid, settings, seed
        shared = parameters(settings, 0.5, len(train.z), seed)
        self._binned = library().Dataset(train.x, train.z, weight=train.weight, params=shared).construct()
        self._watched = self._binned.create_valid(valid.x, valid.z, weight=valid.weight, params=shared).construct()

    def booster(self, level: float, train_base: Floats, valid_base: Floats) -> Any:
        """A booster of no tree yet that starts from these bases; it keeps copies of them."""
        self._binned.set_init_score(train_base)
        self._watched.set_init_score(valid_base)
        booster = library().Booster(parameters(self.settings, level, len(self.train.z), self.seed), self._binned)
        booster.add_valid(self._watched, "valid")
        return booster


class LevelFit:
    """The growing booster of one level; `curve[r]` is the pinball loss on the validation rows after r rounds.

    A round in which no split is worth making adds no tree, and the next draws other rows and inputs: `trees[r]` is how
    many there are after r rounds. Law: the first r entries and their trees do not depend on how many rounds follow, nor
    on the number of threads.
    """

    def __init__(self, rows: BinnedRows, level: float, train_base: Floats, valid_base: Floats) -> None:
        self._booster = rows.booster(level, train_base, valid_base)
        self._level = level
        self._valid = rows.valid
        self.curve = [pinball(rows.valid.z, valid_base, level, rows.valid.weight)]
        self.trees = [0]

    def advance(self, rounds: int) -> None:
        """Grow to that many rounds."""
        while len(self.curve) <= rounds:
            self._booster.update()
            losses: list[Any] = self._booster.eval_valid(self._pinball)
            self.curve.append(float(losses[0][2]))
            self.trees.append(int(self._booster.num_trees()))

    def text(self) -> str:
        """All rounds so far in canonical form."""
        return canonical(self._booster.model_to_string())

    def _pinball(self, predicted: Floats, _: Any) -> tuple[str, float, bool]:
        return "pinball", pinball(self._valid.z, predicted, self._level, self._valid.weight), False


def pinball(z: Floats, predicted: Floats, level: float, weight: Floats) -> float:
    """Weighted mean of the pinball loss of one level: (level - 1{z < q}) * (z - q)."""
    miss = z - predicted
    return float(np.average(np.maximum(level * miss, (level - 1.0) * miss), weights=weight))


def canonical(text: str) -> str:
    """A model's text without what prediction does not need: importances, and parameters that name the machine.

    Raises ValueError where the text has no end of trees.
    """
    head, found, _ = text.partition(END_OF_TREES)
    if not found:
        raise ValueError("a booster's text was cut: it has no 'end of trees'")
    return head + found


def staged(text: str, x: Floats, trees: tuple[int, ...]) -> Floats:
    """What the first trees of a booster add to the base, (len(trees), rows), for each number of trees."""
    booster = library().Booster(model_str=text)
    return np.stack([booster.predict(x, raw_score=True, num_iteration=each, num_threads=1) for each in trees])


class QuantileModel:
    """Predicts the quantiles of z at all levels; built of text that the store has verified.

    `predict` starts from the base of each row, `predict_free` from the constant of each level. Both rise along the
    levels (sorted: Chernozhukov, Fernandez-Val & Galichon, Econometrica 78(3) 2010, never further from the truth) and
    are widened around the median by the spread of the checkpoints: q_med + (q - q_med) sqrt(1 + spread^2). NaN in an
    input means absent; a row whose base is not finite gets NaN.
    """

    def __init__(self, texts: ModelTexts) -> None:
        self.model, self.schema, self.inputs = texts.model, texts.schema, texts.inputs
        self.levels: Floats = np.array(texts.levels)
        self.has_free = bool(texts.free)
        self._residual = tuple(_booster(text, texts) for text in texts.residual)
        self._free = tuple(_booster(text, texts) for text in texts.free)
        self._start: Floats = np.array(texts.start)[:, None]
        self._factor: Floats = np.sqrt(1.0 + np.square(np.array(texts.spread)))[:, None]
        self._median = int(np.argmin(np.abs(self.levels - 0.5)))
        self._rows: Floats = np.empty((0, len(texts.inputs)))

    @classmethod
    def from_texts(cls, texts: ModelTexts, *, schema: str) -> QuantileModel:
        """The model, for inputs of that schema; raises ModelRejected where it was trained on others."""
        if texts.schema != schema:
            raise ModelRejected(
                f"model {texts.model[:12]} was trained on inputs {texts.schema[:12]}, expected {schema[:12]}"
            )
        count = len(texts.levels)
        if not (len(texts.residual) == len(texts.spread) == count and len(texts.free) in (0, count)):
            raise ModelRejected(
                f"model {texts.model[:12]} has {len(texts.residual)} + {len(texts.free)} boosters "
                f"and {len(texts.spread)} spreads for {count} levels"
            )
        return cls(texts)

    def predict(self, x: Floats, base: Floats) -> Floats:
        """Quantiles (levels, rows) of x (rows, inputs) from base (levels, rows); raises ValueError for inf."""
        if base.shape != (len(self.levels), len(x)):
            raise ValueError(f"base has shape {base.shape}, expected {(len(self.levels), len(x))}")
        return self._shaped(base + self._raw(self._residual, x))

    def predict_free(self, x: Floats) -> Floats:
        """Quantiles (levels, rows) of x (rows, inputs) alone; raises ValueError for inf, or without such a set."""
        if not self._free:
            raise ValueError(f"model {self.model[:12]} has no boosters without a base")
        return self._shaped(self._start + self._raw(self._free, x))

    def _raw(self, boosters: tuple[Any, ...], x: Floats) -> Floats:
        rows = self._checked(x)
        found: Floats = np.empty((len(boosters), len(rows)))
        if len(rows):
            for place, booster in enumerate(boosters):
                found[place] = booster.predict(rows, raw_score=True, num_threads=1)
        return found

    def _checked(self, x: Floats) -> Floats:
        """The rows in the one buffer that LightGBM reads without copying."""
        if x.ndim != 2 or x.shape[1] != len(self.inputs):
            raise ValueError(f"inputs have shape {x.shape}, expected (rows, {len(self.inputs)})")
        if len(x) > len(self._rows):
            self._rows = np.empty(x.shape)
        rows = self._rows[: len(x)]
        rows[...] = x
        infinite = np.isinf(rows)
        if infinite.any():
            row, column = (int(each[0]) for each in np.nonzero(infinite))
            raise ValueError(f"input {self.inputs[column]} was {x[row, column]} in row {row}, expected finite or NaN")
        return rows

    def _shaped(self, quantiles: Floats) -> Floats:
        quantiles = np.sort(quantiles, axis=0)
        middle = quantiles[self._median]
        widened: Floats = np.sort(middle + (quantiles - middle) * self._factor, axis=0)
        widened[:, ~np.isfinite(widened).all(axis=0)] = np.nan
        return widened


def _booster(text: str, texts: ModelTexts) -> Any:
    booster = library().Booster(model_str=text)
    if booster.num_feature() != len(texts.inputs):
        raise ModelRejected(
            f"model {texts.model[:12]} has a booster of {booster.num_feature()} inputs, expected {len(texts.inputs)}"
        )
    return booster
