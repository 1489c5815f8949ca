"""A time is a time, however it is written; a count that fits no unit is refused."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.tables.cells import floats, times
from adapters.tables.errors import BadTable

AT = datetime(2024, 2, 29, 13, 5, 7, tzinfo=UTC)
AT_S = 1_709_211_907
PATH = Path("prices.csv")


@pytest.mark.parametrize(
    "cells",
    [
        [AT_S],
        [AT_S * 1000],
        [AT_S * 1_000_000],
        [AT_S * 1_000_000_000],
        [float(AT_S)],
        [str(AT_S)],
        ["2024-02-29T13:05:07Z"],
        ["2024-02-29 13:05:07"],
        ["2024-02-29 13:05:07+00:00"],
        ["2024/02/29 13:05:07"],
        ["2024-02-29T14:05:07+01:00"],
        [" 20240229T130507 "],
        [AT],
    ],
)
def test_every_spelling_of_a_moment_is_the_same_moment(cells: list[object]) -> None:
    assert times(PATH, pl.Series("at", cells)).tolist() == [AT_S * 10**9]


@pytest.mark.parametrize("cells", [[20240229], ["20240229"], ["2024-02-29"], [date(2024, 2, 29)]])
def test_every_spelling_of_a_day_is_its_midnight(cells: list[object]) -> None:
    midnight = int((datetime(2024, 2, 29, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())

    assert times(PATH, pl.Series("at", cells)).tolist() == [midnight * 10**9]


@given(st.datetimes(min_value=datetime(1975, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_iso_text_loses_no_microsecond(at: datetime) -> None:
    """Law: the nanoseconds of a time's ISO text are the time."""
    [at_ns] = times(PATH, pl.Series("at", [at.isoformat()])).tolist()

    assert datetime(1970, 1, 1) + timedelta(microseconds=at_ns // 1000) == at  # noqa: DTZ001


def test_nanoseconds_are_kept_to_the_last() -> None:
    assert times(PATH, pl.Series("at", [1_700_000_000_123_456_789])).tolist() == [1_700_000_000_123_456_789]


def test_fractions_of_seconds_are_kept() -> None:
    assert times(PATH, pl.Series("at", [1_700_000_000.25])).tolist() == [1_700_000_000_250_000_000]


@pytest.mark.parametrize("cells", [[float("nan")], [1e21], [None], ["2024-13-01"]])
def test_what_is_no_time_is_refused_with_its_row(cells: list[object]) -> None:
    with pytest.raises(BadTable, match="column 'at', row 1"):
        times(PATH, pl.Series("at", cells))


def test_numbers_of_any_width_are_floats_and_nothing_is_nan() -> None:
    values = floats(PATH, pl.Series("x", [1, None, 3], dtype=pl.Int32), least=0.0, wanted="a price")

    assert values[[0, 2]].tolist() == [1.0, 3.0]
    assert values[1] != values[1]


@pytest.mark.parametrize(
    "cells",
    [
        pl.Series("x", [[1.0]]),
        pl.Series("x", [{"a": 1}]),
        pl.Series("x", [b"1"]),
        pl.Series("x", [1]).cast(pl.Duration),
    ],
)
def test_a_column_of_no_numbers_or_times_is_named_with_what_it_holds(cells: pl.Series) -> None:
    for read in (times, partial(floats, least=0.0, wanted="a price")):
        with pytest.raises(BadTable, match=r"a\.csv: column 'x' holds .*, expected a"):
            read(Path("a.csv"), cells)


def test_a_date_beyond_nanoseconds_is_named() -> None:
    dates = pl.Series("x", ["2024-01-01", "9999-01-01"]).str.to_date()
    with pytest.raises(BadTable, match="column 'x', row 12: was '9999-01-01', expected a time of the years"):
        times(Path("a.csv"), dates, 10)
