"""Where models are kept, and the commands by which a daemon has work on them done."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from adapters.models.shelf import RunShelf
from adapters.models.store import ModelStore
from bot.models.probing import probe

MODELS_ENVIRONMENT: Final = "BOT__MODELS__DIRECTORY"
DEFAULT_MODELS: Final = "models"
PINNED: Final = "models"
FITTING: Final = (
    "growing", "model_text", "population", "quantile_regression", "quantiles", "reference", "scores", "training",
    "validation",
)  # fmt: skip
"""The modules of `quant` on which the bytes of a model depend."""


def models_directory(wanted: Path | None, environment: Mapping[str, str]) -> Path:
    """Where models are kept: as asked for, by the environment, or beside where we are."""
    return wanted or Path(environment.get(MODELS_ENVIRONMENT) or DEFAULT_MODELS)


def store_of(directory: Path) -> ModelStore:
    """The store in a directory, with the sacrificial probe."""
    return ModelStore(directory, probe)


def pinned_of(run: Path) -> ModelStore:
    """The models that a run pinned beside its journal: all that a replay needs."""
    return store_of(run / PINNED)


def shelf_of(store: ModelStore, run: Path) -> RunShelf:
    """The models of a run that goes on."""
    return RunShelf(store, pinned_of(run))


def commands(directory: Path, python: str = sys.executable) -> dict[str, tuple[str, ...]]:
    """The work of the trainer, by name, for the store in a directory."""
    models = ("--models", str(directory.resolve()), "--json")
    return {
        "train": (python, "-m", "bot", "train", "--examples", "-", *models),
        "check": (python, "-m", "bot", "models", "check", *models),
    }


def fitting_code() -> str:
    """SHA-256 of the code that fits: as long as it stays, the same examples give the same name."""
    quant = Path(__file__).resolve().parents[2] / "quant"
    found = hashlib.sha256()
    for name in FITTING:
        found.update((quant / f"{name}.py").read_bytes())
    return found.hexdigest()
