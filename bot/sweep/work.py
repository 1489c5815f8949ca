"""One point of a sweep, in whatever process: a backtest with its overrides, and its result kept where it lies."""

from pathlib import Path
from typing import Any

import msgspec

from adapters.catalog.opened import open_dataset
from bot.backtest.running import BacktestOptions, run_backtest
from bot.own_code import identity_of
from bot.profile import load
from bot.runs import replace_file
from bot.sweep.grid import Point
from contracts.codec import encode_json


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker must know to run one point."""

    point: Point
    profile: str
    environment: dict[str, str]
    data: str
    directory: str
    from_ns: int
    to_ns: int
    symbols: tuple[str, ...] | None
    kinds: tuple[str, ...]

    @property
    def home(self) -> Path:
        """Where the point's run and its result lie."""
        return Path(self.directory) / "points" / self.point.name


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one point came to."""

    overrides: dict[str, str]
    exit_code: int
    summary: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of its point."""
        return Point(self.overrides).name


def run_point(task: Task) -> Result:
    """Run the point, unless its result is there already and is of the very same question.

    Raises the errors of a backtest.
    """
    before = finished(task)
    if before is not None:
        return before
    profile = load(task.profile, task.environment)
    options = BacktestOptions(
        runs=task.home,
        from_ns=task.from_ns,
        to_ns=task.to_ns,
        symbols=task.symbols,
        kinds=frozenset(task.kinds),
        decisions_only=True,
    )
    ran = run_backtest(profile, open_dataset(Path(task.data)), options, lambda at_ns: None)
    result = Result(overrides=task.point.overrides, exit_code=ran.exit_code, summary=ran.summary)
    kept = msgspec.json.format(encode_json(result)) + b"\n"
    replace_file(task.home / "result.json", kept)
    replace_file(task.home / "task.json", _question(task))  # last: a result without its question is none
    return msgspec.json.decode(kept, type=Result)


def finished(task: Task) -> Result | None:
    """The result that an earlier sweep left for the very same question; None where there is none."""
    try:
        asked = (task.home / "task.json").read_bytes()
        kept = (task.home / "result.json").read_bytes()
    except OSError:
        return None
    return msgspec.json.decode(kept, type=Result) if asked == _question(task) else None


def _question(task: Task) -> bytes:
    """What decides the result: everything but where it is kept; profile, code and data by their digests."""
    profile = load(task.profile, task.environment)
    decisive = {
        "profile": profile.digest,
        "code": identity_of(profile).code,
        "data": open_dataset(Path(task.data)).digest,
    }
    asked = msgspec.structs.replace(task, environment=decisive, directory="", data="")
    return msgspec.json.format(msgspec.json.encode(asked, order="deterministic")) + b"\n"
