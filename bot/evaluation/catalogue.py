"""Every recipe by its name: what it needs, and how it is run."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from adapters.tables.feature_cache import FeatureCache
from bot.agents import agent_of
from bot.evaluation import data
from bot.evaluation.casting import AGENTS, name_of
from bot.evaluation.gate import gate_report
from bot.evaluation.history import Advance
from bot.evaluation.noise import ROWS, noise_report
from bot.evaluation.order_books import order_book_report
from bot.evaluation.prices import BadPrices, Prices
from bot.evaluation.ranks import rank_report
from bot.evaluation.recipes import E1, E2, HOURLY_WANTED, Plan, forecast, report_of
from bot.evaluation.report import Report
from bot.evaluation.worlds import INSTANTS, WORLDS, worlds_report
from bot.features.computed import cache_directory
from contracts.quantities import SECOND_NS, Nanos, Seconds

Shown = Callable[[str, int], AbstractContextManager[Advance]]
"""Shows progress: a title and a number of steps, to what is told of steps done."""


class BadRequest(ValueError):
    """A recipe that does not exist, or was asked for with what it does not take; exit code 2."""


@dataclass(frozen=True)
class Request:
    """What was asked for; None and () mean that the recipe says."""

    recipe: str
    files: tuple[Path, ...] = ()
    horizon_s: Seconds | None = None
    bar_s: Seconds | None = None
    from_ns: Nanos | None = None
    window_s: Seconds | None = None
    retrain_s: Seconds | None = None
    seed: int = 1
    boosted: bool = True
    agents: tuple[str, ...] = ()


FORECASTS: Final = ("files", "horizon_s", "bar_s", "from_ns", "window_s", "retrain_s", "agents")
TAKES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("E1", "E2", "prices"), FORECASTS),
    "E4": ("files",),
    "E6": ("files", "from_ns"),
    "E7": ("files",),
}
"""What a recipe takes beside the seed; the others make their data themselves."""

OPTIONS: Final = {
    "files": "--data",
    "horizon_s": "--horizon",
    "bar_s": "--bar",
    "from_ns": "--from",
    "window_s": "--window",
    "retrain_s": "--retrain",
    "agents": "--agent",
}
FITS_MAX: Final = 1000
"""More walk-forward fits than this take days."""


@dataclass(frozen=True)
class Work:
    """A recipe with its data read: `facts` is everything the report depends on beside the code."""

    facts: dict[str, object]
    run: Callable[[Shown], Report]


def work_of(request: Request) -> Work:
    """What is to be done; raises BadRequest, DataAbsent, BadPrices or BadTable before anything long begins."""
    if request.recipe not in RECIPES:
        raise BadRequest(f"there is no recipe {request.recipe!r}: expected one of {', '.join(RECIPES)} or all")
    _refuse_ignored(request)
    work = RECIPES[request.recipe](request)
    return replace(work, facts={"recipe": request.recipe} | work.facts)


def taken(request: Request) -> Request:
    """The same without what its recipe does not take."""
    empty = Request(request.recipe)
    own = TAKES.get(request.recipe, ())
    return replace(request, **{name: getattr(empty, name) for name in OPTIONS if name not in own})


def _refuse_ignored(request: Request) -> None:
    """Raise BadRequest for what was asked for in vain."""
    for name, option in OPTIONS.items():
        if getattr(request, name) != getattr(taken(request), name):
            takers = ", ".join(recipe for recipe in RECIPES if name in TAKES.get(recipe, ()))
            raise BadRequest(f"{request.recipe} takes no {option}; these do: {takers}")


def _refuse_endless(prices: Prices, plan: Plan) -> None:
    """Raise BadRequest for a model so often that the fits alone would take days, naming how often it may be."""
    span_s = (int(prices.at_ns[-1]) - plan.start_ns(prices)) / SECOND_NS
    least_s = max(prices.bar_s, span_s / FITS_MAX)
    if plan.boosted and plan.retrain_s < least_s:
        rows = math.ceil(least_s / prices.bar_s)
        raise BadRequest(
            f"--retrain was {plan.retrain_s:g} s, expected at least {rows * prices.bar_s:g} s on this history: "
            f"a bar is {prices.bar_s:g} s, and at most {FITS_MAX} models are fitted"
        )


def _sp500(request: Request) -> Work:
    files = request.files or (data.sp500_closes(),)
    return _forecasts(data.read(files, request.bar_s), _asked(E1, request))


def _hourly(request: Request) -> Work:
    files = request.files or (data.recorded(data.HOURLY),)
    return _forecasts(data.read(files, request.bar_s or 3600.0), _asked(E2, request))


def _files(request: Request) -> Work:
    if not request.files:
        raise BadRequest("`prices` needs at least one file")
    prices = data.read(request.files, request.bar_s)
    daily = prices.bar_s >= 86_400.0
    base = replace(
        E1 if daily else E2,
        recipe="prices",
        title=", ".join(path.name for path in request.files),
        from_ns=None,
        wanted=HOURLY_WANTED if prices.bar_s == 3600.0 and request.horizon_s in (None, 4 * 3600.0) else (),
    )
    return _forecasts(prices, _asked(base, request, prices.bar_s))


def _asked(plan: Plan, request: Request, bar_s: Seconds | None = None) -> Plan:
    """The plan with what was asked for in place of what the recipe says."""
    own_bar_s = bar_s or (86_400.0 if plan.recipe == "E1" else request.bar_s or 3600.0)
    bars = plan.horizon_bars if request.horizon_s is None else request.horizon_s / own_bar_s
    if bars < 1 or abs(bars - round(bars)) > 1e-9:
        raise BadRequest(f"a horizon of {request.horizon_s:g} s is no whole number of bars of {own_bar_s:g} s")
    _refuse_twice(plan.kinds + request.agents)
    return replace(
        plan,
        horizon_bars=round(bars),
        from_ns=plan.from_ns if request.from_ns is None else request.from_ns,
        window_s=request.window_s or plan.window_s,
        retrain_s=request.retrain_s or plan.retrain_s,
        seed=request.seed,
        boosted=request.boosted,
        kinds=plan.kinds + request.agents,
    )


def _refuse_twice(kinds: tuple[str, ...]) -> None:
    """Raise BadRequest for two agents of one name, and BadConfiguration for what is no agent."""
    names = [name_of(kind) for kind in kinds]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise BadRequest(f"--agent: {twice} would be heard twice; there are already {', '.join(AGENTS)}")
    for kind in kinds:
        agent_of(kind)


def _forecasts(prices: Prices, plan: Plan) -> Work:
    _refuse_endless(prices, plan)
    facts: dict[str, object] = {"prices": prices.digest(), "plan": asdict(plan)}

    def run(shown: Shown) -> Report:
        with shown(plan.recipe, len(prices)) as advance:
            told = forecast(prices, plan, advance, FeatureCache(cache_directory()))
        return report_of(told, plan)

    return Work(facts, run)


def _ranks(request: Request) -> Work:
    prices = data.read(request.files or (data.recorded(data.M6),))
    return Work({"prices": prices.digest(), "seed": request.seed}, lambda shown: rank_report(prices, request.seed))


def _worlds(request: Request) -> Work:
    def run(shown: Shown) -> Report:
        with shown("E5", len(WORLDS) * INSTANTS) as advance:
            return worlds_report(request.seed, advance)

    return Work({"seed": request.seed}, run)


def _gate(request: Request) -> Work:
    prices = data.read(request.files or (data.sp500_closes(),))
    from_ns = E1.from_ns if request.from_ns is None else request.from_ns
    start_ns = replace(E1, from_ns=from_ns).start_ns(prices)

    def run(shown: Shown) -> Report:
        with shown("E6", len(prices)) as advance:
            return gate_report(prices, start_ns, request.seed, advance)

    return Work({"prices": prices.digest(), "from": start_ns, "seed": request.seed}, run)


def _order_books(request: Request) -> Work:
    files = request.files or tuple(data.recorded(name) for name in data.FEEDS)
    hashes = [_hash(path) for path in files]
    return Work({"recordings": hashes}, lambda shown: order_book_report(files))


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise data.DataAbsent(f"{path}: no such file, expected a recording of an order book") from error
    except OSError as error:
        raise BadPrices(f"{path}: cannot be read: {error.strerror}, expected a recording of an order book") from error


def _noise(request: Request) -> Work:
    def run(shown: Shown) -> Report:
        with shown("E8", ROWS) as advance:
            return noise_report(request.seed, advance)

    return Work({"seed": request.seed}, run)


RECIPES: Final[dict[str, Callable[[Request], Work]]] = {
    "E1": _sp500,
    "E2": _hourly,
    "E4": _ranks,
    "E5": _worlds,
    "E6": _gate,
    "E7": _order_books,
    "E8": _noise,
    "prices": _files,
}
