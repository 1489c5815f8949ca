"""Options that verbs share, spelled once."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

RUNS_ENVIRONMENT: Final = "BOT__RUNS__DIRECTORY"
DEFAULT_RUNS: Final = "runs"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Runs = Annotated[
    Path | None, typer.Option("--runs", help=f"Where runs are kept (also {RUNS_ENVIRONMENT}; else ./{DEFAULT_RUNS}).")
]
RunName = Annotated[str, typer.Argument(help="A run's name, ACCOUNT/NAME, a path, or `last`.", show_default=True)]


def runs_directory(runs: Path | None) -> Path:
    """The runs directory of the option, the environment, or the default."""
    return runs or Path(os.environ.get(RUNS_ENVIRONMENT, DEFAULT_RUNS))


def emit(data: dict[str, Any] | list[Any]) -> None:
    """Print data as one JSON document on stdout."""
    sys.stdout.write(json.dumps(data, indent=2 if sys.stdout.isatty() else None, default=_plain) + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """Print a line for people on stdout."""
    sys.stdout.write(text + "\n")


def talk(text: str) -> None:
    """Print a line of talk on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _plain(value: Any) -> Any:
    import msgspec

    from contracts.codec import encode_json

    return msgspec.json.decode(encode_json(value))
