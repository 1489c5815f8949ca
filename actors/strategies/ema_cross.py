"""An EMA cross: long while the fast average of closes is above the slow one, flat else. An example in `on_bar`."""

from collections.abc import Mapping
from math import nan
from typing import ClassVar

from actors.settings import at_least, more_than_zero, within
from actors.strategies.base import Bar, Row, Strategy, StrategySettings


class EmaCrossSettings(StrategySettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Spans in bars, as in an average that weighs its newest value with 2 / (span + 1).

    `equity_share` of the equity at the cross is put into each instrument that is long.

    Raises:
        ValueError: a span that is not above 1, a fast one that is not faster, or a share outside (0, 1].
    """

    fast_bars: float = 12
    slow_bars: float = 48
    equity_share: float = 0.1

    def __post_init__(self) -> None:
        at_least("ema_cross", 1, fast_bars=self.fast_bars, slow_bars=self.slow_bars)
        more_than_zero("ema_cross", equity_share=self.equity_share)
        within("ema_cross", 0, 1, equity_share=self.equity_share)
        if not self.fast_bars < self.slow_bars:
            raise ValueError(f"fast_bars was {self.fast_bars:g}, expected less than slow_bars {self.slow_bars:g}")


class EmaCross(Strategy):
    """Says nothing until it has seen `slow_bars` bars; then the units of the cross, or none."""

    Settings = EmaCrossSettings
    settings: EmaCrossSettings
    remembers: ClassVar[Mapping[str, float]] = {"fast": nan, "slow": nan, "bars": 0.0, "units": 0.0}

    def on_bar(self, bar: Bar, memory: Row) -> float:
        """What to hold."""
        settings = self.settings
        for name, span in (("fast", settings.fast_bars), ("slow", settings.slow_bars)):
            known = memory[name] if memory["bars"] else bar.close
            memory[name] = known + (bar.close - known) * 2.0 / (span + 1.0)
        memory["bars"] += 1.0
        if memory["bars"] < settings.slow_bars:
            return nan
        if not memory["fast"] > memory["slow"]:
            memory["units"] = 0.0
        elif not memory["units"] > 0.0:
            memory["units"] = settings.equity_share * bar.equity / bar.worth
        return memory["units"]
