"""Coinbase's time texts as whole nanoseconds: "2026-08-09T21:05:48.4835875Z", with 0 to 9 digits of a second."""

from datetime import UTC, datetime
from typing import Final

from contracts.quantities import SECOND_NS, Nanos
from contracts.wire import MalformedFrame

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KNOWN_MAX: Final = 256
_LAST_YEAR: Final = "2262"
_SCALE: Final = tuple(10 ** (9 - digits) for digits in range(10))
"""Nanoseconds of the last of so many digits of a second."""


class Stamps(dict[str, int]):
    """Whole seconds of time texts, remembered: a thousand frames a second begin with the same nineteen letters."""

    def __missing__(self, text: str) -> int:
        try:
            moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            raise MalformedFrame(f"time was {text[:40]!r}, expected YYYY-MM-DDThh:mm:ss") from None
        if moment < _EPOCH or text >= _LAST_YEAR:
            raise MalformedFrame(f"time was {text}, expected one between 1970 and 2262")
        if len(self) >= _KNOWN_MAX:
            self.clear()
        passed = moment - _EPOCH
        self[text] = whole = (passed.days * 86_400 + passed.seconds) * SECOND_NS
        return whole

    def nanos(self, text: str) -> Nanos:
        """Nanoseconds since 1970; raises MalformedFrame for any other form of time."""
        digits = text[20:-1]
        if text[-1:] != "Z" or (digits and not (text[19] == "." and digits.isascii() and digits.isdigit())):
            raise MalformedFrame(f"time was {text[:40]!r}, expected RFC 3339 in UTC")
        if len(digits) > 9 or (not digits and len(text) != 20):
            raise MalformedFrame(f"time was {text[:40]!r}, expected at most 9 digits of a second")
        return self[text[:19]] + (int(digits) * _SCALE[len(digits)] if digits else 0)
