"""How a feed is handled: patience, delays, sizes, and the rates that are said with it."""

from decimal import Decimal

import msgspec

from actors.settings import at_least, more_than_zero
from contracts.quantities import Seconds


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a feed may be silent or void, how it reconnects, and what it says on start.

    `fx` are fixed rates: how much of the account's currency one unit of each currency is worth. While the daemon is
    more than `behind_s_max` behind the frames, rows wait, and of an instrument at most `conflate_after`. A quote
    further than `jump_ratio_max` from the one before is believed when `jump_quotes` in a row agree.

    Raises:
        ValueError: a time, size or rate that is not positive, or a shortest delay above the longest.
    """

    bar_s: Seconds
    warmup_bars: int
    fx: dict[str, Decimal]
    silence_s_max: Seconds = 5.0
    resync_s_max: Seconds = 10.0
    reconnect_s_min: Seconds = 0.5
    reconnect_s_max: Seconds = 60.0
    behind_s_max: Seconds = 0.25
    conflate_after: int = 64
    waiting_max: int = 1024
    quarantine_max: int = 64
    jump_ratio_max: float = 0.25
    jump_quotes: int = 3

    def __post_init__(self) -> None:
        more_than_zero(
            "feed",
            bar_s=self.bar_s,
            silence_s_max=self.silence_s_max,
            resync_s_max=self.resync_s_max,
            reconnect_s_min=self.reconnect_s_min,
            behind_s_max=self.behind_s_max,
            jump_ratio_max=self.jump_ratio_max,
        )
        at_least("feed", self.reconnect_s_min, reconnect_s_max=self.reconnect_s_max)
        at_least("feed", 0, warmup_bars=self.warmup_bars)
        at_least("feed", 1, conflate_after=self.conflate_after, waiting_max=self.waiting_max)
        at_least("feed", 1, quarantine_max=self.quarantine_max, jump_quotes=self.jump_quotes)
        for currency, rate in self.fx.items():
            if not (rate.is_finite() and rate > 0):
                raise ValueError(f"feed: the rate of {currency} was {rate}, expected more than 0")
