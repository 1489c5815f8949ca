"""From examples to a fitted model: all levels grown side by side until, together, they stop getting better.

`fit` is a pure function: equal examples, settings and seed give equal bytes, whatever the number of threads, however
often it was interrupted and taken up, and in whatever order the instruments stood.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import numpy as np

from contracts.model import ModelTexts
from quant.growing import Grower, Kept, Nothing, Told, TrainingSettings
from quant.quantile_regression import QuantileModel, Rows, library_version, parameters
from quant.quantiles import LEVELS
from quant.reference import Reference, reference_of
from quant.reference import kept as kept_reference
from quant.rolling import Floats
from quant.scores import coverage, mean_pinball
from quant.validation import Times, holdout

__all__ = ["Examples", "FittedModel", "Golden", "Kept", "Nothing", "Told", "TrainingSettings", "fit"]

Z_MAX: Final = 8.0
"""Targets are winsorised here in training, so that one crash does not own the leaves of the outer levels."""

GOLDEN_ROWS: Final = 64
EXAMPLES_MIN: Final = 50


class Examples(NamedTuple):
    """Stacked examples: x (rows, inputs), base (levels, rows), z, weight, said_ns, end_ns (rows,).

    `schema` is the hash of the names of the inputs in their order. NaN in x means absent; rows without z, or without a
    base at every level, are left out of training.
    """

    x: Floats
    base: Floats
    z: Floats
    weight: Floats
    said_ns: Times
    end_ns: Times
    names: tuple[str, ...]
    schema: str
    levels: tuple[float, ...] = tuple(LEVELS.tolist())


class Golden(NamedTuple):
    """Rows with what the model said of them when it was fitted, and the SHA-256 of each booster's text."""

    x: Floats
    base: Floats
    residual: Floats
    free: Floats
    texts: tuple[str, ...]


class FittedModel(NamedTuple):
    """Everything about a model: its text, how it was made, and how good it was on rows it was not grown on.

    `curve` is the mean loss over the levels after each round, from none on; `rounds` and `checkpoints` are of the
    residual set; `reference` is what the inputs looked like on the rows they were.
    """

    residual: tuple[str, ...]
    free: tuple[str, ...]
    start: tuple[float, ...]
    spread: tuple[float, ...]
    rounds: int
    checkpoints: tuple[int, ...]
    curve: tuple[float, ...]
    scores: dict[str, float]
    names: tuple[str, ...]
    schema: str
    levels: tuple[float, ...]
    from_ns: int
    validated_from_ns: int
    until_ns: int
    trained_rows: int
    validated_rows: int
    data: str
    seed: int
    library: str
    parameters: dict[str, str]
    golden: Golden
    reference: Reference

    def texts(self, model: str = "") -> ModelTexts:
        """What a `QuantileModel` is built of, under the name of its manifest."""
        return ModelTexts(
            model=model,
            schema=self.schema,
            inputs=self.names,
            levels=self.levels,
            residual=self.residual,
            free=self.free,
            start=self.start,
            spread=self.spread,
            trained_until_ns=self.until_ns,
            examples=self.trained_rows + self.validated_rows,
            reference=kept_reference(self.reference),
        )


def _nobody(what: str, done: int, most: int) -> None:
    """Nobody wants to know."""


def fit(
    examples: Examples, settings: TrainingSettings, seed: int, *, kept: Kept | None = None, told: Told = _nobody
) -> FittedModel:
    """Fit both sets of boosters; raises ValueError for inf, shapes that differ, or too few examples."""
    known = _canonical_rows(_checked(examples))
    split = holdout(known.said_ns, known.end_ns, share=settings.validation_share, embargo_ns=settings.embargo_ns)
    if min(len(split.train), len(split.test)) < EXAMPLES_MIN:
        raise ValueError(
            f"{len(split.train)} examples to train on and {len(split.test)} to validate, expected {EXAMPLES_MIN} each"
        )
    train, valid = (_rows(known, part) for part in (split.train, split.test))
    data = digest(known)
    start = np.array([weighted_quantile(train.z, train.weight, level) for level in known.levels])
    grow = Grower(train, valid, known.levels, settings, seed, kept or Nothing(), told, data)
    residual = grow.together("residual", train.base, valid.base)
    free = None
    if settings.free:
        constant = [np.repeat(start[:, None], len(rows.z), axis=1) for rows in (train, valid)]
        free = grow.together("free", *constant)
    fitted = FittedModel(
        residual=residual.texts,
        free=free.texts if free else (),
        start=tuple(start.tolist()),
        spread=residual.spread,
        rounds=residual.rounds,
        checkpoints=residual.checkpoints,
        curve=residual.curve,
        scores={},
        names=known.names,
        schema=known.schema,
        levels=known.levels,
        from_ns=int(known.said_ns[0]),
        validated_from_ns=int(known.said_ns[split.test].min()),
        until_ns=int(known.end_ns.max()),
        trained_rows=len(split.train),
        validated_rows=len(split.test),
        data=data,
        seed=seed,
        library=library_version(),
        parameters=_described(settings, len(split.train), seed),
        golden=Golden(known.x[:0], known.base[:, :0], known.base[:, :0], known.base[:, :0], ()),
        reference=reference_of(train.x, known.said_ns[split.train]),
    )
    return fitted._replace(scores=_scores(fitted, valid), golden=_golden(fitted, known))


