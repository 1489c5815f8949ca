"""`bot topics`: which topics there should be on Kafka, which there are, and the difference."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.errors import BAD_CONFIGURATION, Fail, command
from bot.cli.options import Json, emit, say

if TYPE_CHECKING:
    from adapters.kafka.settings import KafkaSettings
    from adapters.kafka.topics import Difference

app = typer.Typer(help="The topics on Kafka: plan, apply, check.", no_args_is_help=True)

ProfileOption = Annotated[str, typer.Option("--profile", help="The profile whose section kafka counts.")]


@app.command("plan")
@command
def plan(profile: ProfileOption = "canary", json: Json = False) -> None:
    """Show what `apply` would create and what is another than it should be; changes nothing.

    Examples: `bot topics plan --profile mine.toml`  ·  `bot topics plan --profile mine.toml --json`
    """
    settings = kafka_of(profile)
    _told(settings, asyncio.run(_looked(settings)), json)


@app.command("check")
@command
def check(profile: ProfileOption = "canary", json: Json = False) -> None:
    """Exit 4 when a topic is missing or another than it should be, naming each; 0 when all are as they should be.

    Examples: `bot topics check --profile mine.toml`  ·  `bot topics check --profile mine.toml --json`
    """
    settings = kafka_of(profile)
    rows = asyncio.run(_looked(settings))
    _told(settings, rows, json)
    if rows:
        raise Fail(f"{len(rows)} differences; `bot topics apply` creates what is missing", BAD_CONFIGURATION)


@app.command("apply")
@command
def apply(profile: ProfileOption = "canary", json: Json = False) -> None:
    """Create the topics that are missing; what is there is never changed and nothing is deleted.

    Examples: `bot topics apply --profile mine.toml`  ·  `bot topics apply --profile mine.toml --json`
    """
    settings = kafka_of(profile)
    rows = asyncio.run(_applied(settings))
    _told(settings, rows, json)
    if rows:
        raise Fail(f"{len(rows)} differences are left, which a person must settle", BAD_CONFIGURATION)


def kafka_of(profile: str) -> "KafkaSettings":
    """The section kafka of a profile; raises BadConfiguration where there is none."""
    from bot.configuration import BadConfiguration
    from bot.mirror.places import VARIABLES
    from bot.profile import load

    settings = load(profile).kafka
    if settings is None:
        raise BadConfiguration(
            f"profile {profile!r}", [f"has no section kafka: name a profile that has one, or set {VARIABLES}"]
        )
    return settings


async def _looked(settings: "KafkaSettings") -> tuple["Difference", ...]:
    from adapters.kafka.admin import Admin
    from adapters.kafka.topics import differences, wanted

    topics = wanted(settings)
    async with Admin(settings) as cluster:
        return differences(topics, await cluster.describe([topic.name for topic in topics]))


async def _applied(settings: "KafkaSettings") -> tuple["Difference", ...]:
    from adapters.kafka import topics
    from adapters.kafka.admin import Admin

    async with Admin(settings) as cluster:
        return await topics.apply(cluster, settings)


def _told(settings: "KafkaSettings", rows: tuple["Difference", ...], json: bool) -> None:
    import msgspec

    from adapters.kafka.topics import wanted

    count = len(wanted(settings))
    if json:
        told: dict[str, Any] = {"env": settings.env, "topics": count, "differences": msgspec.to_builtins(rows)}
        emit(told)
        return
    for row in rows:
        if row.missing:
            say(f"+ {row.topic}: {row.wanted}")
        else:
            say(f"! {row.topic}: {row.what} is {row.found}, expected {row.wanted}")
    missing = sum(row.missing for row in rows)
    say(f"{count - len({row.topic for row in rows})} of {count} topics are as they should be, {missing} are missing")
