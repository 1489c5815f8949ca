"""E8: prices in which nothing can be foretold, through everything that would trade on them.

Twenty instruments move together and apart, calm and wild by turns, without drift; the live agents look for what is not
there. The blend must not lose against the pool, hardly anything may be worth its cost after selection and sizing, and
drift may not be alarmed.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from actors.selector import Selector, SelectorSettings
from bot.evaluation.casting import Cast, cast_of, tape_of
from bot.evaluation.forecasts import BLEND, evidence, ground_of, table_of
from bot.evaluation.history import Advance, drive
from bot.evaluation.prices import Prices
from bot.evaluation.report import Bound, Report, Table, described, targets
from bot.evaluation.retraining import FittedModels
from bot.evaluation.tape import Tape
from contracts.belief import DriftState
from contracts.decision import Selection
from contracts.envelope import Envelope
from contracts.quantities import BPS
from quant.sizing import net_edge, target_notional
from runtime.cell import Cell
from runtime.restarts import ACTOR_BUDGETS, Failures
from runtime.seeds import Seeds

INSTRUMENTS: Final = 20
ROWS: Final = 4_000
HORIZON_BARS: Final = 4
WARM_ROWS: Final = 1_000
FEE_BPS: Final = 10.0
"""Each side, so that a round trip costs 20 bps as it does at the venues."""

EQUITY_EUR: Final = 500.0
NOTIONAL_MIN_EUR: Final = 5.0
KELLY, SHARE_MAX, PARITY = 0.25, 0.20, 0.5
"""The canary's account and sizing."""

WANTED: Final[tuple[tuple[str, Bound, tuple[float, ...], bool], ...]] = (
    ("trade_rate", "below", (0.02,), False),
    ("trade_rate", "below", (0.005,), True),
    ("skill_vs_pool", "at least", (-0.003,), False),
    ("skill_vs_pool", "at least", (-0.001,), True),
    ("drift_alarms", "at most", (0.0,), False),
)


class Trading(Cast):
    """The cast with the selector behind the weighter."""

    def cells(self, tape: Tape) -> list[Cell]:
        """The selector hears the slate last."""
        selector = partial(Selector, SelectorSettings(picks_max=5))
        return [*super().cells(tape), Cell("selector", "choice", selector, Failures(ACTOR_BUDGETS["choice"]))]


def noise_report(seed: int, advance: Advance | None = None, rows: int = ROWS) -> Report:
    """One world of noise, from its seed."""
    prices = noise(Seeds(seed).generator("evaluate/E8"), rows)
    tape = tape_of(prices, HORIZON_BARS)
    cast = cast_of(tape, HORIZON_BARS, FittedModels())
    watched = Watched()
    trading = Trading(cast.kinds, cast.silent, cast.horizon_s, cast.bar_s, cast.models)
    record = drive(tape, trading, fee_bps=FEE_BPS, advance=advance, taps={Selection: watched, DriftState: watched})
    first = min(WARM_ROWS, rows // 3)
    found = evidence(prices, record, ground_of(prices, HORIZON_BARS, int(prices.at_ns[first])))
    worth = worth_trading(record.slate_mu, record.slate_sigma, record.cost_bps, record.es_long, record.es_short)
    picked = np.zeros(worth.shape, dtype=np.bool_)
    for row, columns in watched.picks.items():
        picked[row, columns] = True
    figures = {
        "trade_rate": float((picked & worth)[first:].mean()),
        "pick_rate": float(picked[first:].mean()),
        "skill_vs_pool": found.lines[BLEND].pool.skill,
        "dm_t": found.lines[BLEND].pool.dm_t,
        "skill_vs_fhs": found.lines[BLEND].fhs.skill,
        "coverage_90": found.lines[BLEND].score.coverage[1],
        "ic": found.lines[BLEND].score.ic,
        "drift_alarms": float(watched.alarms),
    }
    levels = tuple((name, count) for name, count in sorted(watched.levels.items()))
    return Report(
        recipe="E8",
        title="Noise: nothing can be foretold",
        data=described(prices),
        settings={"rows": rows, "fee_bps": FEE_BPS, "horizon_bars": HORIZON_BARS, "seed": seed},
        figures=figures,
        targets=targets(figures, WANTED),
        tables=(
            table_of(found),
            Table(title="drift", columns=("level", "said"), formats=("s", "d"), rows=levels),
        ),
    )


class Watched:
    """What was picked in which row, and what was said of drift."""

    def __init__(self) -> None:
        self.row = 0
        self.picks: dict[int, list[int]] = {}
        self.levels: dict[str, int] = {}
        self.last = "calm"
        self.alarms = 0

    def __call__(self, envelope: Envelope[Selection | DriftState]) -> None:
        said = envelope.payload
        if isinstance(said, Selection):
            self.picks[self.row] = [int(pick.symbol.removeprefix(PREFIX)) for pick in said.picks]
            self.row += 1
        else:
            self.levels[said.level] = self.levels.get(said.level, 0) + 1
            self.alarms += said.level != "calm" and self.last == "calm"
            self.last = said.level


PREFIX: Final = "NOISE-"


def noise(rng: np.random.Generator, rows: int) -> Prices:
    """Hourly bars without drift: a common part, fat tails, and a volatility that wanders slowly."""
    shocks = 0.05 * rng.standard_normal(rows)
    level = np.zeros(rows)
    for row in range(1, rows):
        level[row] = 0.985 * level[row - 1] + shocks[row]
    moves = 0.6 * rng.standard_t(5, (rows, 1)) + 0.8 * rng.standard_t(5, (rows, INSTRUMENTS))
    close = 100.0 * np.exp(np.cumsum(0.005 * np.exp(level)[:, None] * moves, axis=0))
    opened = np.concatenate([np.full((1, INSTRUMENTS), 100.0), close[:-1]])
    reach = 0.002 * np.abs(rng.standard_normal((2, rows, INSTRUMENTS)))
    high, low = np.maximum(opened, close) * np.exp(reach[0]), np.minimum(opened, close) * np.exp(-reach[1])
    at_ns = 1_609_459_200_000_000_000 + 3_600_000_000_000 * np.arange(1, rows + 1)
    symbols = tuple(f"{PREFIX}{number}" for number in range(INSTRUMENTS))
    volume = np.exp(rng.standard_normal((rows, INSTRUMENTS)))
    return Prices(symbols, at_ns, 3600.0, opened, high, low, close, volume)


def worth_trading(
    mu: np.ndarray, sigma: np.ndarray, cost_bps: np.ndarray, es_long: np.ndarray, es_short: np.ndarray
) -> np.ndarray:
    """Where the canary's account would hold at least the smallest order, by the sizing of the gate."""
    net = net_edge(mu, cost_bps * BPS)
    shortfall = np.where(net >= 0.0, es_long, es_short)
    sized = [
        target_notional(row, sd, tail, equity_eur=EQUITY_EUR, kelly_fraction=KELLY, share_max=SHARE_MAX, parity=PARITY)
        for row, sd, tail in zip(net, sigma, shortfall, strict=True)
    ]
    return np.asarray(np.abs(np.array(sized)) >= NOTIONAL_MIN_EUR)
