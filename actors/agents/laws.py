"""The laws every agent keeps, shipped or one's own: `check_agent` tries one in made-up markets and says what it broke.

assert check_agent(Pullback) == ()
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np

from actors.agents.answer_laws import ANSWER_LAWS, CRASHES
from actors.agents.base import Agent, AgentState
from actors.agents.settings import AgentSettings
from actors.agents.trial import Market, Trial, Trying, a_market
from contracts import codec
from contracts.belief import SignalFrame
from quant.beliefs import SCORE_MAX
from quant.rolling import Floats

STEPS: Final = 400
CALIBRATION_STEPS: Final = 3000
TOLERANCE: Final = 1e-9
MU_MAX: Final = 1.5
"""Deviations: the largest coefficient of any agent times the largest score."""
SPREAD_MIN, SPREAD_MAX = 0.95, 1.05
COLUMNS: Final = ("mu", "sigma", "confidence", "score")

MakeAgent = Callable[[AgentSettings], Agent]


@dataclass(frozen=True, slots=True)
class Broken:
    """A law that did not hold, and what was seen."""

    law: str
    seen: str

    def __str__(self) -> str:
        return f"{self.law}: {self.seen}"


def trial_settings(horizon_s: float = 4 * 3600.0) -> AgentSettings:
    """Settings of an agent on trial: hourly bars, one belief an hour."""
    return AgentSettings(name="tried", horizon_s=horizon_s, prior=0.05, label_s=3600.0, bar_s=3600.0)


def check_agent(
    make: MakeAgent,
    *,
    steps: int = 0,
    horizon_s: float = 4 * 3600.0,
    long_steps: int | None = None,
    told: Callable[[str], None] = lambda law: None,
) -> tuple[Broken, ...]:
    """Every law the agent breaks, none for a good one; `steps` is how long each market lasts, 0 for long enough.

    `long_steps` is how long the market lasts in which the deviation is judged, 0 for not at all. `told` hears of each
    law before it is tried.
    """
    trying = Trying(make, trial_settings(horizon_s), CALIBRATION_STEPS if long_steps is None else long_steps)
    broken = []
    market = a_market(steps=steps or STEPS)
    for law, judge in LAWS.items():
        told(law)
        try:
            seen = next(judge(trying, market), "")
        except CRASHES as error:
            seen = f"{type(error).__name__}: {error}"
        if seen:
            broken.append(Broken(law, seen))
    return tuple(broken)


Judge = Callable[[Trying, Market], Iterator[str]]


def _bounds(trying: Trying, market: Market) -> Iterator[str]:
    for step, said in trying().live(market).said:
        mu, sigma, confidence, score = (getattr(said, name).values for name in COLUMNS)
        known = np.isfinite(sigma)
        if any((np.isfinite(column) != known).any() for column in (mu, confidence, score)):
            yield f"at step {step} mu, sigma, confidence and score are not known for the same instruments"
        checks = {
            "score beyond 3": np.abs(score) > SCORE_MAX,
            "sigma not above 0": sigma <= 0.0,
            "confidence outside 0 to 1": (confidence < 0.0) | (confidence > 1.0),
            "mu beyond 1.5 sigma": np.abs(mu) > MU_MAX * sigma * (1.0 + TOLERANCE),
            "infinity": np.isinf([mu, sigma, confidence, score]).any(axis=0),
        }
        yield from (f"{name} at step {step}" for name, bad in checks.items() if bad[known | np.isinf(sigma)].any())


def _sign(trying: Trying, market: Market) -> Iterator[str]:
    for step, said in trying().live(market).said:
        product = said.mu.values * said.score.values
        if (product > 0.0).any() and (product < 0.0).any():
            yield f"at step {step} mu follows the score for some instruments and opposes it for others"


def _scale(trying: Trying, market: Market) -> Iterator[str]:
    larger = replace(market, close=1000.0 * market.close, tick=1000 * Decimal(market.tick))
    yield from _differ(trying().live(market), trying().live(larger), "with all prices times 1000")


def _order(trying: Trying, market: Market) -> Iterator[str]:
    order = list(range(market.close.shape[1]))[::-1]
    other = trying().live(market.only(order))
    yield from _differ(trying().live(market), other, "with the instruments in another order", order)


def _absence(trying: Trying, market: Market) -> Iterator[str]:
    close, features = market.close.copy(), market.features.copy()
    close[:, 1], features[:, :, 1] = np.nan, np.nan
    for step, said in trying().live(replace(market, close=close, features=features)).said:
        if np.isfinite([getattr(said, name).values[1] for name in COLUMNS]).any():
            yield f"at step {step} an instrument without any number is believed in"


def _no_look_ahead(trying: Trying, market: Market) -> Iterator[str]:
    half = len(market.close) // 2
    close, features = market.close.copy(), market.features.copy()
    close[half:] *= 2.0
    features[half:] = -features[half:]
    one, other = trying().live(market), trying().live(replace(market, close=close, features=features))
    for (step, said), (_, again) in zip(one.said, other.said, strict=False):
        if step < half and codec.encode(said) != codec.encode(again):
            yield f"at step {step} it says something else when the future is another"


def _snapshot(trying: Trying, market: Market) -> Iterator[str]:
    half, steps = len(market.close) // 2, len(market.close)
    whole = trying().live(market, steps=range(half))
    state = codec.encode(whole.agent.snapshot())
    again = trying()
    again.agent.restore(codec.decode_state(AgentState, state))
    resumed = replace(whole, agent=again.agent, said=[], mids=list(whole.mids), outcomes=[])
    resumed._pending = list(whole._pending)
    before = len(whole.said)
    whole.live(market, steps=range(half, steps))
    resumed.live(market, steps=range(half, steps))
    if codec.encode(tuple(each for _, each in whole.said[before:])) != codec.encode(
        tuple(each for _, each in resumed.said)
    ):
        yield "restored from a snapshot it says something else"
    if codec.encode(whole.agent.snapshot()) != codec.encode(resumed.agent.snapshot()):
        yield "restored from a snapshot it remembers something else"


def _silence(trying: Trying, market: Market) -> Iterator[str]:
    trial = trying()
    if not trial.agent.needs:
        return
    for step, said in trial.live(market.without(*trial.agent.needs)).said:
        if np.isfinite(said.sigma.values).any():
            yield f"at step {step} it speaks without {', '.join(trial.agent.needs)}"
    if len(trial.said) > 1:
        yield f"without its source it says nothing {len(trial.said)} times"


def _degenerate(trying: Trying, market: Market) -> Iterator[str]:
    still = np.full_like(market.close, 100.0)
    worlds = {
        "one instrument": market.only([0]),
        "prices that never move": replace(market, close=still),
        "features of 0": replace(market, features=np.zeros_like(market.features)),
        "equal instruments": market.only([0] * 3),
    }
    for name, world in worlds.items():
        for step, said in trying().live(replace(world, columns=())).said:
            columns = np.array([getattr(said, each).values for each in COLUMNS])
            if np.isinf(columns).any() or (columns[1] <= 0.0).any():
                yield f"in a market of {name} sigma is 0 or something infinite at step {step}"
            if name == "equal instruments" and not _same(columns[:, :1], columns[:, 1:]):
                yield f"equal instruments are believed to differ at step {step}"


def _universe(trying: Trying, market: Market) -> Iterator[str]:
    half, steps = len(market.close) // 2, len(market.close)
    order = [*range(1, market.close.shape[1]), 0]
    straight = trying().live(market, steps=range(half))
    turned = trying().live(market, steps=range(half))
    straight._change(market)
    straight.live(market, steps=range(half, steps))
    turned.live(market.only(order), steps=range(half, steps))
    yield from _differ(straight, turned, "after the universe changed its order", order, since=half)
    trying().live(market, steps=range(half)).live(market.only(order[:-2]), steps=range(half, steps))


def _spread(trying: Trying, market: Market) -> Iterator[str]:
    """Law: E[(y/sigma)^2] is one over 2,000 instants of a stationary market, told after 1,000 others."""
    if not trying.long_steps:
        return
    long = a_market(width=market.close.shape[1], steps=trying.long_steps, seed=2)
    trial = trying().live(long)
    ratios = [
        (outcome.realised.values / outcome.sigma.values) ** 2
        for outcome in trial.outcomes[-2000:]
        if np.isfinite(outcome.sigma.values).any()
    ]
    if len(ratios) >= 1000 and not SPREAD_MIN <= (mean := float(np.nanmean(ratios))) <= SPREAD_MAX:
        yield f"E[(y/sigma)^2] was {mean:.3f}, expected {SPREAD_MIN} to {SPREAD_MAX}"


def _differ(one: Trial, other: Trial, what: str, order: list[int] | None = None, since: int = 0) -> Iterator[str]:
    left, right = ([(step, said) for step, said in trial.said if step >= since] for trial in (one, other))
    if [step for step, _ in left] != [step for step, _ in right]:
        yield f"{what} it speaks at other times"
    for (step, said), (_, again) in zip(left, right, strict=False):
        names = [name for name in COLUMNS if not _equal(said, again, name, order)]
        if names:
            yield f"{what} {', '.join(names)} differ at step {step}"


def _equal(said: SignalFrame, again: SignalFrame, name: str, order: list[int] | None) -> bool:
    mine, its = getattr(said, name).values, getattr(again, name).values
    return _same(mine if order is None else mine[order], its)


def _same(one: Floats, other: Floats) -> bool:
    size = np.abs(one[np.isfinite(one)]).max(initial=0.0)
    return bool(np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE * size, equal_nan=True))


LAWS: Final[dict[str, Judge]] = {
    **ANSWER_LAWS,
    "bounds": _bounds,
    "the sign of mu follows coefficient x score": _sign,
    "prices may be scaled": _scale,
    "instruments may be ordered as one likes": _order,
    "NaN in, NaN out": _absence,
    "no look-ahead": _no_look_ahead,
    "a snapshot is the whole agent": _snapshot,
    "silence without a source": _silence,
    "finite whatever comes": _degenerate,
    "the universe may change": _universe,
    "sigma is the deviation": _spread,
}
