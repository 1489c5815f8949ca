"""Coinbase's times are read to the nanosecond or refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.coinbase.stamps import Stamps
from contracts.wire import MalformedFrame

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = (datetime(2261, 12, 31, tzinfo=UTC) - EPOCH) // timedelta(seconds=1)


@given(st.integers(0, LAST), st.integers(0, 9), st.integers(0, 10**9 - 1))
def test_a_time_with_any_number_of_digits_is_exact(second, digits, fraction):
    shown = f"{fraction:09d}"[:digits]
    moment = EPOCH + timedelta(seconds=second)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S") + ("." + shown if shown else "") + "Z"
    assert Stamps().nanos(text) == second * 10**9 + int(shown.ljust(9, "0"))


@pytest.mark.parametrize(
    "text",
    [
        "", "Z", "yesterday", "2026-08-09T21:05:48", "2026-08-09T21:05:48.5", "2026-08-09 21:05:48Z",
        "2026-08-09T21:05:48.Z", "2026-08-09T21:05:48.0123456789Z", "2026-08-09T21:05:48.5+02:00",
        "2026-13-09T21:05:48Z",
        "2026-08-09T25:05:48Z", "0001-01-01T00:00:00Z", "2262-04-12T00:00:00Z", "2026-08-09T21:05:48.²Z",
        "2026-08-09T21:05:48.-5Z", "2026-08-09T21:05:48.1_0Z", "2026-08-09T21:05:48x5Z",
    ],
)  # fmt: skip
def test_any_other_text_is_refused(text):
    with pytest.raises(MalformedFrame, match="time was"):
        Stamps().nanos(text)


def test_what_is_remembered_is_bounded():
    stamps = Stamps()
    for second in range(1000):
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
        stamps.nanos(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert len(stamps) <= 256
