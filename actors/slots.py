"""The slots of a slate with their propensities, and how they are told as picks.

Without chance every propensity is 1 and that of a runner-up 0. With it, the last pick that is not held may give way to
a runner-up that would add something in its place.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.decision import Pick
from contracts.quantities import BPS
from quant.bandit import Odds, preferred
from quant.exploration import explore, replaceable
from quant.rolling import Floats
from quant.selection import Caps, Choice, marginal


class Candidates(NamedTuple):
    """Per instrument: side (+1 long, -1 short), quality, whether it is held, and shortfall over confidence."""

    side: Floats
    quality: Floats
    held: NDArray[np.bool_]
    shortfall: Floats


class Choosing(NamedTuple):
    """What was chosen from: all candidates, the columns worth a look, and of these likeness, clusters and caps."""

    candidates: Candidates
    among: NDArray[np.int64]
    rho: Floats
    cluster: NDArray[np.int64]
    caps: Caps
    gamma: float


class Slot(NamedTuple):
    """A candidate by its place among those that were chosen from."""

    at: int
    gain: float
    propensity: float


class Slots(NamedTuple):
    """Picks in order, and those left out."""

    picks: list[Slot]
    runners_up: list[Slot]


def certain(choice: Choice) -> Slots:
    """A choice in which nothing could have been otherwise."""
    return Slots(
        [Slot(at, gain, 1.0) for at, gain in zip(choice.picks.tolist(), choice.gains.tolist(), strict=True)],
        [
            Slot(at, gain, 0.0)
            for at, gain in zip(choice.runners_up.tolist(), choice.runner_gains.tolist(), strict=True)
        ],
    )


def slots(choosing: Choosing, choice: Choice, odds: list[Odds], share: float, chance: np.random.Generator) -> Slots:
    """The choice, of which that share of slots is given to learning; `odds` are those of the runners-up."""
    sure = certain(choice)
    candidates, among, rho, cluster, caps, gamma = choosing
    if not choice.picks.size or candidates.held[among[choice.picks[-1]]]:
        return sure
    gains = marginal(candidates.quality[among], rho, choice.picks[:-1], gamma)
    able = replaceable(choice.picks, choice.runners_up, among, cluster, caps)
    able = able[gains[able] > 0.0]
    if not able.size:
        return sure
    places = choice.runners_up.tolist()
    shares = preferred(
        gains[able],
        candidates.shortfall[among[able]] / BPS,
        [odds[places.index(at)] for at in able.tolist()],
        chance,
    )
    drawn = explore(choice.picks, able, shares, share, chance)
    chances = dict(zip(able.tolist(), drawn.runner_propensities.tolist(), strict=True))
    runners = [slot._replace(propensity=chances.get(slot.at, 0.0)) for slot in sure.runners_up]
    last = sure.picks[-1]._replace(propensity=1.0 - share * len(sure.picks))
    if not drawn.explored:
        return Slots([*sure.picks[:-1], last], runners)
    taken = int(drawn.picks[-1])
    joined = Slot(taken, float(gains[taken]), chances[taken])
    return Slots([*sure.picks[:-1], joined], [last, *(slot for slot in runners if slot.at != taken)])


def picked(
    candidates: Candidates, among: NDArray[np.int64], chosen: list[Slot], symbols: tuple[str, ...]
) -> tuple[Pick, ...]:
    """The slots as they are said."""
    return tuple(
        Pick(
            symbol=symbols[among[slot.at]],
            side="buy" if candidates.side[among[slot.at]] > 0 else "sell",
            quality=float(candidates.quality[among[slot.at]]),
            gain=slot.gain,
            propensity=slot.propensity,
            held=bool(candidates.held[among[slot.at]]),
        )
        for slot in chosen
    )
