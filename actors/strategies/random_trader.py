"""A random trader: now and then another position, without any reason; what a strategy must beat, and a load to test."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from actors.settings import more_than_zero, within
from actors.strategies.base import Frame, Memory, Strategy, StrategySettings
from actors.strategies.views import Floats


class RandomTraderSettings(StrategySettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of each instrument another position with `trade_probability` a bar: 0 to `equity_share` of the equity.

    Raises:
        ValueError: a probability or a share outside (0, 1].
    """

    trade_probability: float = 0.05
    equity_share: float = 0.1

    def __post_init__(self) -> None:
        shares = {"trade_probability": self.trade_probability, "equity_share": self.equity_share}
        more_than_zero("random_trader", **shares)
        within("random_trader", 0, 1, **shares)


class RandomTrader(Strategy):
    """Long or flat; its draws are those of the run's seed and the number of the bar."""

    Settings = RandomTraderSettings
    settings: RandomTraderSettings
    remembers: ClassVar[Mapping[str, float]] = {"units": 0.0}

    def on_frame(self, frame: Frame, memory: Memory) -> Floats:
        """What to hold."""
        settings = self.settings
        whether, how_much = self.chance(frame.number).random((2, len(frame.symbols)))
        drawn = how_much * settings.equity_share * frame.equity / frame.worth
        trades = (whether < settings.trade_probability) & np.isfinite(drawn)
        memory["units"] = np.where(trades, drawn, memory["units"])
        return memory["units"]
