"""Where a mirror keeps what it must remember, beside its run; one directory, one file of each kind per environment."""

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from adapters.kafka.settings import KafkaSettings
from bot.configuration import BadConfiguration
from bot.profile import load, stored
from bot.runs import PRIVATE

DIRECTORY = "mirror"
VARIABLES = "BOT__KAFKA__BROKERS and BOT__KAFKA__ENV"
"""What makes a section where there is none: the keys that have no default."""


class MirrorBusy(Exception):
    """Another process mirrors the same run to the same place; exit code 6."""


class Places(NamedTuple):
    """The files of one mirror."""

    cursor: Path
    letters: Path
    state: Path
    lock: Path


def places_of(run: Path, env: str) -> Places:
    """The files of a run's mirror to an environment; their directory is made."""
    directory = run / DIRECTORY
    directory.mkdir(mode=PRIVATE, exist_ok=True)
    return Places(*(directory / f"kafka-{env}.{kind}" for kind in ("cursor.json", "dead.jsonl", "state.json", "lock")))


def state_file(run: Path, env: str) -> Path:
    """Where a mirror says how it stands."""
    return run / DIRECTORY / f"kafka-{env}.state.json"


def name_of(run: Path) -> str:
    """The run's name for everybody outside: ACCOUNT/NAME."""
    whole = run.resolve()
    return f"{whole.parent.name}/{whole.name}"


def settings_of(run: Path, profile: str) -> KafkaSettings:
    """The settings of a profile, else of the one the run was made with; raises BadConfiguration without any."""
    kafka = (load(profile) if profile else stored(run)).kafka
    if kafka is not None:
        return kafka
    name = "name a profile that has one with --profile"
    if profile:
        raise BadConfiguration(f"profile {profile!r}", [f"has no section kafka: {name}, or set {VARIABLES}"])
    # Variables say nothing of what a run was made with, so that setting them would not help.
    raise BadConfiguration(
        f"the profile of {name_of(run)}", [f"has no section kafka: {name}, or name its own and set {VARIABLES}"]
    )


class Lock:
    """Held while a mirror works, so that no two advance one cursor; raises MirrorBusy."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise MirrorBusy(
                f"another process mirrors this run already ({path} is held); stop that one first"
            ) from error

    def close(self) -> None:
        """Let the next one in."""
        os.close(self._file)
