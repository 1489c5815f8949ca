"""An agent is tried in a sacrificial process, for at most so long: its code may never end, exit or print as it likes.

`python -m bot.trying KIND STEPS LONG_STEPS LIMIT_S` is that process. It says on its stdout which law is under way and
which is broken, one JSON object a line; what the agent itself prints goes to stderr. It bounds its own time as well, so
that it does not outlive whoever waits for it.
"""

import json
import math
import os
import resource
import signal
import subprocess
import sys
from typing import Any, Final, TextIO

from actors.agents import laws
from bot.configuration import BadConfiguration

LIMIT_S: Final = 60.0
SPARE_S: Final = 2
"""Who waits ends it first."""

READING: Final = "reading its code"


class Unending(Exception):
    """The trial of an agent took longer than it may; exit code 5."""


def tried(kind: str, limit_s: float = LIMIT_S) -> tuple[laws.Broken, ...]:
    """Every law that an agent breaks, tried elsewhere.

    Raises BadConfiguration for what is no agent, Unending, naming the law under way, where `limit_s` is over.
    """
    said, code = _answered(kind, limit_s)
    refused = [each["refused"] for each in said if "refused" in each]
    if refused:
        raise BadConfiguration(f"agent {kind!r}", refused[0])
    under_way = next((each["law"] for each in reversed(said) if "law" in each), READING)
    if code is None:
        raise Unending(f"agent {kind} was not done after {limit_s:g} s: under way was {under_way!r}; see --limit")
    broken = [laws.Broken(*each["broken"]) for each in said if "broken" in each]
    if not said or "done" not in said[-1]:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        broken.append(laws.Broken(under_way, f"its process {how}"))
    return tuple(broken)


def _answered(kind: str, limit_s: float) -> tuple[list[dict[str, Any]], int | None]:
    """What the process of the trial said, and its exit code; None where it had to be ended."""
    arguments = (kind, str(laws.STEPS), str(laws.CALIBRATION_STEPS), str(math.ceil(limit_s)))
    with subprocess.Popen(  # noqa: S603 - our own program, and the name of an agent
        [sys.executable, "-P", "-m", "bot.trying", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
        start_new_session=True,
    ) as process:
        code: int | None
        try:
            answer, _ = process.communicate(timeout=limit_s)
            code = process.returncode
        except subprocess.TimeoutExpired:
            _end(process)
            answer, code = process.communicate()[0], None
        finally:
            _end(process)
    return [json.loads(line) for line in answer.splitlines() if line.endswith(b"}")], code


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Try the agent, and say on what was stdout how it goes."""
    from bot.agents import agent_of

    with os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8") as answer:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        kind, (steps, long_steps, limit_s) = arguments[0], map(int, arguments[1:])
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s + SPARE_S, limit_s + SPARE_S))
        try:
            agent = agent_of(kind)
        except BadConfiguration as error:
            _say(answer, {"refused": list(error.problems)})
            return
        broken = laws.check_agent(
            agent, steps=steps, long_steps=long_steps, told=lambda law: _say(answer, {"law": law})
        )
        for each in broken:
            _say(answer, {"broken": [each.law, each.seen]})
        _say(answer, {"done": True})


def _say(answer: TextIO, said: dict[str, Any]) -> None:
    answer.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
