"""Which other policy a run is held against: another profile, other values in the run's own, or another model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from adapters.models.store import ModelStore
from bot.configuration import BadConfiguration, Layered, convert, shipped
from bot.environment import ENVIRONMENT_PREFIX, overrides
from bot.models.places import pinned_of, shelf_of
from bot.profile import Profile, load
from contracts.belief import ModelFitted
from contracts.model import ModelTexts
from contracts.ports import ModelShelf
from quant.booster_inputs import BoosterInputs
from quant.features.engine import REGISTRY

WITHOUT_EFFECT: Final = (
    "name", "world", "stage", "process", "runs", "health", "cadence", "feed", "trainer", "models", "desk", "ledger",
    "orders", "simulated", "history",
)  # fmt: skip
"""Sections that shape the outside or the account, which are as they were recorded whatever the policy is."""


class Change(msgspec.Struct, frozen=True):
    """One value of the profile that differs; `effect` is false where it can change no decision of a recorded run."""

    key: str
    was: Any
    now: Any
    effect: bool


class Policy(NamedTuple):
    """Who decides in the second life, and what of it is not as recorded.

    With `fitted` that model is told before the first beat and every recorded one is left out.
    """

    profile: Profile
    models: ModelShelf
    fitted: ModelFitted | None
    changed: tuple[Change, ...]


class ModelChosen:
    """The models that a run pinned, and one more from the store; nothing is ever pinned or crowned."""

    def __init__(self, pinned: ModelShelf, store: ModelStore, model: str) -> None:
        self._pinned, self._store, self._model = pinned, store, model

    def champion(self) -> str:
        """The chosen one."""
        return self._model

    def adopt(self, model: str) -> ModelTexts:
        """The same as its texts."""
        return self.texts(model)

    def crown(self, model: str, why: str) -> None:
        """Nobody is crowned in a comparison."""

    def texts(self, model: str) -> ModelTexts:
        """The boosters of the chosen one from the store, of others from the run; raises ModelRejected."""
        return self._store.texts(model) if model == self._model else self._pinned.texts(model)


def policy_of(
    run: Path, recorded: Profile, wanted: str, sets: tuple[str, ...], environment: Mapping[str, str], store: ModelStore
) -> Policy:
    """The policy that a name (a profile, its file, a model, or nothing) and `section.key=value` pairs speak of.

    Raises BadConfiguration, also for a model of other inputs; ModelAbsent or ModelRejected for one that is not there or
    not sound.
    """
    laid = dict(_pair(each) for each in sets)
    pinned = shelf_of(pinned_of(run), run)
    if wanted and (wanted.endswith(".toml") or wanted in shipped()):
        profile = load(wanted, dict(environment) | laid)
        return Policy(profile, pinned, None, differences(recorded, profile))
    profile = with_values(recorded, laid)
    changed = differences(recorded, profile)
    if not wanted:
        return Policy(profile, pinned, None, changed)
    name = store.find(wanted)
    texts = store.texts(name)
    _fits(texts, profile)
    fitted = ModelFitted(
        model=name,
        schema=texts.schema,
        trained_until_ns=texts.trained_until_ns,
        examples=texts.examples,
        challenger=False,
        detail="chosen to be compared",
    )
    return Policy(profile, ModelChosen(pinned, store, name), fitted, changed)


def _fits(texts: ModelTexts, profile: Profile) -> None:
    """The blend would refuse a model of other inputs without a word, and nothing would differ."""
    inputs = BoosterInputs(
        tuple(profile.agents), REGISTRY.hashes, bar_s=profile.bars.bar_s, horizon_s=profile.horizon_s
    )
    if texts.schema != inputs.schema:
        other = [name for name in texts.inputs if name not in inputs.names][:3]
        raise BadConfiguration(
            f"model {texts.model[:12]}",
            [
                f"was fitted on inputs of schema {texts.schema[:12]}, the profile of the run has {inputs.schema[:12]}"
                + (
                    f" (without {', '.join(other)})"
                    if other
                    else "; agents, bar, horizon and features must be the same"
                )
            ],
        )


def with_values(profile: Profile, laid: Mapping[str, str]) -> Profile:
    """The profile with `BOT__SECTION__KEY` values laid over it; raises BadConfiguration with what is wrong."""
    layered = Layered(msgspec.json.decode(msgspec.json.encode(profile)), {})
    for override in overrides(laid, layered.values, float):
        *path, key = override.path
        table: Any = layered.values
        for step in path:
            table = table.setdefault(step, {}) if isinstance(table, dict) else None
        if not key or not isinstance(table, dict):
            raise BadConfiguration(f"--set {'.'.join(override.path)}", ["names no key of a profile"])
        table[key] = override.value
        layered.texts[".".join(override.path)] = override.text
    return convert(layered, Profile, f"profile {profile.name!r} of the run with what was set")


def differences(was: Profile, now: Profile) -> tuple[Change, ...]:
    """Every value that differs, in the order of the profile; an agent that only one has is one change."""
    before, after = (msgspec.json.decode(msgspec.json.encode(each)) for each in (was, now))
    return tuple(
        Change(key, old, new, key.split(".")[0] not in WITHOUT_EFFECT) for key, old, new in _differing(before, after)
    )


def _differing(was: Any, now: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    if not (isinstance(was, dict) and isinstance(now, dict)):
        return [] if was == now and type(was) is type(now) else [(path, was, now)]
    found = []
    for key in dict.fromkeys((*was, *now)):
        found += _differing(was.get(key), now.get(key), f"{path}.{key}" if path else key)
    return found


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise BadConfiguration("--set", [f"was {text!r}, expected section.key=value"])
    return ENVIRONMENT_PREFIX + key.replace(".", "__").upper(), value
