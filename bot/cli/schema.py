"""`bot schema`: the messages and their versions, one schema, and whether what was released can still be read."""

from typing import Annotated

import typer

from bot.cli.errors import DAMAGED, Fail, command
from bot.cli.options import Json, emit, say

app = typer.Typer(help="List, show and check the schemas of messages.", no_args_is_help=True)


@app.command("list")
@command
def list_schemas(json: Json = False) -> None:
    """List every message: its version, topic, author, key, and since which release the version is there.

    Examples: `bot schema list`  ·  `bot schema list --json`
    """
    import msgspec

    from bot.schemas import listed

    rows = listed()
    if json:
        emit({"messages": msgspec.to_builtins(rows)})
        return
    for row in rows:
        since = row.since or "unreleased"
        say(f"{f'{row.type}@{row.version}':<20} {row.topic:<26} {row.author:<15} {row.key:<10} {since}".rstrip())


@app.command("show")
@command
def show(
    name: Annotated[str, typer.Argument(metavar="TYPE", help="A message, for example Order.")],
    version: Annotated[int | None, typer.Option("--version", help="An older version; today's if not given.")] = None,
    json: Json = False,
) -> None:
    """Show the JSON Schema of a message as it is published.

    Examples: `bot schema show Order`  ·  `bot schema show Slate --version 1 --json`
    """
    import msgspec

    from bot.schemas import one

    found = one(name, version)
    if json:
        emit(found)
    else:
        say(msgspec.json.format(msgspec.json.encode(found, order="deterministic"), indent=2).decode())


@app.command("publish")
@command
def publish(
    profile: Annotated[str, typer.Option("--profile", help="The profile whose section kafka counts.")] = "canary",
    json: Json = False,
) -> None:
    """Write the schema of every version to Kafka, for readers in other languages: topic `schemas`, key `Type@version`.

    Examples: `bot schema publish --profile mine.toml`  ·  `bot schema publish --profile mine.toml --json`
    """
    import asyncio
    import time

    from adapters.kafka import schemas
    from bot.cli.topics import kafka_of
    from bot.schemas import published

    settings, found = kafka_of(profile), published()
    topic = asyncio.run(schemas.publish(settings, found, time.time_ns()))
    if json:
        emit({"topic": topic.name, "schemas": sorted(found)})
    else:
        say(f"{len(found)} schemas are in {topic.name}")


@app.command("check")
@command
def check(
    against: Annotated[
        str, typer.Option("--against", metavar="RELEASE|DIR", help="A release, or a directory of schemas.")
    ] = "",
    json: Json = False,
) -> None:
    """Check that today's code reads what was released: additive changes only, else a new version with a reader.

    Against the last release if nothing is given; exit 10 with every change that breaks.

    Examples: `bot schema check`  ·  `bot schema check --against 0.1.0 --json`
    """
    import msgspec

    from bot.schemas import compared

    name, found = compared(against)
    breaks = [change for change in found if change.breaks]
    if json:
        changes = [msgspec.to_builtins(change) | {"breaks": change.breaks} for change in found]
        emit({"against": name, "ok": not breaks, "changes": changes})
    else:
        for change in found:
            place = f"{change.type}.{change.path}" if change.path else change.type
            say(f"{'BREAKS' if change.breaks else 'ok':<7} {change.kind:<9} {place}: {change.text}")
        if not breaks:
            say(f"everything that {name} wrote can be read: {len(found)} changes, none that breaks")
    if breaks:
        raise Fail(
            f"{len(breaks)} changes since {name} break its readers, the first: {breaks[0].type}.{breaks[0].path}: "
            f"{breaks[0].text}; keep the field, or take a new version and write its step (docs/schemas.md)",
            DAMAGED,
        )