def weighted_quantile(values: Floats, weights: Floats, level: float) -> float:
    """The smallest value at or below which at least that share of the weight lies."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order])
    place = int(np.searchsorted(share, level * share[-1]))
    return float(values[order][min(place, len(values) - 1)])


def digest(examples: Examples) -> str:
    """SHA-256 of everything in the examples."""
    found = hashlib.sha256(repr((examples.names, examples.schema, examples.levels, examples.x.shape)).encode())
    for column in (examples.x, examples.base, examples.z, examples.weight, examples.said_ns, examples.end_ns):
        found.update(np.ascontiguousarray(column).tobytes())
    return found.hexdigest()


def _checked(examples: Examples) -> Examples:
    rows, levels = len(examples.z), len(examples.levels)
    shapes = {
        "x": (examples.x.shape, (rows, len(examples.names))),
        "base": (examples.base.shape, (levels, rows)),
        "weight": (examples.weight.shape, (rows,)),
        "said_ns": (examples.said_ns.shape, (rows,)),
        "end_ns": (examples.end_ns.shape, (rows,)),
    }
    for name, (shape, wanted) in shapes.items():
        if shape != wanted:
            raise ValueError(f"{name} has shape {shape}, expected {wanted}")
    infinite = np.isinf(examples.x).any(axis=0)
    if infinite.any():
        raise ValueError(f"input {examples.names[int(np.argmax(infinite))]} has inf in it, expected finite or NaN")
    return examples


def _canonical_rows(examples: Examples) -> Examples:
    """Rows with a label and a base, by time and then by content; inputs rounded to what binning can tell apart.

    Bagging draws row numbers, so the order must not depend on how instruments were numbered; and sums over instruments
    in another order differ in their last bits.
    """
    weighed = np.isfinite(examples.weight) & (examples.weight > 0.0)
    known = np.flatnonzero(np.isfinite(examples.z) & np.isfinite(examples.base).all(axis=0) & weighed)
    x = examples.x[known].astype(np.float32).astype(np.float64)
    z = np.clip(examples.z[known], -Z_MAX, Z_MAX)
    order = np.lexsort((*x.T[::-1], z.astype(np.float32), examples.said_ns[known]))
    rows = known[order]
    return examples._replace(
        x=np.ascontiguousarray(x[order]),
        base=np.ascontiguousarray(examples.base[:, rows]),
        z=z[order],
        weight=examples.weight[rows],
        said_ns=examples.said_ns[rows],
        end_ns=examples.end_ns[rows],
    )


def _rows(examples: Examples, part: Times) -> Rows:
    base = np.ascontiguousarray(examples.base[:, part])
    return Rows(np.ascontiguousarray(examples.x[part]), base, examples.z[part], examples.weight[part])


def _described(settings: TrainingSettings, rows: int, seed: int) -> dict[str, str]:
    grown = parameters(settings.boosters, 0.5, rows, seed)
    left_out = ("alpha", "num_threads", "seed", "verbosity", "metric")
    told = {name: str(value) for name, value in grown.items() if name not in left_out}
    own = {name: str(getattr(settings, name)) for name in settings._fields if name != "boosters"}
    return dict(sorted({**told, **own}.items()))


def _scores(fitted: FittedModel, valid: Rows) -> dict[str, float]:
    """Mean pinball of base, model and free set on the validation rows, skill of the model, and its coverage."""
    model = QuantileModel(fitted.texts())
    levels = np.array(fitted.levels)
    said = model.predict(valid.x, valid.base)

    def loss(quantiles: Floats) -> float:
        return float(np.average(mean_pinball(quantiles, valid.z, levels), weights=valid.weight))

    base, own = loss(np.sort(valid.base, axis=0)), loss(said)
    central = coverage(said, valid.z, levels)
    scores = {"pinball_base": base, "pinball": own, "skill": 1.0 - own / base}
    if model.has_free:
        scores["pinball_free"] = loss(model.predict_free(valid.x))
    return scores | {f"coverage_{share}": float(one) for share, one in zip((50, 90, 98), central)}


def _golden(fitted: FittedModel, examples: Examples) -> Golden:
    """Rows spread evenly over the whole window."""
    chosen = np.unique(np.linspace(0, len(examples.z) - 1, GOLDEN_ROWS).round().astype(np.int64))
    model = QuantileModel(fitted.texts())
    x, base = examples.x[chosen], np.ascontiguousarray(examples.base[:, chosen])
    free = model.predict_free(x) if model.has_free else base[:, :0]
    texts = tuple(hashlib.sha256(text.encode()).hexdigest() for text in fitted.residual + fitted.free)
    return Golden(x, base, model.predict(x, base), free, texts)
