"""How far the features of a run are from those a model was trained on, or from those of another run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from adapters.journal.reader import records
from adapters.models.files import read_model
from adapters.models.manifest import REFERENCE, decode_reference
from bot.features.catalogue import NotThere
from bot.features.computed import Computed
from bot.profile import Profile
from bot.replaying import journal_of
from contracts import codec
from contracts.belief import InputDrift, ModelFitted
from quant.booster_inputs import SCALE, BoosterInputs
from quant.features.engine import REGISTRY
from quant.population import ABSENT_MAX, INDEX_MAX
from quant.reference import (
    Reference,
    apart,
    counted,
    furthest_by_chance,
    kolmogorov_p,
    recalled,
    reference_of,
    two_samples,
    worth_of,
)
from quant.rolling import Floats

P_MAX: Final = 1e-3
"""Below it a distance is more than chance gives, though it need not matter."""


class NothingToCompare(NotThere):
    """No reference to hold a run against; exit code 3."""


class Drifted(msgspec.Struct, frozen=True):
    """One feature or input: population index, distance, its p, how much more it is absent, and a verdict.

    `drifted`: as a daemon would judge; `moved`: more than chance, but little; `calm`; `unknown`: absent on a side.
    `said` tells a figure that the run itself said last from one that was made of its features here.
    """

    name: str
    index: float | None
    distance: float | None
    p: float | None
    absent: float | None
    verdict: str
    said: bool = False


def against_model(run: Path, found: Computed, profile: Profile, models: Path, model: str) -> tuple[Drifted, ...]:
    """The inputs of a model that are made of features, over all beats of a run; the others as the run said them.

    Raises NothingToCompare for a model of other inputs, or of before there were references; ModelRejected.
    """
    manifest, files = read_model(models, model)
    inputs = BoosterInputs(
        tuple(profile.agents), REGISTRY.hashes, bar_s=profile.bars.bar_s, horizon_s=profile.horizon_s
    )
    if REFERENCE not in files:
        raise NothingToCompare(f"model {model[:12]} is of before models kept what they were trained on; train it again")
    if manifest.schema != inputs.schema:
        raise NothingToCompare(f"model {model[:12]} was trained on other inputs than those of {run.name}")
    reference = recalled(decode_reference(files[REFERENCE], len(manifest.inputs)))
    names, values = _inputs_of(found)
    places = [manifest.inputs.index(name) for name in names]
    some = Reference(
        reference.places[places],
        reference.below[places],
        reference.absent[places],
        reference.worth[places],
        reference.wander[places],
        reference.instants,
    )
    rows = _judged(names, some, values, float(len(found.at_ns)))
    return (*rows, *_said(run, model, {row.name for row in rows}))


def against_run(found: Computed, other: Computed) -> tuple[Drifted, ...]:
    """Every feature of a run against the same of another one; distances are exact."""
    rows = []
    for name in found.features:
        one, two = found.features[name], other.features[name]
        (index, distance), mine, theirs = two_samples(one.ravel(), two.ravel()), _alone(one), _alone(two)
        worth = mine.worth * theirs.worth / np.maximum(mine.worth + theirs.worth, 1.0)
        p = float(kolmogorov_p(np.array([distance]), worth)[0])
        absent = float((mine.absent - theirs.absent)[0])
        chance = float(furthest_by_chance(theirs, np.maximum(mine.worth, 1.0))[0])
        rows.append(_row(name, index, distance, p, absent, chance))
    return tuple(rows)


def model_in_use(run: Path) -> str:
    """The model that a run used last, "" for none: said to be better, or the champion it began with."""
    used = ""
    for record in records(journal_of(run)):
        if record.type == ModelFitted.__name__ and record.kept:
            said = codec.decode(record.type, record.payload)
            if isinstance(said, ModelFitted) and not said.challenger:
                used = said.model
    return used


def lines(rows: Sequence[Drifted]) -> list[str]:
    """A table for people, the furthest first, what is unknown last."""
    shown = sorted(rows, key=lambda row: (-(row.index if row.index is not None else -1.0), row.name))
    head = f"{'input':<24}{'PSI':>8}{'KS':>8}{'p':>10}{'absent':>9}  verdict"
    return [head, *(_line(row) for row in shown)]


def _line(row: Drifted) -> str:
    figures = (
        f"{_text(row.index, '8.3f')}{_text(row.distance, '8.3f')}{_text(row.p, '10.2g')}{_text(row.absent, '+9.1%')}"
    )
    return f"{row.name:<24}{figures}  {row.verdict}{' (as said)' if row.said else ''}"


def _text(value: float | None, form: str) -> str:
    width = int(form.strip("+").split(".")[0])
    return "-".rjust(width) if value is None else format(value, form)


def _inputs_of(found: Computed) -> tuple[tuple[str, ...], Floats]:
    """The inputs that are made of features alone: names, and values (inputs, beats * instruments), beat by beat."""
    inputs = BoosterInputs((), REGISTRY.hashes, bar_s=found.bar_s, horizon_s=found.bar_s)
    table = np.stack([found.features[name] for name in REGISTRY.names])
    width, scale = len(found.symbols), REGISTRY.index[SCALE]
    nobody, nothing = np.empty((0, width)), np.full(width, np.nan)
    beats = [inputs.width(table[:, :, at], nobody, nothing, table[scale, :, at]) for at in range(len(found.at_ns))]
    keep = [row for row, name in enumerate(inputs.width_names) if name != "pool_deviation"]
    return tuple(inputs.width_names[row] for row in keep), np.concatenate(beats, axis=1)[keep]


def _judged(names: Sequence[str], reference: Reference, values: Floats, frames: float) -> tuple[Drifted, ...]:
    below, known = counted(reference, values)
    worth = worth_of(reference, frames)
    share = below / np.where(known > 0.0, known, np.nan)[:, None]
    found = apart(reference, share, 1.0 - known / values.shape[1], worth)
    chance = furthest_by_chance(reference, worth)
    columns = (each.tolist() for each in (*found, chance))
    return tuple(_row(name, *figures) for name, figures in zip(names, zip(*columns, strict=True), strict=True))


def _row(name: str, index: float, distance: float, p: float, absent: float, chance: float) -> Drifted:
    verdict = "calm"
    if index > max(INDEX_MAX, chance) or absent > ABSENT_MAX:
        verdict = "drifted"
    elif index != index:
        verdict = "unknown"
    elif p < P_MAX:
        verdict = "moved"
    return Drifted(name, _known(index), _known(distance), _known(p), _known(absent), verdict)


def _known(value: float) -> float | None:
    return None if value != value else value


def _alone(values: Floats) -> Reference:
    """What one feature (instruments, times) looked like, as a reference of one input."""
    instruments, times = values.shape
    return reference_of(values.T.reshape(-1, 1), np.repeat(np.arange(times), instruments))


def _said(run: Path, model: str, known: set[str]) -> tuple[Drifted, ...]:
    """What the run said last of inputs that no feature shows: the words of agents, the pool, the regime."""
    last: InputDrift | None = None
    for record in records(journal_of(run)):
        if record.type == InputDrift.__name__ and record.kept:
            said = codec.decode(record.type, record.payload)
            last = said if isinstance(said, InputDrift) and said.model == model else last
    if last is None:
        return ()
    columns = (getattr(last, name).values.tolist() for name in ("divergence", "distance", "p", "absent"))
    figures = zip(*columns, strict=True)
    rows = [
        _row(name, index, distance, p, absent, 0.0)
        for name, (index, distance, p, absent) in zip(last.names, figures, strict=True)
    ]
    return tuple(
        msgspec.structs.replace(row, verdict=_as_said(row, last), said=True) for row in rows if row.name not in known
    )


def _as_said(row: Drifted, last: InputDrift) -> str:
    if row.name in last.drifted:
        return "drifted"
    return "calm" if row.verdict == "drifted" else row.verdict
