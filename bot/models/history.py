"""A data set from a price history: the live actors are driven over it, and the weighter says what it learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from bot.evaluation import data
from bot.evaluation.casting import cast_of, tape_of
from bot.evaluation.history import Advance, drive
from bot.evaluation.prices import BadPrices, without_holes
from bot.evaluation.retraining import FittedModels, Gathering
from bot.models.dataset import stacked
from contracts.quantities import SECOND_NS, Seconds
from quant.training import Examples

Shown = Callable[[int], AbstractContextManager[Advance]]


def examples_of_prices(
    paths: Sequence[Path], bar_s: Seconds | None, horizon_s: Seconds, shown: Shown
) -> tuple[Examples, int]:
    """Examples of files of prices, and the life of a label in nanoseconds, in the time of the examples.

    Raises BadPrices where the horizon is no whole number of bars or the history is too short, BadTable and MissingTable
    for files that cannot be read, BadExamples where nothing can be learned from.
    """
    prices = without_holes(data.read(paths, bar_s))
    bars = horizon_s / prices.bar_s
    if bars < 1 or abs(bars - round(bars)) > 1e-9:
        raise BadPrices(f"a horizon of {horizon_s:g} s is no whole number of bars of {prices.bar_s:g} s")
    if len(prices) <= 2 * bars:
        raise BadPrices(f"{len(prices)} bars are too few for a horizon of {round(bars)}")
    gathering = Gathering()
    tape = tape_of(prices, round(bars))
    cast = cast_of(tape, round(bars), FittedModels())
    with shown(len(prices)) as advance:
        drive(tape, cast, gathering, advance=advance)
    return stacked(gathering.examples, cast.inputs), round(horizon_s * SECOND_NS)
