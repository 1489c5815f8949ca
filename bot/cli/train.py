"""The verb that fits a model from examples or from a price history, checks it, and promotes it by evidence alone."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.cli.errors import BAD_CONFIGURATION, DAMAGED, NOT_FOUND, TEMPORARY, USAGE, Fail, command
from bot.cli.evaluate import a_duration
from bot.cli.options import Json, a_path, emit, say, talk
from bot.cli.progress import progress
from bot.cli.writing import check_directory

ROUNDS_SHOWN: Final = 20
"""From how many rounds of how many levels on a bar is worth it: always, but for tests."""

EMBARGO_S_MAX: Final = 1e9
ROWS_SHOWN: Final = 2000

Models = Annotated[
    Path | None,
    typer.Option(
        "--models",
        metavar="DIR",
        parser=a_path,
        help="Where models are kept (also BOT__MODELS__DIRECTORY; else ./models).",
    ),
]


From = Annotated[str, typer.Option("--examples", metavar="FILE", help="Examples: .npz, or a stream; `-` is stdin.")]
Prices = Annotated[
    list[Path] | None,
    typer.Option("--prices", metavar="FILE", parser=a_path, help="Or prices: CSV, Parquet or Feather."),
]
Horizon = Annotated[
    float | None, typer.Option("--horizon", metavar="TIME", parser=a_duration, help="With --prices: 4h, 5d.")
]
Bar = Annotated[
    float | None, typer.Option("--bar", metavar="TIME", parser=a_duration, help="With --prices: length of a bar.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Chance of the fit.")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, max=1000, help="Trees per level, at most.")]
Patience = Annotated[int, typer.Option("--patience", min=1, max=1000, help="Stop after so many without gain.")]
Embargo = Annotated[
    float | None,
    typer.Option(
        "--embargo-s",
        min=0.0,
        max=EMBARGO_S_MAX,
        help="Between training and validation; else none, with --prices the horizon.",
    ),
]
Free = Annotated[bool, typer.Option("--free/--no-free", help="Fit the second set, which knows no base.")]
Threads = Annotated[int, typer.Option("--threads", min=1, max=64, help="They change the time, not the model.")]
Promote = Annotated[bool, typer.Option("--promote/--no-promote", help="Make it champion where the evidence says so.")]
Track = Annotated[str, typer.Option("--track", metavar="URI", help="Also tell an MLflow store, such as a directory.")]


@command
def train(
    examples: From = "",
    prices: Prices = None,
    horizon: Horizon = None,
    bar: Bar = None,
    models: Models = None,
    seed: Seed = 1,
    rounds: Rounds = 80,
    patience: Patience = 40,
    embargo_s: Embargo = None,
    free: Free = False,
    threads: Threads = 1,
    promote: Promote = True,
    track: Track = "",
    json: Json = False,
) -> None:
    """Fit the quantile boosters, check what was fitted in a process of its own, and judge it against the champion.

    The same examples and seed give the same bytes. Killed at any time and run again, it goes on where it was. Exit 10
    for examples that are damaged or a model that its check refused.

    Examples: `bot train --prices btc.csv --horizon 4h --bar 1h`  ·  `bot train --examples btc.npz --seed 7 --json`
    """
    from bot.models.places import models_directory
    from quant.quantile_regression import BoosterSettings
    from quant.training import TrainingSettings

    directory = models_directory(models, os.environ)
    check_directory(directory)
    taken, life_ns = _taken(examples, prices, horizon, bar)
    settings = TrainingSettings(
        BoosterSettings(threads=threads),
        rounds_max=rounds,
        patience=patience,
        embargo_ns=life_ns if embargo_s is None else round(embargo_s * 1e9),
        free=free,
    )
    found = _fitted(taken, settings, seed, directory, promote)
    if track:
        _track(track, found)
    _print(found, json)


def _fitted(taken: Any, settings: Any, seed: int, directory: Path, promote: bool) -> Any:
    from bot.models.places import fitting_code, store_of
    from bot.models.training import train as fit_and_publish

    store = store_of(directory)
    sets = 2 if settings.free else 1
    total = settings.rounds_max * len(taken.levels) * sets
    with progress(f"fitting on {len(taken.z)} rows", total, ROUNDS_SHOWN) as advance:
        bar, code = _Bar(advance, total, sets), fitting_code()
        try:
            return fit_and_publish(taken, settings, seed, store, code=code, promote=promote, told=bar)
        except ValueError as error:
            raise Fail(str(error), BAD_CONFIGURATION) from error
        except OSError as error:
            raise Fail(f"{store.directory} cannot be written: {error.strerror or error}", TEMPORARY) from error


class _Bar:
    """Moves the bar by what was grown since it was last told; a set that stopped early is done."""

    def __init__(self, advance: Any, total: int, sets: int) -> None:
        self._advance, self._per_set, self._shown = advance, total // sets, 0
        self._before: tuple[str, int] = ("", 0)

    def __call__(self, what: str, done: int, most: int) -> None:
        finished = self._before[1] + (1 if self._before[0] not in ("", what) else 0)
        self._before = (what, finished)
        now = finished * self._per_set + round(done / most * self._per_set)
        self._advance(max(0, now - self._shown))
        self._shown = max(now, self._shown)


def _taken(said: str, prices: list[Path] | None, horizon_s: float | None, bar_s: float | None) -> tuple[Any, int]:
    """The examples, and the embargo that goes with them."""
    if bool(said) == bool(prices):
        raise Fail("give either --examples FILE or --prices FILE, and one of them", USAGE)
    if prices:
        if horizon_s is None:
            raise Fail("--prices needs --horizon, such as 4h", USAGE)
        return _from_prices(prices, horizon_s, bar_s)
    if horizon_s is not None or bar_s is not None:
        raise Fail("--horizon and --bar go with --prices", USAGE)
    return _from_examples(said), 0


def _from_examples(said: str) -> Any:
    from bot.models.dataset import BadExamples, read_examples, read_stream

    path = a_path(said)
    if said != "-" and not path.exists():
        raise Fail(f"{said}: no such file of examples", NOT_FOUND)
    if said != "-" and path.is_dir():
        raise Fail(f"{said}: is a directory, expected a file of examples", BAD_CONFIGURATION)
    try:
        return read_stream(sys.stdin.buffer) if said == "-" else read_examples(path)
    except BadExamples as error:
        raise Fail(str(error), DAMAGED) from error


def _from_prices(prices: list[Path], horizon_s: float, bar_s: float | None) -> tuple[Any, int]:
    from bot.evaluation.prices import BadPrices
    from bot.models.dataset import BadExamples
    from bot.models.history import examples_of_prices

    def shown(rows: int) -> Any:
        return progress("driving the actors", rows, ROWS_SHOWN)

    try:
        return examples_of_prices(prices, bar_s, horizon_s, shown)
    except (BadPrices, BadExamples) as error:
        raise Fail(str(error), BAD_CONFIGURATION) from error


def _track(uri: str, found: Any) -> None:
    from adapters.tracking import NotTracked, Tracker

    try:
        run = Tracker(uri).record(
            found.model,
            parameters={**found.parameters, "seed": str(found.seed), "data": found.data},
            metrics={**found.scores, "dm_t": found.judgement.t, "skill_vs_judge": found.judgement.skill},
            curve=found.curve,
            tags={"champion": str(found.champion).lower(), "against": found.against},
        )
    except NotTracked as error:
        talk(f"the model is in its store, but was not tracked: {error}")
        return
    talk(f"tracked as MLflow run {run}")


def _print(found: Any, json: bool) -> None:
    if json:
        plain = {name: getattr(found, name) for name in found.__struct_fields__ if name != "curve"}
        emit({**plain, "judgement": found.judgement._asdict()})
        return
    scores, judged = found.scores, found.judgement
    say(f"model {found.model}")
    say(f"  {found.trained_rows} rows, {found.rounds} rounds, {found.taken_up} levels taken up from an earlier start")
    say(
        f"  on {found.validated_rows} later rows: pinball {scores['pinball']:.5f}, "
        f"its base {scores['pinball_base']:.5f}, "
        f"skill {100 * scores['skill']:.2f} %, covers {100 * scores['coverage_90']:.1f} % at 90 %"
    )
    against = "its base" if found.against == "base" else f"champion {found.against[:12]}"
    say(f"  against {against}: t {judged.t:.2f} on {judged.labels} labels")
    if found.champion:
        say("  is champion now" if found.promoted else "  is champion")
    else:
        say(f"  is not promoted: {'; '.join(judged.reasons) or 'not asked for'}")
