"""Training a model: fit, publish, probe, judge against the champion, and promote by evidence alone."""

from __future__ import annotations

import msgspec
import numpy as np

from adapters.models.store import ModelStore
from bot.models.bundle import bundle
from bot.models.keeping import KeptLevels
from contracts.model import ModelTexts
from contracts.ports import ModelRejected
from quant.promotion import Judgement, judge
from quant.quantile_regression import QuantileModel
from quant.training import Examples, FittedModel, Told, TrainingSettings, fit


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """What a training run brought. `against` is what the model was judged by: the champion, or `base` where none is."""

    model: str
    champion: bool
    promoted: bool
    against: str
    judgement: Judgement
    scores: dict[str, float]
    curve: tuple[float, ...]
    parameters: dict[str, str]
    rounds: int
    trained_rows: int
    validated_rows: int
    schema: str
    seed: int
    data: str
    until_ns: int
    taken_up: int


def train(
    examples: Examples,
    settings: TrainingSettings,
    seed: int,
    store: ModelStore,
    *,
    code: str,
    promote: bool,
    told: Told,
) -> Trained:
    """Fit and publish a model, and make it champion where the evidence says so and `promote` allows it.

    Killed at any time and run again, it goes on from the levels that were grown and publishes the same bytes. Raises
    ValueError for examples that cannot be learned from, ModelRejected where the probe refuses what was fitted.
    """
    kept = KeptLevels(store.directory / "work")
    fitted = fit(examples, settings, seed, kept=kept, told=told)
    champion = store.champion.name()
    model = store.publish(*bundle(fitted, code=code, parent=_parent(store, champion, fitted)))
    store.check(model)
    kept.clear()
    against, judgement = _judged(examples, fitted, store, champion if champion != model else "")
    promoted = promote and judgement.promote and model != champion
    if promoted:
        store.champion.point(model, "promote", f"against {against[:12]}: t {judgement.t:.2f} on {judgement.labels}")
    return Trained(
        model=model,
        champion=promoted or model == champion,
        promoted=promoted,
        against=against,
        judgement=judgement,
        scores=fitted.scores,
        curve=fitted.curve,
        parameters=fitted.parameters,
        rounds=fitted.rounds,
        trained_rows=fitted.trained_rows,
        validated_rows=fitted.validated_rows,
        schema=fitted.schema,
        seed=fitted.seed,
        data=fitted.data,
        until_ns=fitted.until_ns,
        taken_up=kept.taken_up,
    )


def _parent(store: ModelStore, champion: str, fitted: FittedModel) -> str:
    """The champion; its own parent where it is this very fit, so that fitting again after promotion changes nothing."""
    if not champion:
        return ""
    try:
        known = store.manifest(champion)
    except ModelRejected:
        return ""
    same = (known.data, known.parameters, known.seed) == (fitted.data, fitted.parameters, fitted.seed)
    return known.parent if same else champion


def _judged(examples: Examples, fitted: FittedModel, store: ModelStore, champion: str) -> tuple[str, Judgement]:
    """Judge on the validation rows; those a champion has learned from do not count for either."""
    other: ModelTexts | None = None
    if champion:
        try:
            texts = store.texts(champion)
            other = texts if texts.schema == fitted.schema else None
        except ModelRejected:
            other = None
    since = max(fitted.validated_from_ns, other.trained_until_ns if other else 0)
    rows = np.flatnonzero(examples.said_ns >= since)
    x, base = examples.x[rows], np.ascontiguousarray(examples.base[:, rows])
    said = QuantileModel(fitted.texts()).predict(x, base)
    held = QuantileModel(other).predict(x, base) if other else np.sort(base, axis=0)
    lag = _overlap(examples.said_ns[rows], examples.end_ns[rows])
    return champion if other else "base", judge(examples.z[rows], said, held, examples.said_ns[rows], lag=2 * lag)


def _overlap(said_ns: np.ndarray, end_ns: np.ndarray) -> int:
    """Over how many instants a label lives."""
    instants = np.unique(said_ns)
    if not len(instants):
        return 1
    lives = np.searchsorted(instants, end_ns) - np.searchsorted(instants, said_ns)
    return max(1, int(np.median(lives)))
