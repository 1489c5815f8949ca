"""Group H: the calendar, rule R5: UTC, and New York by the daylight-saving rule in force since 2007.

The one column, `at_s`, is seconds since 1970-01-01 00:00 UTC. Nothing here knows of holidays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.features.registry import Feature, Kernel, Reduce
from quant.rolling import Floats

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S
EVENT_MIN_MAX = 1440.0
OPEN_S, CLOSE_S, RELEASE_S = 9.5 * 3600.0, 16.0 * 3600.0, 8.5 * 3600.0
STANDARD_S, SUMMER_S = -5 * 3600.0, -4 * 3600.0
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6


def weekday(day: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 is Monday; `day` counts from 1970-01-01, a Thursday."""
    return np.asarray((day + THURSDAY) % 7)


def _turn(at_s: Floats, of_s: float, kernel: str) -> Floats:
    angle = 2.0 * np.pi * (at_s[..., -1] % of_s) / of_s
    return np.asarray(np.sin(angle) if kernel == "sin" else np.cos(angle))


def hour_sin(at_s: Floats) -> Floats:
    return _turn(at_s, DAY_S, "sin")


def hour_cos(at_s: Floats) -> Floats:
    return _turn(at_s, DAY_S, "cos")


def day_sin(at_s: Floats) -> Floats:
    return _turn(at_s + THURSDAY * DAY_S, WEEK_S, "sin")


def day_cos(at_s: Floats) -> Floats:
    return _turn(at_s + THURSDAY * DAY_S, WEEK_S, "cos")


def weekend(at_s: Floats) -> Floats:
    return np.asarray(weekday(_day(at_s[..., -1])) >= SATURDAY, dtype=np.float64)


def new_york(at_s: Floats) -> tuple[Floats]:
    """The time in New York, in seconds as if it were UTC."""
    return (at_s[..., -1] + new_york_offset_s(at_s[..., -1]),)


def us_session(local: Floats) -> Floats:
    second = local % DAY_S
    return np.asarray((weekday(_day(local)) < SATURDAY) & (second >= OPEN_S) & (second < CLOSE_S), dtype=np.float64)


def minutes_to_event(local: Floats) -> Floats:
    """To the next 08:30 in New York of a Thursday (claims) or of the first Friday of a month (employment)."""
    today, second = _day(local), local % DAY_S
    best = np.full(local.shape, EVENT_MIN_MAX)
    for ahead in (0, 1):
        day = today + ahead
        friday = (weekday(day) == FRIDAY) & (_day_of_month(day) <= 7)
        wait = (ahead * DAY_S + RELEASE_S - second) / 60.0
        counts = (friday | (weekday(day) == THURSDAY)) & (wait >= 0.0)
        best = np.where(counts & (wait < best), wait, best)
    return np.where(np.isnan(local), np.nan, best)


def new_york_offset_s(at_s: Floats) -> Floats:
    """Seconds from UTC to New York: summer time from the second Sunday of March, 02:00, to the first of November."""
    year = _days(at_s + STANDARD_S).astype("datetime64[Y]")
    starts = _sunday(year, 2, 7) * DAY_S + 2 * 3600.0 - STANDARD_S
    ends = _sunday(year, 10, 0) * DAY_S + 2 * 3600.0 - SUMMER_S
    return np.where((at_s >= starts) & (at_s < ends), SUMMER_S, STANDARD_S)


def _sunday(year: NDArray[np.datetime64], month: int, days: int) -> NDArray[np.int64]:
    """Day number of the first Sunday on or after `days` days into the month (0 is January)."""
    first = (year.astype("datetime64[M]") + np.timedelta64(month, "M")).astype("datetime64[D]").astype(np.int64) + days
    return np.asarray(first + (SUNDAY - weekday(first)) % 7)


def _day(at_s: Floats) -> NDArray[np.int64]:
    return np.asarray(np.floor(np.where(np.isnan(at_s), 0.0, at_s) / DAY_S), dtype=np.int64)


def _days(at_s: Floats) -> NDArray[np.datetime64]:
    return _day(at_s).astype("datetime64[D]")


def _day_of_month(day: NDArray[np.int64]) -> NDArray[np.int64]:
    date = day.astype("datetime64[D]")
    return np.asarray((date - date.astype("datetime64[M]")).astype(np.int64) + 1)


def _calendar(name: str, formula: str, kernel: Kernel, reduce: Reduce | None = None) -> Feature:
    return Feature(name, formula, kernel, 1, 1, "clock", ("at_s",), "R5", reduce=reduce)


CALENDAR = (
    _calendar("hod_sin", "sin(2 pi hour of day / 24)", hour_sin),
    _calendar("hod_cos", "cos(2 pi hour of day / 24)", hour_cos),
    _calendar("dow_sin", "sin(2 pi time since Monday / week)", day_sin),
    _calendar("dow_cos", "cos(2 pi time since Monday / week)", day_cos),
    _calendar("weekend", "1 on Saturday and Sunday", weekend),
    _calendar("us_session", "1 from 09:30 to 16:00 in New York, Monday to Friday", us_session, new_york),
    _calendar(
        "min_to_event",
        "minutes to the next 08:30 New York of Thursdays and first Fridays, 1440 at most",
        minutes_to_event,
        new_york,
    ),
)
