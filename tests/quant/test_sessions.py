"""A market's own bars tell when it is open; a night is no gap, a missing hour is one."""

import numpy as np

from quant.sessions import HOUR_NS, WEEK_NS, inferred_calendar, missing_stamps

MONDAY_NS = 1_704_067_200_000_000_000
DAY_NS = 24 * HOUR_NS


def office_hours(weeks: int) -> np.ndarray:
    """Hourly bars, Monday to Friday, closing at 10 to 17 h UTC."""
    days = [MONDAY_NS + week * WEEK_NS + day * DAY_NS for week in range(weeks) for day in range(5)]
    return np.array([day + hour * HOUR_NS for day in days for hour in range(10, 18)], dtype=np.int64)


def test_nights_and_weekends_are_no_gaps_and_a_missing_hour_is_one() -> None:
    whole = office_hours(6)
    lacking = np.delete(whole, [90, 91])

    assert inferred_calendar(whole, HOUR_NS) == "sessions"
    assert missing_stamps(whole, HOUR_NS)[0].tolist() == []
    after, sizes = missing_stamps(lacking, HOUR_NS)
    assert (after.tolist(), sizes.tolist()) == ([90], [2])


def test_a_holiday_is_a_gap_of_a_day() -> None:
    without = np.delete(office_hours(6), np.arange(80, 88))

    assert missing_stamps(without, HOUR_NS)[1].tolist() == [8]


def test_a_change_of_summer_time_is_no_gap() -> None:
    whole = office_hours(8)
    shifted = np.where(whole >= MONDAY_NS + 4 * WEEK_NS, whole - HOUR_NS, whole)

    assert missing_stamps(shifted, HOUR_NS)[0].tolist() == []


def test_around_the_clock_every_missing_bar_counts() -> None:
    whole = MONDAY_NS + HOUR_NS * np.arange(1, 400, dtype=np.int64)
    after, sizes = missing_stamps(np.delete(whole, [5, 6, 300]), HOUR_NS)

    assert inferred_calendar(whole, HOUR_NS) == "24/7"
    assert (after.tolist(), sizes.tolist()) == ([5, 298], [2, 1])


def test_the_calendar_may_be_said() -> None:
    whole = office_hours(4)

    assert missing_stamps(whole, HOUR_NS, "24/7")[1].sum() == (whole[-1] - whole[0]) // HOUR_NS + 1 - len(whole)
    assert missing_stamps(whole[:1], HOUR_NS)[0].tolist() == []
