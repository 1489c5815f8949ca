"""`bot features get`, `stored` and `drift`: what is felt now, who keeps it, and how far it is from the training."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.errors import USAGE, Fail, command
from bot.cli.features import Symbol, app
from bot.cli.options import Json, RunName, Runs, a_path, emit, runs_directory, say

if TYPE_CHECKING:
    from bot.features.stored import Felt

__all__ = ["app"]

Profile = Annotated[str, typer.Option("--profile", help="The profile whose store is asked.")]


@app.command("get")
@command
def get(
    symbol: Symbol = "",
    profile: Profile = "canary",
    run: Annotated[
        str | None, typer.Option("--run", help="Of a run's record instead: a name, a path, or `last`.")
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Get all features of an instrument as they are now: from the store of a profile, or a run's last beat.

    Exit 3 if there is nothing that can be believed, 75 if the store does not answer.

    Examples: `bot features get BTC-EUR --run last`  ·  `bot features get BTC-EUR --profile paper --json`
    """
    found = _of_a_run(symbol, run, runs) if run is not None else _of_the_store(symbol, profile)
    if json:
        emit({"felt": found})
        return
    from bot.logging import utc

    say(f"{found.symbol} at {utc(found.at_ns)}, {_age(found.at_ns)}, {found.where}")
    for name, value in found.features.items():
        say(f"{name:<18} {'-' if value is None else format(value, '.6g')}")


@app.command("stored")
@command
def stored(profile: Profile = "canary", json: Json = False) -> None:
    """List the instruments that the store of a profile has features of.

    Exit 75 if the store does not answer.

    Examples: `bot features stored --profile paper`  ·  `bot features stored --json`
    """
    from bot.features.stored import of_store
    from bot.logging import utc
    from bot.profile import load

    entries = of_store(load(profile))
    if json:
        emit({"stored": entries})
        return
    for each in entries:
        say(f"{each.symbol:<16} {utc(each.at_ns)} {_age(each.at_ns):>12}  seq {each.seq}, {each.present} features")
    say(f"{len(entries)} instruments")


@app.command("drift")
@command
def drift(
    run: RunName = "last",
    runs: Runs = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="RUN", help="Another run to hold it against, not a model.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="A model by the first digits of its hash, or `champion`; else the run's."),
    ] = None,
    models: Annotated[
        Path | None, typer.Option("--models", metavar="DIR", parser=a_path, help="Where models are kept.")
    ] = None,
    json: Json = False,
) -> None:
    """Hold the features of a run against the training of a model, or against another run: PSI, KS, p, verdict.

    Exit 3 if there is no such run or model, or none that says what it was trained on.

    Examples: `bot features drift last`  ·  `bot features drift last --against canary-000001 --json`
    """
    if against is not None and (model, models) != (None, None):
        raise Fail("give either --against RUN or --model MODEL", USAGE)
    from bot.features.drifting import against_model, against_run, lines
    from bot.features.recorded import features_of
    from bot.profile import stored as stored_profile
    from bot.runs import find_run

    path = find_run(runs_directory(runs), run)
    found = features_of(path)
    if against is not None:
        other = find_run(runs_directory(runs), against)
        rows, reference = against_run(found, features_of(other)), f"run {other.name}"
    else:
        directory, name = _model_of(path, model, models)
        rows = against_model(path, found, stored_profile(path), directory, name)
        reference = f"the training of model {name[:12]}"
    drifted = [row.name for row in rows if row.verdict == "drifted"]
    if json:
        emit({"run": path.name, "against": reference, "beats": len(found.at_ns), "rows": rows, "drifted": drifted})
        return
    for line in lines(rows):
        say(line)
    say(f"{path.name}, {len(found.at_ns)} beats, against {reference}: {len(drifted)} of {len(rows)} drifted")


def _of_a_run(symbol: str, run: str, runs: Path | None) -> "Felt":
    from bot.features.explained import SymbolNeeded, column_of
    from bot.features.recorded import features_of
    from bot.features.stored import in_run
    from bot.runs import find_run

    path = find_run(runs_directory(runs), run)
    found = features_of(path)
    try:
        return in_run(found, column_of(symbol, found.symbols), path.name)
    except SymbolNeeded as error:
        raise Fail(str(error), USAGE) from error


def _of_the_store(symbol: str, profile: str) -> "Felt":
    from bot.features.stored import in_store
    from bot.profile import load

    if not symbol:
        raise Fail("say which instrument: `bot features stored` lists those of the store", USAGE)
    return in_store(load(profile), symbol.upper())


def _model_of(run: Path, wanted: str | None, models: Path | None) -> tuple[Path, str]:
    """Where the model lies, and its name: one of the store where one is asked for, else the one the run used last."""
    from bot.features.drifting import NothingToCompare, model_in_use
    from bot.models.places import PINNED, models_directory, store_of

    if wanted is not None or models is not None:
        directory = models_directory(models, os.environ)
        return directory, store_of(directory).find(wanted or "champion")
    used = model_in_use(run)
    if not used:
        raise NothingToCompare(f"{run.name} used no model; name one with --model, or another run with --against")
    return run / PINNED, used


def _age(at_ns: int) -> str:
    return f"{(time.time_ns() - at_ns) / 1e9:.1f} s old"
