"""The models of one run: taken from the store, pinned beside the journal, found there again by a replay."""

from __future__ import annotations

from adapters.models.store import ModelStore
from contracts.model import ModelTexts
from contracts.ports import ModelRejected


class EmptyShelf:
    """No models: for worlds in which nothing is learned and nothing was."""

    def champion(self) -> str:
        """None."""
        return ""

    def adopt(self, model: str) -> ModelTexts:
        """Raises ModelRejected."""
        return self.texts(model)

    def crown(self, model: str, why: str) -> None:
        """Raises ModelRejected."""
        self.texts(model)

    def texts(self, model: str) -> ModelTexts:
        """Raises ModelRejected."""
        raise ModelRejected(f"model {model[:12]}: there are no models here")


class RunShelf:
    """What a run used it keeps: a model is served from the run's own copy once it was adopted.

    The store may be cleaned, promoted or rolled back meanwhile; replaying needs the run's directory alone.
    """

    def __init__(self, store: ModelStore, pinned: ModelStore) -> None:
        self._store = store
        self._pinned = pinned

    def champion(self) -> str:
        """The champion of the store; "" for none."""
        return self._store.champion.name()

    def adopt(self, model: str) -> ModelTexts:
        """Pin a model that was just found sound; raises ModelRejected, also where the run's disk refuses."""
        try:
            self._pinned.copy_from(self._store, model)
        except OSError as error:
            raise ModelRejected(f"model {model[:12]} cannot be kept with the run: {error.strerror}") from error
        self._pinned.vouch(model)
        return self._pinned.texts(model)

    def crown(self, model: str, why: str) -> None:
        """Make a model the champion of the store; raises ModelRejected for one the store does not have."""
        if model != self.champion():
            self._store.manifest(model)
            self._store.champion.point(model, "promote", why)

    def texts(self, model: str) -> ModelTexts:
        """The verified boosters of an adopted model; raises ModelRejected."""
        return self._pinned.texts(model)
