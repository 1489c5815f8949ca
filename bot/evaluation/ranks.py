"""E4: in which fifth of a hundred assets will each end, by scenarios of their joint volatility alone.

The task of the M6 competition: every four weeks, probabilities of the five quintiles of the cross-section of returns,
scored by the ranked probability score (.16 for equal probabilities; the winner had .15645). No mean is believed: the
forecast is how often each asset lands in each fifth of 4,000 scenarios of a t copula with EWMA deviations and shrunk
EWMA correlations, all from the history before the round.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bot.evaluation.prices import BadPrices, Prices
from bot.evaluation.report import Bound, Chart, Report, Series, Table, day, described, targets
from bot.evaluation.scenes import calm_variates, independent_variates
from contracts.quantities import SECOND_NS
from quant.rolling import Floats
from quant.scenarios import UNIT_T
from quant.similarity import correlation
from runtime.seeds import Seeds

FIFTHS: Final = 5
SCENARIOS: Final = 4_000
ROUND_NS: Final = 28 * 86_400 * SECOND_NS
FIRST_NS: Final = 1_646_352_000 * SECOND_NS
"""Friday, 4 March 2022: the close before the first round of the competition."""
ROUNDS: Final = 12
DAYS_MIN: Final = 5
DECAY: Final = 0.97
CORRELATION_DECAY: Final = 0.985
EQUAL_RPS: Final = 0.16

WANTED: Final[tuple[tuple[str, Bound, tuple[float, ...], bool], ...]] = (
    ("rps", "at most", (0.1565,), False),
    ("rps", "at most", (0.1562,), True),
    ("rounds_below_equal_share", "at least", (1.0,), False),
)


def rank_report(prices: Prices, seed: int) -> Report:
    """Every round of which the history knows both ends; raises BadPrices where there is none."""
    rows = _rounds(prices, Seeds(seed))
    if not rows:
        raise BadPrices("the history knows both ends of no round: expected prices from February 2022 on")
    scores = np.array([score for _, score, _ in rows])
    figures = {
        "rps": float(scores.mean()),
        "rps_without_correlations": float(np.mean([alone for _, _, alone in rows])),
        "rounds": float(len(rows)),
        "rounds_below_equal_share": float((scores < EQUAL_RPS).mean()),
    }
    bars = Series(name="t copula", x=tuple(range(1, len(rows) + 1)), y=tuple(scores.tolist()))
    return Report(
        recipe="E4",
        title="M6: in which fifth of a hundred assets will each end",
        data=described(prices),
        settings={"scenarios": SCENARIOS, "decay": DECAY, "correlation_decay": CORRELATION_DECAY, "seed": seed},
        figures=figures,
        targets=targets(figures, WANTED),
        tables=(
            Table(
                title="rounds",
                columns=("from", "RPS", "RPS without correlations"),
                formats=("s", ".5f", ".5f"),
                rows=tuple(rows),
                note=f"Equal probabilities score {EQUAL_RPS}; less is better.",
            ),
        ),
        charts=(Chart(title="RPS of each round", kind="bars", x="round", y="RPS", level=EQUAL_RPS, series=(bars,)),),
        notes=(f"{len(rows)} of the {ROUNDS} rounds lie within the history.",) if len(rows) < ROUNDS else (),
    )


def _rounds(prices: Prices, seeds: Seeds) -> list[tuple[str, float, float]]:
    """The first day of each round, its score, and the score of independent draws."""
    closes, rows = _carried(prices.close), []
    returns = np.diff(np.log(closes), axis=0)
    for number in range(ROUNDS):
        start, end = FIRST_NS + number * ROUND_NS, FIRST_NS + (number + 1) * ROUND_NS
        first, last = (int(np.searchsorted(prices.at_ns, at, side="right")) - 1 for at in (start, end))
        if first < DAYS_MIN or prices.at_ns[-1] < end:
            continue
        realised = quintiles(np.log(closes[last] / closes[first])[None])[0]
        rng = seeds.generator(f"evaluate/E4/{number}")
        together, apart = (probabilities(returns[:first], rng, together=each) for each in (True, False))
        rows.append((day(start)[:10], rps(together, realised), rps(apart, realised)))
    return rows


def probabilities(returns: Floats, rng: np.random.Generator, *, together: bool = True) -> Floats:
    """How often (N, 5) each asset lands in each fifth, from daily returns (days, N) known so far.

    With `together` off the assets are drawn independently: the wrong way, here to be seen.
    """
    weights = DECAY ** np.arange(len(returns) - 1, -1, -1)
    sigma = np.sqrt((weights[:, None] * returns**2).sum(axis=0) / weights.sum())
    width = returns.shape[1]
    if together:
        drawn = calm_variates(correlation(returns.T, CORRELATION_DECAY), rng, SCENARIOS)
    else:
        drawn = independent_variates(width, rng, SCENARIOS)
    fifths = quintiles(drawn * UNIT_T * sigma)
    return np.stack([(fifths == fifth).mean(axis=0) for fifth in range(FIFTHS)], axis=1)


def quintiles(returns: Floats) -> np.ndarray:
    """The fifth (0 lowest) in which each asset of each row (rows, N) lies; ties go by the order of the assets."""
    ranks = returns.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return np.asarray(ranks * FIFTHS // returns.shape[1])


def rps(probability: Floats, fifth: np.ndarray) -> float:
    """Ranked probability score (Epstein 1969), mean over the assets: squares of cumulative differences, over five."""
    happened = (np.arange(FIFTHS) >= fifth[:, None]).astype(np.float64)
    return float(((probability.cumsum(axis=1) - happened) ** 2).mean())


def _carried(close: Floats) -> Floats:
    """Closes, the last known one where there is none: a holiday moves nothing."""
    rows = np.where(np.isnan(close), 0, np.arange(len(close))[:, None])
    return np.asarray(np.take_along_axis(close, np.maximum.accumulate(rows, axis=0), axis=0))
