"""Trading windows: the UTC times of the week in which new risk may be taken."""

from typing import Final

import msgspec

from contracts.quantities import SECOND_NS, Nanos

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MIN: Final = 24 * 60
_EPOCH_WEEKDAY: Final = 3
"""1970-01-01 was a Thursday."""


class Window(msgspec.Struct, frozen=True):
    """From `start_min` to before `end_min` of each of these weekdays (0 is Monday); past midnight when end <= start."""

    days: tuple[int, ...]
    start_min: int
    end_min: int


def parse_window(text: str) -> Window:
    """`08:00-17:30` every day, `mon-fri 08:00-17:30`, `sat,sun 22:00-02:00`; raises ValueError naming the text."""
    days_text, _, hours_text = text.strip().lower().rpartition(" ")
    try:
        start_text, end_text = hours_text.split("-")
        return Window(_days(days_text), _minutes(start_text), _minutes(end_text))
    except ValueError:
        raise ValueError(
            f"trading window was {text!r}, expected for example '08:00-17:30' or 'mon-fri 08:00-17:30'"
        ) from None


def inside(windows: tuple[Window, ...], at_ns: Nanos) -> bool:
    """Whether that instant lies in one of the windows; no windows mean always."""
    if not windows:
        return True
    minutes = at_ns // (60 * SECOND_NS)
    minute, weekday = minutes % _DAY_MIN, (minutes // _DAY_MIN + _EPOCH_WEEKDAY) % 7
    return any(_within(window, weekday, minute) for window in windows)


def _within(window: Window, weekday: int, minute: int) -> bool:
    if window.start_min < window.end_min:
        return weekday in window.days and window.start_min <= minute < window.end_min
    since_yesterday = (weekday - 1) % 7 in window.days and minute < window.end_min
    return since_yesterday or (weekday in window.days and minute >= window.start_min)


def _days(text: str) -> tuple[int, ...]:
    if not text:
        return tuple(range(7))
    days: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        low, high = _DAYS.index(first), _DAYS.index(last or first)
        days.extend((low + step) % 7 for step in range((high - low) % 7 + 1))
    return tuple(sorted(dict.fromkeys(days)))


def _minutes(text: str) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    total = 60 * hours + minutes
    if not (0 <= minutes < 60 and 0 <= total <= _DAY_MIN):
        raise ValueError(text)
    return total
