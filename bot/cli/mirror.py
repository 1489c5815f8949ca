"""`bot mirror`: a run's journal to Kafka, now and as it grows."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.errors import GAVE_UP, Fail, command
from bot.cli.options import Json, RunName, Runs, emit, runs_directory, say, talk

if TYPE_CHECKING:
    from adapters.kafka.state import MirrorState

ProfileOption = Annotated[
    str, typer.Option("--profile", help="Take section kafka from this profile, not from that of the run.")
]
Follow = Annotated[bool, typer.Option("--follow", help="Go on as the run goes on, and wait for brokers for ever.")]
Child = Annotated[bool, typer.Option("--child", hidden=True, help="End when the process that started it has gone.")]


@command
def mirror(
    run: RunName = "last",
    follow: Follow = False,
    profile: ProfileOption = "",
    runs: Runs = None,
    child: Child = False,
    json: Json = False,
) -> None:
    """Copy the record of a run to Kafka: every message, at least once, per key in order.

    It goes on where it was: the cursor lies beside the run and passes what all replicas have acknowledged. The topics
    must be there: `bot topics apply`. Exit 75 when the brokers take nothing for the profile's kafka.send_timeout_s, 9
    when more messages than kafka.dead_letters_max could not be written.

    Examples: `bot mirror last --follow`  ·  `bot mirror canary-000003 --profile mine.toml --json`
    """
    from bot.mirror.places import settings_of
    from bot.mirror.running import run_mirror
    from bot.runs import find_run

    path = find_run(runs_directory(runs), run)
    settings = settings_of(path, profile)
    with _shown(json) as told:
        state = run_mirror(path, settings, follow=follow, child=child, told=told)
    if json:
        emit(figures(state))
    else:
        say(
            f"{state.run}: {state.records} records of {state.acked_seq} messages are in {state.env}, "
            f"{state.dead_letters} messages were left out"
        )
    if state.state == "stopped":
        raise Fail(state.error, GAVE_UP)


def figures(state: "MirrorState") -> dict[str, Any]:
    """A state as programs read it."""
    import msgspec

    return {**msgspec.to_builtins(state), "lag_records": state.lag_records, "lag_s": state.lag_s}


@contextlib.contextmanager
def _shown(json: bool) -> Iterator[Callable[["MirrorState"], None]]:
    """A line that is written over on a terminal; where there is none, a line when the state changes."""
    import sys

    live, said = sys.stderr.isatty() and not json, [""]

    def told(state: "MirrorState") -> None:
        line = f"{state.state}: message {state.acked_seq} of {state.journal_seq}, {state.records} records"
        if live:
            sys.stderr.write(f"\r\x1b[K{line}" + (f" ({state.error})" if state.error else ""))
            sys.stderr.flush()
        elif state.state != said[0] and not json:
            talk(f"{line}" + (f" ({state.error})" if state.error else ""))
        said[0] = state.state

    yield told
    if live:
        sys.stderr.write("\r\x1b[K")
