"""E6: does the tail that the risk gate fears come as often, and as hard, as it says?

Every week, books of five stocks of the S&P (equal weights, long, and long against short) are held for five days. What
the gate's scenarios say their VaR and expected shortfall are is held against what came: share of exceedances, tests of
Kupiec and Christoffersen, and the second test of Acerbi and Szekely (2014), Z2 = mean(L 1{L > VaR} / ((1 - a) ES)) - 1.
Margins are the FHS quantiles of each stock, so that the copula is judged. With independent margins it must fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.evaluation import baselines
from bot.evaluation.history import Advance
from bot.evaluation.prices import Prices
from bot.evaluation.report import Bound, Report, Table, described, targets
from bot.evaluation.scenes import calm_variates, independent_variates
from contracts.quantities import Nanos
from quant.curve import SLOPE_CALIBRATED, QuantileCurve
from quant.quantiles import LEVELS
from quant.rolling import Floats
from quant.scenarios import Shapes, log_returns, shapes_of, variates
from quant.significance import christoffersen, kupiec
from quant.similarity import correlation
from quant.tail_risk import cvar
from runtime.seeds import Seeds

ALPHA: Final = 0.975
HORIZON_BARS: Final = 5
SCENARIOS: Final = 4_096
STOCKS: Final = 5
BOOKS: Final = 6
CORRELATION_ROWS: Final = 500
CORRELATION_DECAY: Final = 0.98
GATE, ROUT, INDEPENDENT = "t copula", "t copula with the gate's rout", "independent (must fail)"

WANTED: Final[tuple[tuple[str, Bound, tuple[float, ...], bool], ...]] = (
    ("exceedance", "between", (0.020, 0.030), False),
    ("z2_size", "at most", (0.15,), False),
    ("z2_size", "at most", (0.05,), True),
    ("kupiec_p", "at least", (0.01,), False),
    ("christoffersen_p", "at least", (0.01,), False),
    ("independent_z2", "at least", (0.15,), False),
    ("independent_exceedance", "at least", (0.030,), False),
)


@dataclass(frozen=True)
class Tails:
    """What one way of drawing said of every book, (weeks, books): VaR, expected shortfall; and what each book lost."""

    var: Floats
    shortfall: Floats
    loss: Floats

    @property
    def hits(self) -> np.ndarray:
        """Where a book lost more than its VaR."""
        return np.asarray(self.loss > self.var)

    @property
    def z2(self) -> float:
        """Acerbi and Szekely's second statistic: 0 when the tail is true, positive when it is worse than said."""
        return float((self.loss * self.hits / ((1.0 - ALPHA) * self.shortfall)).mean()) - 1.0


def gate_report(prices: Prices, from_ns: Nanos, seed: int, advance: Advance | None = None) -> Report:
    """All ways of drawing, on the same books."""
    found = tails_of(prices, from_ns, seed, advance)
    figures: dict[str, float] = {}
    rows = []
    for name, tails in found.items():
        weekly = tails.hits.T.ravel()
        frequency, clustering = kupiec(weekly, 1.0 - ALPHA), christoffersen(weekly)
        rows.append((name, weekly.size, float(weekly.mean()), tails.z2, frequency.p, clustering.p))
        if name == GATE:
            figures = {
                "books": float(weekly.size),
                "exceedance": float(weekly.mean()),
                "z2": tails.z2,
                "z2_size": abs(tails.z2),
                "kupiec_p": frequency.p,
                "christoffersen_p": clustering.p,
                "exceedance_long": float(tails.hits[:, : BOOKS // 2].mean()),
                "exceedance_long_short": float(tails.hits[:, BOOKS // 2 :].mean()),
            }
        elif name == INDEPENDENT:
            figures |= {"independent_exceedance": float(weekly.mean()), "independent_z2": tails.z2}
    return Report(
        recipe="E6",
        title="The risk gate's tail, back-tested on S&P books of five",
        data=described(prices),
        settings={"alpha": ALPHA, "scenarios": SCENARIOS, "tail_slope": SLOPE_CALIBRATED, "seed": seed},
        figures=figures,
        targets=targets(figures, WANTED),
        tables=(
            Table(
                title="tails",
                columns=("drawn by", "books", "exceedance %", "Z2", "Kupiec p", "Christoffersen p"),
                formats=("s", "d", "p", "+.3f", ".3f", ".3f"),
                rows=tuple(rows),
                note=f"Nominal exceedance {100 * (1 - ALPHA):g} %. Books of one week move together, "
                "so the p of Kupiec is too small rather than too large.",
            ),
        ),
    )


def tails_of(prices: Prices, from_ns: Nanos, seed: int, advance: Advance | None = None) -> dict[str, Tails]:
    """VaR, shortfall and loss of every book of every week by each way of drawing."""
    y = prices.log_returns(HORIZON_BARS)
    scale = baselines.ewma_scale(prices.close, HORIZON_BARS)
    quantiles = baselines.historical(np.zeros(y.shape), scale, y, HORIZON_BARS)
    returns = np.diff(np.log(prices.close), axis=0, prepend=np.nan)
    first = int(np.searchsorted(prices.at_ns, from_ns))
    weeks = range(first, len(prices) - HORIZON_BARS, HORIZON_BARS)
    seeds, curve = Seeds(seed), QuantileCurve(SLOPE_CALIBRATED)
    said: dict[str, list[tuple[Floats, Floats]]] = {GATE: [], ROUT: [], INDEPENDENT: []}
    lost = []
    for row in weeks:
        books = _books(seeds.generator(f"evaluate/E6/books/{row}"), len(prices.symbols))
        sigma = np.sqrt(curve.variance(quantiles[row]))
        shapes = shapes_of(LEVELS, quantiles[row], curve.mean(quantiles[row]), sigma, SLOPE_CALIBRATED)
        corr = correlation(returns[max(0, row - CORRELATION_ROWS) : row + 1].T, CORRELATION_DECAY)
        rng = seeds.generator(f"evaluate/E6/scenarios/{row}")
        for name, drawn in (
            (GATE, calm_variates(corr, rng, SCENARIOS)),
            (ROUT, variates(corr, rng, SCENARIOS)),
            (INDEPENDENT, independent_variates(len(corr), rng, SCENARIOS)),
        ):
            said[name].append(_tails(drawn, sigma, shapes, books))
        lost.append(-books @ np.expm1(y[row]))
        if advance is not None:
            advance(HORIZON_BARS)
    loss = np.array(lost)
    return {
        name: Tails(np.array([var for var, _ in each]), np.array([shortfall for _, shortfall in each]), loss)
        for name, each in said.items()
    }


def _books(rng: np.random.Generator, width: int) -> Floats:
    """Half of the books are long, half long against short; (books, instruments)."""
    books = np.zeros((BOOKS, width))
    for number, book in enumerate(books):
        picks = rng.permutation(width)[:STOCKS]
        sides = rng.choice((-1.0, 1.0), len(picks)) if number >= BOOKS // 2 else 1.0
        book[picks] = sides / len(picks)
    return books


def _tails(drawn: Floats, sigma: Floats, shapes: Shapes, books: Floats) -> tuple[Floats, Floats]:
    """VaR and expected shortfall of each book, (books,)."""
    losses = -np.expm1(log_returns(drawn, sigma, shapes)) @ books.T
    return np.quantile(losses, ALPHA, axis=0), np.array([cvar(each, ALPHA) for each in losses.T])
