"""Options that verbs share, spelled once; data goes to stdout, talk to stderr."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

RUNS_ENVIRONMENT: Final = "BOT__RUNS__DIRECTORY"
DEFAULT_RUNS: Final = "runs"

PATH_BYTES_MAX: Final = 4000
NAME_BYTES_MAX: Final = 255


class OutputFailed(Exception):
    """Stdout cannot be written; exit code 75."""


def a_path(text: str) -> Path:
    """A path; an empty one, which an unset variable leaves, is refused and not taken for the directory we are in."""
    if not text:
        raise typer.BadParameter("was empty, expected a path")
    path = Path(text)
    if len(os.fsencode(path)) > PATH_BYTES_MAX or any(len(os.fsencode(part)) > NAME_BYTES_MAX for part in path.parts):
        raise typer.BadParameter(f"was {text[:40]!r}… of {len(text)} letters, which no file system takes")
    return path


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Runs = Annotated[
    Path | None,
    typer.Option(
        "--runs",
        metavar="DIR",
        parser=a_path,
        help=f"Where runs are kept (also {RUNS_ENVIRONMENT}; else ./{DEFAULT_RUNS}).",
    ),
]
RunName = Annotated[str, typer.Argument(help="A run's name, ACCOUNT/NAME, a path, or `last`.", show_default=True)]


def runs_directory(runs: Path | None) -> Path:
    """The runs directory of the option, the environment, or the default; raises RunsUnusable for a file."""
    from bot.runs import RunsUnusable

    found = runs or Path(os.environ.get(RUNS_ENVIRONMENT) or DEFAULT_RUNS)
    instead = f"give another with --runs DIR or {RUNS_ENVIRONMENT}"
    try:
        if found.exists() and not found.is_dir():
            raise RunsUnusable(f"runs directory {found} is no directory; {instead}")
    except OSError as error:
        raise RunsUnusable(f"runs directory {found} cannot be used: {error.strerror}; {instead}") from error
    return found


def emit(data: dict[str, Any]) -> None:
    """Print data as one JSON object on stdout."""
    import msgspec

    from contracts.codec import encode_json

    say(msgspec.json.format(encode_json(data), indent=2 if sys.stdout.isatty() else 0).decode())


def say(text: str = "") -> None:
    """Print a line on stdout; a reader that went away has read enough. Raises OutputFailed where the disk is full."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    except OSError as error:
        _silence()
        raise OutputFailed(f"stdout cannot be written: {error.strerror}") from error


def talk(text: str) -> None:
    """Print a line of talk on stderr; nobody is told when nobody can be."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _silence() -> None:
    """Send the rest of stdout nowhere, what is still buffered too, so that the interpreter ends in peace."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
