"""Trading windows are read in UTC, and a weekday owns the night that follows it."""

import pytest

from actors.risk.windows import inside, parse_window
from tests.kit.market import NOON_NS, at


@pytest.mark.parametrize(
    ("text", "seconds", "expected"),
    [
        # Noon of NOON_NS is a Thursday.
        ("12:00-12:01", 0, True),
        ("12:00-12:01", 59.9, True),
        ("12:00-12:01", 60, False),
        ("12:01-24:00", 0, False),
        ("thu 00:00-24:00", 0, True),
        ("mon-wed,fri 00:00-24:00", 0, False),
        ("sat-mon 00:00-24:00", 3 * 86_400, True),
        ("22:00-02:00", 0, False),
        ("thu 22:00-02:00", 13 * 3_600, True),
        ("thu 22:00-02:00", -11 * 3_600, False),
        ("thu 22:00-02:00", 14 * 3_600, False),
    ],
)
def test_trading_windows_are_read_in_utc(text, seconds, expected):
    assert inside((parse_window(text),), at(seconds)) is expected
    assert inside((), NOON_NS) is True


def test_one_of_several_windows_is_enough():
    windows = (parse_window("01:00-02:00"), parse_window("12:00-13:00"))
    assert inside(windows, NOON_NS)
    assert not inside(windows, at(3_600))
