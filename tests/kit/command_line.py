"""The command line as a user sees it: `bot` in this process, quick; `bot_process` as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from bot.cli.app import app

REPOSITORY = Path(__file__).resolve().parents[2]

SMALL = {
    "BOT__HEALTH__PORT": "0",
    "BOT__SIMULATED__MARKET__SYMBOLS": '["BTC-EUR", "ETH-EUR", "SOL-EUR"]',
    "BOT__CADENCE__DECIDE_S": "1",
    "BOT__FEED__WARMUP_BARS": "300",
    "BOT__TRAINER__ENABLED": "false",
    "BOT__PLANNING__ENABLED": "false",
    "BOT__MODELS__DIRECTORY": "/nonexistent/models",
}
"""A canary of three instruments that decides every second, takes a port of its own, knows no models, asks no worker."""


class Said(NamedTuple):
    """What a command left: its exit code, its data and its talk."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout; raises ValueError if there is anything else."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line of an expected failure; raises AssertionError for anything that is not one."""
        (line,) = (line for line in self.err.splitlines() if line)
        assert line.startswith("Error: ") and f"(code {self.code})" in line, self.err
        return line


def bot(*arguments: object, **environment: str) -> Said:
    """Run one command in this process; what is no expected failure is raised."""
    result = CliRunner().invoke(app, [str(each) for each in arguments], prog_name="bot", env=SMALL | environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


def bot_process(
    *arguments: object, tree: Path = REPOSITORY, shell: str = "", interpreter: tuple[str, ...] = (), **environment: str
) -> Said:
    """Run one command as a process, from a tree of the source; `shell` is put after it, as in `| head -1`."""
    command = [sys.executable, *interpreter, "-m", "bot", *(str(each) for each in arguments)]
    everything = os.environ | SMALL | {"COLUMNS": "100"} | environment
    run: Any = command if not shell else ["bash", "-c", f'set -o pipefail; "$@" {shell}', "bash", *command]
    done = subprocess.run(run, cwd=tree, env=everything, capture_output=True, text=True, timeout=60)
    return Said(done.returncode, done.stdout, done.stderr)
