"""Files that a verb writes for people: looked at before the long work, and whole or not there after it."""

import os
import tempfile
from pathlib import Path

from bot.cli.errors import BAD_CONFIGURATION, TEMPORARY, Fail
from bot.cli.options import talk


def check_writable(path: Path) -> None:
    """Raise Fail where nothing could be written at this path; what is there stays as it is."""
    there = path.exists()
    try:
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except OSError as error:
        raise Fail(f"{path} cannot be written: {error.strerror or error}", BAD_CONFIGURATION) from error


def check_directory(path: Path) -> None:
    """Raise Fail where no directory is or can be made that takes files; nothing is left there."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    try:
        with tempfile.TemporaryDirectory(dir=there):
            pass
    except OSError as error:
        raise Fail(f"{path} cannot be used as a directory: {error.strerror or error}", BAD_CONFIGURATION) from error


def write_whole(path: Path, text: str) -> None:
    """Write beside and move into place; a pipe or a device is written to. Raises Fail where the disk takes no more."""
    plain = path.is_file() or not path.exists()
    target = path.resolve() if plain else path
    draft = target.with_name(f".{target.name[:200]}.{os.getpid()}.draft") if plain else target
    try:
        draft.write_text(text, "utf-8")
        if plain:
            draft.replace(target)
    except OSError as error:
        raise Fail(f"{path} cannot be written: {error.strerror or error}", TEMPORARY) from error
    finally:
        if plain:
            draft.unlink(missing_ok=True)
    talk(f"wrote {path}")
