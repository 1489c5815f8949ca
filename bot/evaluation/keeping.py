"""Reports kept by the content they were made of: data, settings, code and libraries; never one that is stale."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from bot.evaluation.report import Report

CACHE_ENVIRONMENT: Final = "BOT__CACHE__DIRECTORY"


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Where reports are kept: the variable, or the user's cache by the usual convention."""
    if said := environment.get(CACHE_ENVIRONMENT):
        return Path(said)
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keel"


def key_of(what: Mapping[str, Any], code: str, fingerprint: Mapping[str, str]) -> str:
    """SHA-256 of everything a report depends on."""
    facts = {"what": what, "code": code, "fingerprint": dict(fingerprint)}
    return hashlib.sha256(msgspec.json.encode(facts, order="sorted")).hexdigest()


class KeptReports:
    """A directory of reports by their keys."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "evaluations"

    def find(self, key: str) -> Report | None:
        """The report of that key; None when there is none, or it cannot be read whole."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=Report)
        except (OSError, msgspec.DecodeError):
            return None

    def keep(self, key: str, report: Report) -> bool:
        """Write a report under its key, whole or not at all; false where the directory takes nothing."""
        path = self._path(key)
        draft = path.with_suffix(f".{os.getpid()}.draft")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.encode(report))
            draft.replace(path)
        except OSError:
            return False
        return True

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}.json"
