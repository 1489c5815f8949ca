"""The store of models: a directory for each, found by the hash of its manifest; nothing unverified ever leaves it.

What a name protects: whoever can write here can sign another model, with its own manifest and golden rows, but not
under the name that a champion pointer, a journal or a profile holds. What it does not protect: the pointer itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from adapters.models.champion import Champion
from adapters.models.files import NAME, ModelAbsent, read_manifest, read_model, replace_file, write_model
from adapters.models.manifest import Manifest, encode_manifest, texts_of
from contracts.model import ModelTexts
from contracts.ports import ModelRejected

QUARANTINE: Final = "quarantine"

Probe = Callable[[Path], None]
"""Loads a model's directory where it can do no harm and compares its golden rows; raises ModelRejected."""


class Note(msgspec.Struct, frozen=True):
    """Why a model is in quarantine."""

    reason: str


class ModelStore:
    """Models under one directory. `probe` is run once in a process for each model, before its texts are given out.

    A model that failed is noted under `quarantine` and refused until `check` finds it sound.
    """

    def __init__(self, directory: Path, probe: Probe) -> None:
        self.directory = directory
        self.champion = Champion(directory)
        self._probe = probe
        self._sound: set[str] = set()

    def models(self) -> tuple[str, ...]:
        """The names of all models, in order."""
        if not self.directory.is_dir():
            return ()
        return tuple(sorted(path.name for path in self.directory.iterdir() if NAME.fullmatch(path.name)))

    def find(self, wanted: str) -> str:
        """The full name of a model by `champion` or the first digits of its hash; raises ModelAbsent."""
        if wanted == "champion":
            found = self.champion.name()
            if not found:
                raise ModelAbsent(f"there is no champion in {self.directory}; see `bot models list`")
            return found
        matching = [name for name in self.models() if wanted and name.startswith(wanted)]
        if len(matching) != 1:
            known = ", ".join(name[:12] for name in self.models()[:8]) or "none"
            count, begin = (f"{len(matching)} models", "begin") if matching else ("no model", "begins")
            raise ModelAbsent(f"{count} in {self.directory} {begin} with {wanted[:64]!r}; there are: {known}")
        return matching[0]

    def manifest(self, model: str) -> Manifest:
        """What is said of a model, checked against its name; raises ModelRejected."""
        with self._noting(model, quietly=True):
            return read_manifest(self.directory, model)

    def publish(self, manifest: Manifest, files: dict[str, bytes]) -> str:
        """Put a model into the store, whole or not at all; returns its name. It is served after it was probed."""
        return write_model(self.directory, encode_manifest(manifest), files)

    def check(self, model: str) -> Manifest:
        """Verify every byte and probe; raises ModelRejected and leaves a note, or takes a note back."""
        with self._noting(model):
            manifest, _ = read_model(self.directory, model)
            self._probe(self.directory / model)
        self.vouch(model)
        return manifest

    def vouch(self, model: str) -> None:
        """Whoever calls has just seen the model pass the probe."""
        self._sound.add(model)
        with contextlib.suppress(OSError):
            self._note_of(model).unlink(missing_ok=True)

    def texts(self, model: str) -> ModelTexts:
        """The boosters of a model, every byte checked now, and probed before in this process; raises ModelRejected."""
        note = self.quarantined(model)
        if note:
            raise ModelRejected(f"model {model[:12]} is in quarantine: {note}; `bot models check` looks again")
        with self._noting(model):
            manifest, files = read_model(self.directory, model)
            if model not in self._sound:
                self._probe(self.directory / model)
            texts = texts_of(model, manifest, files)
        self._sound.add(model)
        return texts

    def copy_from(self, other: ModelStore, model: str) -> None:
        """Keep a verified copy of another store's model; raises ModelRejected, OSError."""
        with other._noting(model):
            manifest, files = read_model(other.directory, model)
        write_model(self.directory, encode_manifest(manifest), files)
        if model in other._sound:
            self._sound.add(model)

    def quarantined(self, model: str) -> str:
        """Why a model is in quarantine; "" when it is not."""
        try:
            return msgspec.json.decode(self._note_of(model).read_bytes(), type=Note).reason
        except FileNotFoundError:
            return ""
        except (OSError, msgspec.DecodeError, ValueError):
            return "its note cannot be read"

    def _note_of(self, model: str) -> Path:
        return self.directory / QUARANTINE / f"{model if NAME.fullmatch(model) else 'unnamed'}.json"

    @contextlib.contextmanager
    def _noting(self, model: str, *, quietly: bool = False) -> Iterator[None]:
        """Note why a model was rejected; a store that cannot be written to still rejects."""
        try:
            yield
        except ModelAbsent:
            raise
        except ModelRejected as error:
            self._sound.discard(model)
            if not quietly:
                with contextlib.suppress(OSError):
                    note = self._note_of(model)
                    note.parent.mkdir(mode=0o700, exist_ok=True)
                    replace_file(note, msgspec.json.encode(Note(str(error))))
            raise ModelRejected(f"model {model[:12]} in {self.directory}: {error}") from error
