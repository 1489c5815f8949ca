"""Buy and hold: a share of the first equity, spread evenly over all instruments, and never touched again."""

from collections.abc import Mapping
from math import nan
from typing import ClassVar

import numpy as np

from actors.settings import more_than_zero, within
from actors.strategies.base import Frame, Memory, Strategy, StrategySettings
from actors.strategies.views import Floats


class BuyAndHoldSettings(StrategySettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`equity_share` of the equity is put into all instruments together.

    Raises:
        ValueError: a share outside (0, 1].
    """

    equity_share: float = 0.3

    def __post_init__(self) -> None:
        more_than_zero("buy_and_hold", equity_share=self.equity_share)
        within("buy_and_hold", 0, 1, equity_share=self.equity_share)


class BuyAndHold(Strategy):
    """The units are those of an instrument's first bar with an equity and a rate, and stay."""

    Settings = BuyAndHoldSettings
    settings: BuyAndHoldSettings
    remembers: ClassVar[Mapping[str, float]] = {"units": nan}

    def on_frame(self, frame: Frame, memory: Memory) -> Floats:
        """What to hold."""
        each = self.settings.equity_share * frame.equity / len(frame.symbols)
        memory["units"] = np.where(np.isnan(memory["units"]), each / frame.worth, memory["units"])
        return memory["units"]
