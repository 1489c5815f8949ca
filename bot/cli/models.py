"""`bot models`: list, show, promote, rollback, check."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.errors import BAD_CONFIGURATION, DAMAGED, NOT_FOUND, TEMPORARY, Fail, command
from bot.cli.options import Json, emit, say, talk
from bot.cli.train import Models

app = typer.Typer(help="List, show, check, promote and take back fitted models.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="MODEL", help="The first digits of a model's hash, or `champion`.")]


@app.command("list")
@command
def list_models(models: Models = None, json: Json = False) -> None:
    """List the models of the store, the champion marked.

    Examples: `bot models list`  ·  `bot models list --json`
    """
    store = _store(models)
    champion = store.champion.name()
    rows = [_row(store, name, champion) for name in store.models()]
    if json:
        emit({"directory": str(store.directory), "champion": champion, "models": rows})
        return
    for row in rows:
        mark = "champion" if row["champion"] else ""
        told = row["problem"] or f"{row['trained_rows']:>8} rows to {row['until']}  skill {100 * row['skill']:+.2f} %"
        say(f"{row['model'][:12]}  {mark:<9} {told}")
    if not rows:
        _tell_none(store)


@app.command("show")
@command
def show(model: Name = "champion", models: Models = None, json: Json = False) -> None:
    """Show how a model was made and how good it was on rows it was not grown on.

    Examples: `bot models show champion`  ·  `bot models show 3f2a --json`
    """
    store = _store(models)
    name = store.find(model)
    manifest = store.manifest(name)
    told: dict[str, Any] = {
        "model": name,
        "champion": name == store.champion.name(),
        "quarantine": store.quarantined(name),
        **{field: getattr(manifest, field) for field in manifest.__struct_fields__ if field != "curve"},
    }
    if json:
        emit(told)
        return
    for field, value in told.items():
        if field == "files":
            value = f"{len(value)} files of {sum(each.bytes for each in value.values())} bytes"
        say(f"{field:<18} {_cut(value)}")


@app.command("promote")
@command
def promote(
    model: Name,
    why: Annotated[str, typer.Option("--why", help="Kept in the history.")] = "by hand",
    models: Models = None,
    json: Json = False,
) -> None:
    """Make a model champion after checking it; runs that start from now on use it.

    Examples: `bot models promote 3f2a`  ·  `bot models promote 3f2a --why "shadowed for a week"`
    """
    store = _store(models)
    name = store.find(model)
    store.check(name)
    with _writing(store):
        change = store.champion.point(name, "promote", why)
    _changed(change, json)


@app.command("rollback")
@command
def rollback(
    why: Annotated[str, typer.Option("--why", help="Kept in the history.")] = "by hand",
    models: Models = None,
    json: Json = False,
) -> None:
    """Go back to the champion before the present one, or to none.

    Examples: `bot models rollback`  ·  `bot models rollback --why "coverage broke"`
    """
    store = _store(models)
    try:
        before = store.champion.back()
    except LookupError as error:
        raise Fail(str(error), NOT_FOUND) from error
    if before:
        store.check(before)
    with _writing(store):
        change = store.champion.point(before, "rollback", why)
    _changed(change, json)


@app.command("check")
@command
def check(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help="A model; every one of the store if not given.")] = "",
    models: Models = None,
    json: Json = False,
) -> None:
    """Verify every byte of a model, load it in a process of its own, and compare its golden rows; exit 10 if unsound.

    Examples: `bot models check`  ·  `bot models check champion --json`
    """
    from contracts.ports import ModelRejected

    store = _store(models)
    names = (store.find(model),) if model else store.models()
    problems: dict[str, str] = {}
    for name in names:
        try:
            store.check(name)
        except ModelRejected as error:
            problems[name] = str(error)
    if json:
        emit({"checked": len(names), "ok": not problems, "problems": problems})
    else:
        for name in names:
            say(f"{name[:12]}  {problems.get(name, 'sound')}")
        if not names:
            _tell_none(store)
    if problems:
        raise Fail(f"{len(problems)} of {len(names)} models unsound: {next(iter(problems.values()))}", DAMAGED)


def _store(models: Path | None) -> Any:
    """The store; raises Fail for what is there and no directory."""
    from bot.models.places import models_directory, store_of

    directory = models_directory(models, os.environ)
    if directory.exists() and not directory.is_dir():
        raise Fail(f"{directory} is no directory, expected one of models", BAD_CONFIGURATION)
    return store_of(directory)


@contextlib.contextmanager
def _writing(store: Any) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Fail(f"{store.directory} cannot be written: {error.strerror or error}", TEMPORARY) from error


def _tell_none(store: Any) -> None:
    talk(f"no model yet in {store.directory}: fit one with `bot train`")


def _row(store: Any, name: str, champion: str) -> dict[str, Any]:
    from contracts.ports import ModelRejected

    row: dict[str, Any] = {"model": name, "champion": name == champion, "problem": store.quarantined(name)}
    try:
        manifest = store.manifest(name)
    except ModelRejected as error:
        return {**row, "problem": row["problem"] or str(error)}
    return {
        **row,
        "trained_rows": manifest.trained_rows,
        "until": _day(manifest.until_ns),
        "skill": manifest.scores.get("skill", float("nan")),
        "library": manifest.library,
        "schema": manifest.schema,
        "parent": manifest.parent,
    }


def _changed(change: Any, json: bool) -> None:
    if json:
        emit({name: getattr(change, name) for name in change.__struct_fields__})
        return
    say(f"champion is {change.after[:12] or 'none'}, was {change.before[:12] or 'none'}")


def _day(at_ns: int) -> str:
    import numpy as np

    return str(np.datetime64(at_ns, "ns").astype("datetime64[D]"))


def _cut(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 100 else text[:100] + "…"
