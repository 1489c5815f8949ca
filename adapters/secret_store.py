"""Reading secrets where a setting refers to them: `env:NAME`, or `file:PATH` that nobody else may read."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contracts.secret import Secret, check_reference

BYTES_MAX: Final = 65_536


class SecretUnreadable(Exception):
    """A secret that is not where it should be, or lies open to others; says where, never what."""


def read_secret(reference: str, environment: Mapping[str, str] | None = None) -> Secret:
    """The secret a reference names; a file's last line break is no part of it.

    Raises SecretUnreadable where it is missing, empty, too long, no text, or a file that group or world may read;
    ValueError for what is no reference.
    """
    check_reference("the secret", reference)
    kind, _, place = reference.partition(":")
    value = _from_file(Path(place)) if kind == "file" else _from_environment(place, environment)
    if not value:
        raise SecretUnreadable(f"the secret {reference} is empty")
    return Secret(value)


def check_private(path: Path) -> None:
    """Raises SecretUnreadable for a file with a key in it that is missing or that group or world may read."""
    os.close(_open(path))


def _from_environment(name: str, environment: Mapping[str, str] | None) -> str:
    value = (os.environ if environment is None else environment).get(name)
    if value is None:
        raise SecretUnreadable(f"the secret env:{name} is not there: no such variable is set")
    return value


def _from_file(path: Path) -> str:
    with os.fdopen(_open(path), "rb") as file:
        content = file.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise SecretUnreadable(f"the secret file:{path} is longer than {BYTES_MAX} bytes")
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretUnreadable(f"the secret file:{path} is no text") from None


def _open(path: Path) -> int:
    """The open file, judged by what was opened and not by a name that may change hands meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise SecretUnreadable(f"the secret file:{path} cannot be read: {reason}") from error
    found = os.fstat(descriptor)
    others = stat.S_IMODE(found.st_mode) & 0o077
    if not stat.S_ISREG(found.st_mode) or others:
        os.close(descriptor)
        why = f"may be touched by others (mode {stat.S_IMODE(found.st_mode):o}): chmod 600 it" if others else "no file"
        raise SecretUnreadable(f"the secret file:{path} {why}")
    return descriptor
