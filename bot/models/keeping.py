"""Grown levels on disk, each a file under the hash of everything it depends on, so that a fit can be taken up."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from adapters.models.files import replace_file


class KeptLevels:
    """Levels under one directory; a file that is not what was written is as if it were not there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.taken_up = 0
        self._used: list[Path] = []

    def load(self, key: str) -> str | None:
        """What was saved under the key, whole; None where nothing was."""
        path = self._path(key)
        self._used.append(path)
        try:
            digest, _, text = path.read_text("ascii").partition("\n")
        except (OSError, UnicodeDecodeError):
            return None
        if digest != _digest(text):
            return None
        self.taken_up += 1
        return text

    def save(self, key: str, text: str) -> None:
        """Keep it, whole or not at all; raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(self._path(key), f"{_digest(text)}\n{text}".encode("ascii"))

    def clear(self) -> None:
        """The fit is published: forget its levels."""
        for path in self._used:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}.level"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
