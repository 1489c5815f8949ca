"""A store with one small model that was really fitted, and a probe for tests that are not about the probe."""

import functools
import hashlib
import json
from pathlib import Path

from adapters.models.manifest import name_of
from adapters.models.store import ModelStore
from bot.models.bundle import bundle
from contracts.ports import ModelRejected
from quant.training import FittedModel, fit
from tests.kit.learning import QUICK, some_examples


@functools.cache
def a_fit(seed: int = 3) -> FittedModel:
    return fit(some_examples(), QUICK, seed)


class Probed:
    """A probe that says yes, or what it was told to say, and counts how often it was asked."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.asked: list[Path] = []

    def __call__(self, directory: Path) -> None:
        self.asked.append(directory)
        if self.refusal:
            raise ModelRejected(self.refusal)


def a_store(directory: Path, probe: Probed | None = None, *, seed: int = 3) -> tuple[ModelStore, str]:
    """A store and the name of the one model in it."""
    store = ModelStore(directory, probe or Probed())
    return store, publish(store, seed=seed)


def publish(store: ModelStore, *, seed: int = 3, parent: str = "") -> str:
    return store.publish(*bundle(a_fit(seed), code="c0de", parent=parent))


def resigned(store: ModelStore, model: str, changed: dict[str, bytes]) -> str:
    """Change files of a model and sign it again under its new name, as whoever can write to the store could."""
    path = store.directory / model
    manifest = json.loads((path / "manifest.json").read_bytes())
    for name, data in changed.items():
        (path / name).write_bytes(data)
        manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    data = json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n"
    (path / "manifest.json").write_bytes(data)
    path.rename(store.directory / name_of(data))
    return name_of(data)
