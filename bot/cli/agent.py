"""`bot agent run`: an agent of your own in a process, or on a machine, of its own."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import command
from bot.cli.evaluate import a_duration
from bot.cli.options import Json, emit, say, talk
from bot.cli.queued_stderr import unhurried_stderr

app = typer.Typer(help="Run an agent in a process of its own.", no_args_is_help=True)


@app.callback()
def agent() -> None:
    """Run an agent in a process of its own."""


@app.command("run")
@command
def run(
    kind: Annotated[str, typer.Argument(help="A kind, module:Class, or the path of a .py file with an agent.")],
    profile: Annotated[
        str, typer.Option("--profile", help="The daemon's profile: brokers, environment, horizon, all of it.")
    ] = "",
    brokers: Annotated[str, typer.Option("--brokers", help="HOST:PORT, more with commas; on this machine.")] = "",
    env: Annotated[str, typer.Option("--env", help="The part of the topics' names that keeps books apart.")] = "",
    name: Annotated[str, typer.Option("--agent", help="What the daemon's profile calls it; else as its file.")] = "",
    horizon: Annotated[
        float | None,
        typer.Option("--horizon", metavar="TIME", parser=a_duration, help="As in the daemon's profile: 10m."),
    ] = None,
    bar: Annotated[
        float | None,
        typer.Option("--bar", metavar="TIME", parser=a_duration, help="How long the daemon's bars are; else 60s."),
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--for", metavar="TIME", parser=a_duration, help="End by itself after this time.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr.")] = False,
    json: Json = False,
) -> None:
    """Run an agent here and let a daemon elsewhere hear it: features and marks in, beliefs out, over Kafka.

    The daemon's profile names it with `kind = "remote"`, keeps features whole (`journal.full`), and is mirrored.

    Examples: `bot agent run my_agent.py --profile my.toml`  ·
    `bot agent run my_agent.py --brokers 127.0.0.1:9092 --env demo --agent far --horizon 10m`
    """
    from bot.agents import agent_of
    from bot.profile import load
    from bot.remote_agents.life import AgentLife
    from bot.remote_agents.process import kafka_of, serve, settings_of
    from bot.remote_agents.serving import Serving, summary_of
    from runtime.clock import WallClock

    loaded = load(profile) if profile else None
    called = name or Path(kind.partition(":")[0]).stem
    settings = settings_of(loaded, called, horizon, bar or 60.0)
    kafka = kafka_of(loaded, brokers, env)
    with unhurried_stderr(), contextlib.redirect_stdout(sys.stderr):
        made = agent_of(kind)
        clock = WallClock()
        life = AgentLife(made, settings, f"{os.getpid()}-{clock.now() // 1_000_000}")
        serving = Serving(called, life, kafka, clock, _nobody if quiet else talk)
        serve(serving, duration)
    served = serving.served
    if json:
        emit(summary_of(served))
    else:
        say(f"agent {called}: {served.beats} beats, {served.written} beliefs written, {served.dropped} dropped")


def _nobody(text: str) -> None:
    """Nobody wants to know."""
