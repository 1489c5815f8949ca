"""Group H: known moments of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.features.calendar import CALENDAR, new_york_offset_s

NAMES = tuple(feature.name for feature in CALENDAR)


def at(text: str) -> dict[str, float]:
    second = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    return {feature.name: float(feature([np.array([[second]])], {})[0]) for feature in CALENDAR}


def test_hours_and_days_turn_around() -> None:
    monday = at("2022-08-15T06:00")
    assert (monday["hod_sin"], monday["hod_cos"]) == pytest.approx((1.0, 0.0))
    assert (monday["dow_sin"], monday["dow_cos"]) == pytest.approx((np.sin(np.pi / 14), np.cos(np.pi / 14)))
    assert [at(f"2022-08-{day}T12:00")["weekend"] for day in (19, 20, 21, 22)] == [0.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("2022-08-15T13:29", 0.0),
        ("2022-08-15T13:30", 1.0),
        ("2022-08-15T19:59", 1.0),
        ("2022-08-15T20:00", 0.0),
        ("2022-01-14T14:29", 0.0),
        ("2022-01-14T14:30", 1.0),
        ("2022-08-13T15:00", 0.0),
    ],
)
def test_the_session_of_new_york_follows_its_summer(text: str, opened: float) -> None:
    assert at(text)["us_session"] == opened


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2022-08-05T12:00", 30.0),
        ("2022-08-05T12:30", 0.0),
        ("2022-08-12T12:00", 1440.0),
        ("2022-08-17T12:30", 1440.0),
        ("2022-08-17T13:30", 1380.0),
        ("2022-08-18T12:29", 1.0),
        ("2022-12-01T13:31", 1439.0),
    ],
)
def test_the_next_release_is_a_thursday_or_a_first_friday_at_half_past_eight(text: str, minutes: float) -> None:
    assert at(text)["min_to_event"] == minutes


@given(st.datetimes(datetime(2007, 6, 1), datetime(2030, 1, 1)))  # noqa: DTZ001
def test_the_offset_of_new_york_is_that_of_the_time_zone_database(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    offset = aware.astimezone(ZoneInfo("America/New_York")).utcoffset()
    assert offset is not None
    assert new_york_offset_s(np.array([aware.timestamp()]))[0] == offset.total_seconds()
