"""What is known beyond the market: macro figures, indices and moods, each with the moment from which it is known.

A figure exists for nobody before its release. Where only the date of a release is known it counts from the next
midnight UTC, and a revision is a new row of a later vintage: what was known on a day never changes afterwards.
"""

from datetime import UTC, date, datetime, timedelta

import msgspec

from contracts.column import Column
from contracts.quantities import SECOND_NS, Nanos


class ContextValue(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One figure: of the period or moment `event_ns`, known from `released_ns` on, in its `vintage`.

    `symbol` is empty for what concerns everyone. `value` None takes the figure back.

    Raises:
        ValueError: no name, or a vintage that is empty.
    """

    name: str
    value: float | None
    event_ns: Nanos
    released_ns: Nanos
    vintage: str
    symbol: str = ""

    def __post_init__(self) -> None:
        if not self.name or not self.vintage:
            raise ValueError(f"context value {self.name!r} of vintage {self.vintage!r}: expected both to be named")


class ContextFrame(msgspec.Struct, frozen=True, gc=False):
    """The figures known at a beat, over the universe; said only where there is one. NaN where nothing is known.

    Macro figures are the same in every column: ten-year yield, curve, VIX and high-yield spread in percent, dollar
    index. `rd_*` is what people write of an instrument: mentions, mean and spread of scores, and age in seconds.
    """

    universe: int
    dgs10: Column
    t10y2y: Column
    vix: Column
    hy_oas: Column
    dxy: Column
    rd_mentions: Column
    rd_sentiment: Column
    rd_disagree: Column
    rd_age_s: Column
    context_seq: int


def known_from(released_on: date) -> Nanos:
    """From when a figure counts of whose release only the date is known: the next midnight UTC."""
    midnight = datetime(released_on.year, released_on.month, released_on.day, tzinfo=UTC) + timedelta(days=1)
    return int(midnight.timestamp()) * SECOND_NS
