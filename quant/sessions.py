"""When a market is open, as its own bars tell: around the clock, or in sessions that come again every week."""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Calendar = Literal["24/7", "sessions"]
Int64s = npt.NDArray[np.int64]

HOUR_NS: Final = 3_600_000_000_000
WEEK_NS: Final = 168 * HOUR_NS
MISSING_MAX: Final = 20_000_000
"""So many stamps are looked at one by one in all gaps of one instrument; longer ones count as whole."""


def inferred_calendar(close_ns: Int64s, bar_ns: int) -> Calendar:
    """Around the clock where every hour of the week (every bar of it, if longer) has a bar at some time.

    Of less than a week of bars nothing can be told: they count as around the clock.
    """
    if len(close_ns) < 2 or close_ns[-1] - close_ns[0] < WEEK_NS:
        return "24/7"
    return calendar_of(hours_seen(close_ns, bar_ns), bar_ns)


def hours_seen(close_ns: Int64s, bar_ns: int) -> Int64s:
    """Which hours of the week (bars of it, if longer) have a bar, each once."""
    return np.unique(((close_ns - 1) % WEEK_NS) // max(HOUR_NS, bar_ns))


def calendar_of(hours: Int64s, bar_ns: int) -> Calendar:
    """The calendar of a market that is open in these hours of the week."""
    return "24/7" if len(hours) >= WEEK_NS // max(HOUR_NS, bar_ns) else "sessions"


def missing_stamps(close_ns: Int64s, bar_ns: int, calendar: Calendar | None = None) -> tuple[Int64s, Int64s]:
    """Where bars are missing: indices of the bars after the gaps, and how many bars each gap lacks.

    `close_ns` rises strictly. Of a market with sessions a bar is expected where there is one a week before and a week
    after (at either end of the history: where there is one in the next, or the last, two weeks), so that nights,
    weekends and a change of summer time are no gaps, but a holiday is.
    """
    if len(close_ns) < 2:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    after, sizes = stamps_between(close_ns, bar_ns)
    if (calendar or inferred_calendar(close_ns, bar_ns)) == "24/7" or sizes.sum() > MISSING_MAX:
        return after, sizes
    return expected_stamps(close_ns, bar_ns, after, sizes, (int(close_ns[0]), int(close_ns[-1])))


def stamps_between(close_ns: Int64s, bar_ns: int) -> tuple[Int64s, Int64s]:
    """Where neighbours lie more than a bar apart: indices of the later ones, and how many bars lie between."""
    lacking = np.rint(np.diff(close_ns) / bar_ns).astype(np.int64) - 1
    after = np.flatnonzero(lacking > 0) + 1
    return after, lacking[after - 1]


def expected_stamps(
    close_ns: Int64s, bar_ns: int, after: Int64s, sizes: Int64s, span_ns: tuple[int, int]
) -> tuple[Int64s, Int64s]:
    """Of these gaps those that lack bars which a market with sessions is expected to have, and how many.

    `span_ns` is the first and last close of the history; `close_ns` need hold two weeks around the gaps of it.
    """
    gap_of = np.repeat(np.arange(len(after)), sizes)
    within = np.arange(len(gap_of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    absent = close_ns[after - 1][gap_of] + (within + 1) * bar_ns
    expected = np.bincount(gap_of[_expected(close_ns, absent, span_ns)], minlength=len(after))
    return after[expected > 0], expected[expected > 0]


def _expected(close_ns: Int64s, absent: Int64s, span_ns: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Whether a bar is expected at each of these stamps."""
    there = {weeks: np.isin(absent + weeks * WEEK_NS, close_ns) for weeks in (-2, -1, 1, 2)}
    first, last = span_ns[0] + WEEK_NS, span_ns[1] - WEEK_NS
    usual = there[-1] & there[1]
    at_an_end = np.where(absent < first, there[1] & there[2], there[-1] & there[-2])
    return np.asarray(np.where((absent < first) | (absent > last), at_an_end, usual))
