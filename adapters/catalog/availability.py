"""When a value was known: the rule of every kind, and the rules by which a file without such a column is dated.

The names R1, R2, ... are those of the features' availability rules. A reader hands a value out under the instant at
which it was known, never under the one that it speaks of.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Rule = Literal["at-event", "next-day", "next-trading-day"]

RULES: Final = {
    "bars": ("R1", "all columns at the close of the bar"),
    "quotes": ("R2", "when received; a file without a time of receipt is dated by the rule that was said"),
    "trades": ("R2", "when received; a file without a time of receipt is dated by the rule that was said"),
    "books": ("R2", "when received"),
    "funding": ("R3", "a predicted rate when received, a settled one at its settlement"),
    "context": ("R6", "at the release of that vintage, else by the rule that was said"),
}
"""The availability rule of each kind, by the name that the features know it under, and in words."""

DAY_NS: Final = 86_400_000_000_000
SATURDAY, SUNDAY = 5, 6
_THURSDAY: Final = 3
"""The first of January 1970."""


def known_by(rule: Rule, event_ns: Int64s) -> Int64s:
    """When values of these moments count, where nothing says so.

    `at-event`: at once. `next-day`: from the midnight UTC after. `next-trading-day`: likewise, but what would count
    from a Saturday or Sunday counts from Monday.
    """
    if rule == "at-event":
        return event_ns
    midnight = (event_ns // DAY_NS + 1) * DAY_NS
    if rule == "next-day":
        return midnight
    weekday = (midnight // DAY_NS + _THURSDAY) % 7
    wait = np.where(weekday == SATURDAY, 2, np.where(weekday == SUNDAY, 1, 0))
    return np.asarray(midnight + wait * DAY_NS)
