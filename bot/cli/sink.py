"""`bot sink`: copy a run into PostgreSQL, once, and on while it runs."""

from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from bot.cli.errors import BAD_CONFIGURATION, Fail, command
from bot.cli.look import BYTES_SHOWN
from bot.cli.options import Json, RunName, Runs, emit, runs_directory, say, talk
from bot.cli.progress import progress

if TYPE_CHECKING:
    from adapters.postgres.settings import PostgresSettings
    from bot.sink import Progress, Sink


@command
def sink(
    dsn: Annotated[
        str,
        typer.Option(
            "--dsn", envvar="BOT__SINK__DSN", help="postgresql://user@host:port/database, without a password."
        ),
    ],
    run: RunName = "last",
    password: Annotated[
        str, typer.Option("--password", envvar="BOT__SINK__PASSWORD", help="Where it is: env:NAME or file:PATH.")
    ] = "",
    schema: Annotated[str, typer.Option("--schema", help="The database schema that the tables are in.")] = "keel",
    raw: Annotated[
        str, typer.Option("--raw", help="Whole messages as JSON: all, few (nothing bulky) or none.")
    ] = "all",
    retention_days: Annotated[
        float, typer.Option("--retention-days", help="Take away what is older and was not traded; 0 keeps all.")
    ] = 0.0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on while the run goes on, until it is sealed.")] = False,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Copy a run's journal into PostgreSQL or TimescaleDB: tables by kind, and every message as JSON.

    The cursor is in the database, in the transaction of the rows: stopped or killed anywhere, called again it goes on
    where it was, and nothing is there twice. Without --follow it ends where the journal does.

    Examples: `bot sink last --dsn postgresql://keel@127.0.0.1/keel --password env:PGPASS`  ·
    `bot sink canary-000003 --dsn postgresql://keel@db.example/keel --password file:/run/secrets/db --follow`
    """
    from bot.replaying import journal_bytes
    from bot.runs import find_run
    from bot.sink import Sink

    path = find_run(runs_directory(runs), run)
    settings = _settings(dsn, password=password, schema=schema, raw=raw, retention_days=retention_days)
    with progress(f"copying {path.name}", journal_bytes(path), BYTES_SHOWN) as advance:
        copied = _run(Sink(path, settings, follow=follow, read=advance, say=talk))
    if json:
        emit({"database": settings.place, "schema": settings.schema, **_plain(copied)})
        return
    end = "sealed" if copied.sealed else "not sealed: running, or cut by a crash"
    say(
        f"{copied.run}: {copied.records} records as {copied.rows} rows into {settings.place}, "
        f"up to seq {copied.seq}, in {copied.took_s:.1f} s; {end}"
    )
    if copied.odd:
        talk(f"{copied.odd} records fit in no table: see {settings.schema}.odd")
    if copied.torn:
        talk(f"the journal ends in a torn record ({copied.torn}), which a crash leaves")


def _settings(dsn: str, **said: Any) -> "PostgresSettings":
    import msgspec

    from adapters.postgres.settings import Raw, settings_of

    kept = get_args(Raw)
    if said["raw"] not in kept:
        raise Fail(f"--raw was {said['raw']!r}, expected one of {', '.join(kept)}", BAD_CONFIGURATION)
    try:
        found = settings_of(dsn, password=said.pop("password"))
        return msgspec.convert(msgspec.to_builtins(found) | said, type(found))
    except ValueError as error:
        raise Fail(str(error), BAD_CONFIGURATION) from error


def _run(sink: "Sink") -> "Progress":
    import asyncio
    import signal

    async def copied() -> "Progress":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, sink.stop)
        return await sink.run()

    return asyncio.run(copied())


def _plain(copied: "Progress") -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(copied)
    return plain
