"""Holds what was believed over a history against what came true and against the baselines: the evidence table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.evaluation import baselines, scoring
from bot.evaluation.prices import Instants, Prices
from bot.evaluation.record import Record
from bot.evaluation.report import Table
from bot.evaluation.scoring import Ground, Losses, Score, Versus
from contracts.quantities import SECOND_NS
from quant.rolling import Floats
from quant.scores import skill

DAY_S: Final = 86_400.0
FHS: Final = "FHS-EWMA"
EQUAL: Final = "equal weight"
POOL: Final = "POOL"
BLEND: Final = "blend"
WRONG: Final = "independent agents (wrong)"
TOP_RUNG: Final = "rung booster"
LEVEL_ROWS: Final = 20


@dataclass(frozen=True)
class Line:
    """One author of the evidence table: scores, and skill against each of the three references."""

    kind: str
    score: Score
    fhs: Versus
    equal: Versus
    pool: Versus


@dataclass(frozen=True)
class Evidence:
    """The whole table, what was counted, and the losses of every author."""

    lines: dict[str, Line]
    ground: Ground
    losses: dict[str, Losses]


def ground_of(prices: Prices, horizon_bars: int, from_ns: int) -> Ground:
    """Labels and scale of a history; what is said from `from_ns` on counts."""
    daily = prices.bar_s >= DAY_S
    return Ground(
        y=prices.log_returns(horizon_bars),
        scale=baselines.ewma_scale(prices.close, horizon_bars),
        counted=np.asarray(prices.at_ns >= from_ns),
        lag=max(LEVEL_ROWS, 2 * horizon_bars) if daily else 2 * horizon_bars,
        horizon_bars=horizon_bars,
    )


def evidence(prices: Prices, record: Record, ground: Ground) -> Evidence:
    """Every author against every reference, in the order of the chain: baselines, agents, stages, blend."""
    forecasts = _baselines(prices, record, ground)
    references = {name: scoring.losses(forecasts[name][1], ground) for name in (FHS, EQUAL, POOL)}
    lines, lost = {}, {}
    for name, (kind, quantiles) in forecasts.items():
        lost[name] = scoring.losses(quantiles, ground)
        against = (scoring.versus(lost[name], references[other], ground) for other in (FHS, EQUAL, POOL))
        lines[name] = Line(kind, scoring.score(name, quantiles, ground), *against)
    return Evidence(lines, ground, lost)


def _baselines(prices: Prices, record: Record, ground: Ground) -> dict[str, tuple[str, Floats]]:
    h, y, ewma = ground.horizon_bars, ground.y, ground.scale
    none = np.zeros(y.shape)
    har = baselines.har_scale(prices.close, h, spans(prices, h))
    slots = hours_of_week(prices.at_ns)
    said = {
        "Gaussian EWMA": ("baseline", baselines.gaussian(none, ewma)),
        FHS: ("baseline", baselines.historical(none, ewma, y, h)),
        "FHS-HAR": ("baseline", baselines.historical(none, har, y, h)),
    }
    intraday = prices.bar_s < DAY_S
    if intraday:
        seasonal = har * baselines.hour_of_week_factor(y / har, slots, h)
        said["FHS-HAR x hour of week"] = ("baseline", baselines.historical(none, seasonal, y, h))
    mu, sigma = baselines.pooled(record.mu, record.sigma, record.confidence)
    said[EQUAL] = ("baseline", baselines.vincentised(record.mu, record.sigma))
    said[WRONG] = ("baseline", baselines.gaussian(mu, baselines.independent(record.sigma)))
    said["inverse variance"] = ("baseline", baselines.gaussian(mu, sigma))
    said[POOL] = ("baseline", baselines.historical(mu, sigma, y, h))
    if intraday:
        wider = sigma * baselines.hour_of_week_factor((y - mu) / sigma, slots, h)
        said["POOL x hour of week"] = ("baseline", baselines.historical(mu, wider, y, h))
    for place, name in enumerate(record.agents):
        said[name] = ("agent", baselines.gaussian(record.mu[:, place], record.sigma[:, place]))
    for name, quantiles in record.stages.items():
        if np.isfinite(quantiles).any():
            said[name] = ("stage", quantiles)
    return said | {BLEND: ("blend", record.quantiles)}


def spans(prices: Prices, horizon_bars: int) -> tuple[int, ...]:
    """Over how many bars the realised variances of the HAR baseline go: day, week, month and quarter, or shorter."""
    if prices.bar_s >= DAY_S:
        return 1, 5, 22, 66
    day = max(1, round(DAY_S / prices.bar_s))
    return horizon_bars, day, 7 * day, 30 * day


def hours_of_week(at_ns: Instants) -> np.ndarray:
    """The hour of the week (UTC, Monday 0:00 is 0) that begins at each instant."""
    hours = at_ns // (3600 * SECOND_NS)
    return np.asarray((hours + 72) % 168)


def headline(found: Evidence) -> dict[str, float]:
    """The figures of the blend that every recipe of forecasts prints."""
    line = found.lines[BLEND]
    return {
        "labels": float(line.score.labels),
        "answered": line.score.answered,
        "skill_vs_fhs": line.fhs.skill,
        "skill_vs_fhs_half_width": line.fhs.half_width,
        "skill_vs_equal_weight": line.equal.skill,
        "skill_vs_pool": line.pool.skill,
        "skill_vs_fhs_returns": line.fhs.skill_returns,
        "skill_vs_equal_weight_returns": line.equal.skill_returns,
        "dm_t": line.pool.dm_t,
        "dm_t_vs_fhs": line.fhs.dm_t,
        "dm_t_vs_equal_weight": line.equal.dm_t,
        "coverage_50": line.score.coverage[0],
        "coverage_90": line.score.coverage[1],
        "coverage_98": line.score.coverage[2],
        "calibration_error_max": line.score.calibration_error_max,
        "pinball": line.score.pinball,
        "pinball_z": line.score.pinball_z,
        "ic": line.score.ic,
        "crossings": float(line.score.crossings),
    }


COLUMNS: Final = (
    ("author", "s"),
    ("kind", "s"),
    ("labels", "d"),
    ("pinball bp", ".3f"),
    ("skill vs FHS %", "%"),
    ("± %", "%"),
    ("in returns %", "%"),
    ("vs equal weight %", "%"),
    ("vs POOL %", "%"),
    ("DM t vs POOL", "t"),
    ("DM t vs FHS", "t"),
    ("cov 50", ".3f"),
    ("cov 90", ".3f"),
    ("cov 98", ".3f"),
    ("max cal", ".4f"),
    ("IC", "+.4f"),
    ("crossings", "d"),
)


def standing_of(found: Evidence, record: Record) -> Table:
    """On which rung the blend stood under which level of drift, how long, and what its forecasts were worth there.

    Beside it what the highest rung alone was worth in the same rows: what the ladder and drift cost, or saved.
    """
    counted = found.ground.counted
    standings = sorted({(record.rungs[row], record.drift[row]) for row in np.flatnonzero(counted)})
    top = found.losses.get(TOP_RUNG, found.losses[BLEND])
    rows = []
    for rung, level in standings:
        here = np.array([each == (rung, level) for each in zip(record.rungs, record.drift, strict=True)]) & counted
        lost, best, plain = (
            np.where(here[:, None], each.z, np.nan) for each in (found.losses[BLEND], top, found.losses[FHS])
        )
        rows.append((rung, level, float(here.sum() / counted.sum()), skill(lost, plain), skill(best, plain)))
    return Table(
        title="where the blend stood",
        columns=("rung", "drift", "share of rows %", "skill vs FHS %", "of the highest rung %"),
        formats=("s", "s", "p", "%", "%"),
        rows=tuple(rows),
    )


NARROW: Final = (
    "author",
    "labels",
    "skill vs FHS %",
    "± %",
    "vs equal weight %",
    "vs POOL %",
    "DM t vs POOL",
    "cov 50",
    "cov 90",
    "cov 98",
    "max cal",
)
"""What fits a terminal; the page and the JSON have all."""


def table_of(found: Evidence) -> Table:
    """The evidence table for people and for JSON."""
    return Table(
        title="evidence",
        columns=tuple(name for name, _ in COLUMNS),
        formats=tuple(form for _, form in COLUMNS),
        rows=tuple(_row(name, line) for name, line in found.lines.items()),
        narrow=NARROW,
        note="Skill is the share of a reference's pinball loss saved, in units of EWMA deviation; ± is its 95 % half-"
        "width against FHS-EWMA by a date-clustered HAC error. Negative t is better than the reference.",
    )


def _row(name: str, line: Line) -> tuple[str | int | float, ...]:
    score = line.score
    return (
        name,
        line.kind,
        score.labels,
        1e4 * score.pinball,
        line.fhs.skill,
        abs(line.fhs.half_width) if math.isfinite(line.fhs.half_width) else math.nan,
        line.fhs.skill_returns,
        line.equal.skill,
        line.pool.skill,
        line.pool.dm_t,
        line.fhs.dm_t,
        *score.coverage,
        score.calibration_error_max,
        score.ic,
        score.crossings,
    )
