"""Where strategies are found, and how one is made from `[strategy]` of a profile."""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from actors.strategies.base import Strategy
from bot.configuration import BadConfiguration, Layered, convert
from bot.discovery import Family
from bot.settings import StrategyProfile
from runtime.actor import ActorFactory

STRATEGIES: Final[Family[Strategy]] = Family(
    Strategy,
    "strategy",
    "name",
    "keel.strategies",
    {
        "buy_and_hold": "actors.strategies.buy_and_hold:BuyAndHold",
        "ema_cross": "actors.strategies.ema_cross:EmaCross",
        "random_trader": "actors.strategies.random_trader:RandomTrader",
    },
)


def strategy_of(profile: StrategyProfile, chance: Callable[[int], np.random.Generator]) -> ActorFactory:
    """The factory of the strategy that a profile names.

    Raises BadConfiguration where it cannot be had, overrides not exactly one of the ways to answer, or has settings
    that do not fit.
    """
    what = f"strategy {profile.name!r}"
    kind = STRATEGIES.find(profile.name, what)
    try:
        kind.style()
    except TypeError as error:
        raise BadConfiguration(what, [str(error)]) from error
    settings = convert(Layered(profile.settings, {}), kind.Settings, f"{what}: settings")
    return partial(kind, settings, chance)
