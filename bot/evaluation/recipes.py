"""The recipes of forecasts: prices in, a report out; the same harness for E1, E2 and anyone's own files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from adapters.tables.feature_cache import FeatureCache
from bot.evaluation.casting import AGENTS, cast_of, tape_of
from bot.evaluation.fitting import walk_forward_fit
from bot.evaluation.forecasts import Evidence, evidence, ground_of, headline, standing_of, table_of
from bot.evaluation.history import Advance, drive
from bot.evaluation.pictures import charts_of
from bot.evaluation.prices import BadPrices, Prices, without_holes
from bot.evaluation.record import Record
from bot.evaluation.report import Bound, Report, Table, day, described, targets
from bot.evaluation.retraining import FittedModels, Gathering, Retraining
from bot.evaluation.slates import frontier_of
from contracts.belief import Example
from contracts.quantities import SECOND_NS, Nanos, Seconds

DAY_S: Final = 86_400.0
YEAR_S: Final = 365.25 * DAY_S

Wanted = tuple[str, Bound, tuple[float, ...], bool]


@dataclass(frozen=True)
class Plan:
    """How a history is evaluated: horizon, from when on it counts, over how long and how often models are fitted.

    `from_ns` is None for "after the first window, or the first third where that is sooner".
    """

    recipe: str
    title: str
    horizon_bars: int
    from_ns: Nanos | None
    window_s: Seconds
    retrain_s: Seconds
    seed: int = 1
    boosted: bool = True
    kinds: tuple[str, ...] = AGENTS
    wanted: tuple[Wanted, ...] = ()

    def start_ns(self, prices: Prices) -> Nanos:
        """From when on forecasts count; raises BadPrices where nothing would be left to count."""
        first, last = int(prices.at_ns[0]), int(prices.at_ns[-1])
        third = int(prices.at_ns[len(prices) // 3])
        start = min(third, first + round(self.window_s * SECOND_NS)) if self.from_ns is None else self.from_ns
        if not first <= start < last:
            said = np.array([start, first, last]).astype("datetime64[ns]").astype("datetime64[s]")
            where = "before the first price" if start < first else "at the last price or after it"
            raise BadPrices(f"forecasts cannot count from {said[0]}, {where}: prices go from {said[1]} to {said[2]}")
        return start


E1: Final = Plan(
    recipe="E1",
    title="S&P 500, twenty closes, five days ahead",
    horizon_bars=5,
    from_ns=946_684_800 * SECOND_NS,
    window_s=10 * YEAR_S,
    retrain_s=2 * YEAR_S,
    wanted=(
        ("skill_vs_fhs", "at least", (0.0030,), False),
        ("skill_vs_fhs", "at least", (0.0045,), True),
        ("skill_vs_equal_weight", "at least", (0.0065,), False),
        ("skill_vs_equal_weight", "at least", (0.0085,), True),
        ("dm_t", "at most", (-1.65,), False),
        ("dm_t", "at most", (-3.0,), True),
        ("calibration_error_max", "at most", (0.006,), False),
        ("calibration_error_max", "at most", (0.003,), True),
        ("coverage_90", "between", (0.89, 0.91), False),
        ("crossings", "at most", (0.0,), False),
    ),
)
E2: Final = Plan(
    recipe="E2",
    title="Crypto, hourly, four hours ahead",
    horizon_bars=4,
    from_ns=1_609_459_200 * SECOND_NS,
    window_s=YEAR_S,
    retrain_s=YEAR_S / 4,
    wanted=(
        ("skill_vs_fhs", "at least", (0.020,), False),
        ("skill_vs_fhs", "at least", (0.025,), True),
        ("skill_vs_equal_weight", "at least", (0.034,), False),
        ("skill_vs_equal_weight", "at least", (0.040,), True),
        ("dm_t", "at most", (-1.65,), False),
        ("calibration_error_max", "at most", (0.005,), False),
        ("calibration_error_max", "at most", (0.002,), True),
        ("coverage_90", "between", (0.89, 0.91), False),
        ("crossings", "at most", (0.0,), False),
    ),
)
HOURLY_WANTED: Final[tuple[Wanted, ...]] = (
    ("skill_vs_fhs", "at least", (0.020,), False),
    ("coverage_90", "between", (0.89, 0.91), False),
    ("crossings", "at most", (0.0,), False),
)
"""What is promised of markets never looked at, hourly and four bars ahead."""


@dataclass(frozen=True)
class Told:
    """A history as it was driven: what was said, what came true, who was silent, which models were fitted."""

    prices: Prices
    record: Record
    found: Evidence
    silent: tuple[str, ...]
    fitted: list[tuple[int, str, int]]


def forecast(prices: Prices, plan: Plan, advance: Advance | None = None, cache: FeatureCache | None = None) -> Told:
    """Drive the actors over a history and hold what they said against what came true.

    Raises BadPrices where the history is too short for the horizon or the start.
    """
    prices = without_holes(prices)
    if len(prices) <= 2 * plan.horizon_bars:
        raise BadPrices(f"{len(prices)} bars are too few for a horizon of {plan.horizon_bars}")
    start_ns, models = plan.start_ns(prices), FittedModels()
    tape = tape_of(prices, plan.horizon_bars, cache)
    cast = cast_of(tape, plan.horizon_bars, models, plan.kinds)
    retraining = None
    if plan.boosted and cast.inputs:
        embargo_ns = plan.horizon_bars * tape.bar_ns
        retraining = Retraining(
            prices.at_ns,
            models,
            walk_forward_fit(cast.inputs, embargo_ns, plan.seed),
            first_ns=start_ns,
            window_s=plan.window_s,
            interval_s=plan.retrain_s,
            embargo_rows=plan.horizon_bars,
        )
    record = drive(tape, cast, retraining, advance=advance)
    found = evidence(prices, record, ground_of(prices, plan.horizon_bars, start_ns))
    return Told(prices, record, found, cast.silent, retraining.fitted if retraining is not None else [])


def report_of(told: Told, plan: Plan) -> Report:
    """The report of a driven history."""
    figures = headline(told.found)
    frontier_tables, frontier_charts = frontier_of(told.prices, told.record, told.found.ground)
    return Report(
        recipe=plan.recipe,
        title=plan.title,
        data=described(told.prices),
        settings={
            "horizon_bars": plan.horizon_bars,
            "from": day(plan.start_ns(told.prices)),
            "window_days": plan.window_s / DAY_S,
            "retrain_days": plan.retrain_s / DAY_S,
            "seed": plan.seed,
            "hac_lag": told.found.ground.lag,
        },
        figures=figures,
        targets=targets(figures, plan.wanted),
        tables=(table_of(told.found), standing_of(told.found, told.record), *frontier_tables, *_models(told)),
        charts=(*charts_of(told.found, told.record, told.prices.at_ns), *frontier_charts),
        notes=_notes(told),
    )


class TrainingData(NamedTuple):
    """What a training run learns from: the names of the inputs in their order, and the examples by time."""

    names: tuple[str, ...]
    examples: list[Example]


def examples_of(
    prices: Prices, horizon_bars: int, kinds: tuple[str, ...] = AGENTS, *, advance: Advance | None = None
) -> TrainingData:
    """The data set of a training run: what the weighter itself says it would learn from, over a whole history.

    All agents asked for are in its inputs, silent ones too, because a model is served the inputs it was trained on.
    """
    models, gathering, prices = FittedModels(), Gathering(), without_holes(prices)
    tape = tape_of(prices, horizon_bars)
    cast = cast_of(tape, horizon_bars, models, kinds, all_of_them=True)
    drive(tape, cast, gathering, advance=advance)
    return TrainingData(cast.inputs, gathering.examples)


def _notes(told: Told) -> tuple[str, ...]:
    if not told.silent:
        return ()
    return (f"Left out, because the history has nothing that they need: {', '.join(told.silent)}.",)


def _models(told: Told) -> tuple[Table, ...]:
    if not told.fitted:
        return ()
    rows = tuple((day(int(told.prices.at_ns[row])), count, name[:16]) for row, name, count in told.fitted)
    return (Table(title="models", columns=("from", "examples", "model"), formats=("s", "d", "s"), rows=rows),)
