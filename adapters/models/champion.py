"""Which model is champion: a pointer file that names it by its hash, and the history of every change."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from adapters.models.files import NAME, replace_file

POINTER: Final = "champion"
HISTORY: Final = "history.json"
HISTORY_MAX: Final = 1000


class PointerDamaged(Exception):
    """The champion pointer or its history is not what was written; exit code 10."""


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change of champion: from which, to which ("" is none), by which act, and why."""

    before: str
    after: str
    act: str
    why: str


class Champion:
    """The pointer of one store directory; reading is cheap, and done anew each time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def name(self) -> str:
        """The champion's hash, "" where there is none; raises PointerDamaged."""
        path = self._directory / POINTER
        try:
            text = path.read_text("ascii").strip() if path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise PointerDamaged(f"{path} cannot be read: {error}") from error
        if text and not NAME.fullmatch(text):
            raise PointerDamaged(f"{path} says {text[:40]!r}, expected 64 hexadecimal digits or nothing")
        return text

    def history(self) -> tuple[Change, ...]:
        """Every change, oldest first; raises PointerDamaged."""
        path = self._directory / HISTORY
        try:
            return msgspec.json.decode(path.read_bytes(), type=tuple[Change, ...]) if path.exists() else ()
        except (OSError, msgspec.DecodeError) as error:
            raise PointerDamaged(f"{path} cannot be read: {error}") from error

    def point(self, model: str, act: str, why: str) -> Change:
        """Make a model champion, or none of them by ""; the history is written first, so it never lags."""
        change = Change(self.name(), model, act, why)
        history = (*self.history(), change)[-HISTORY_MAX:]
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(self._directory / HISTORY, msgspec.json.format(msgspec.json.encode(history)) + b"\n")
        replace_file(self._directory / POINTER, (model + "\n").encode())
        return change

    def back(self) -> str:
        """The champion before the present one, "" for none; changes that were themselves taken back do not count.

        Raises LookupError where there was no change to take back.
        """
        stack: list[str] = []
        for change in self.history():
            if change.act == "rollback" and stack:
                stack.pop()
            else:
                stack.append(change.before)
        if not stack:
            raise LookupError("no champion was ever promoted, so there is nothing to go back to")
        return stack[-1]
