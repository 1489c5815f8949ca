"""The points of a sweep: every combination of the values that keys of the profile may take."""

import hashlib
from collections.abc import Mapping
from itertools import product
from typing import Final

import msgspec

POINTS_MAX: Final = 100_000
"""More than anybody reads; a slip of the keyboard, or a search that wants another tool."""


class Point(msgspec.Struct, frozen=True):
    """One combination: texts by dotted key, as `--set` takes them."""

    overrides: dict[str, str]

    @property
    def name(self) -> str:
        """The same for the same combination, whatever order its keys were given in."""
        text = "\n".join(f"{key}={self.overrides[key]}" for key in sorted(self.overrides))
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def grid(over: Mapping[str, tuple[str, ...]]) -> tuple[Point, ...]:
    """All points, the last key moving fastest; one point without overrides for no keys.

    Raises ValueError for a key without values, a value given twice, or more than POINTS_MAX points.
    """
    count = 1
    for key, values in over.items():
        if not values:
            raise ValueError(f"{key} has no values, expected at least one")
        if len(dict.fromkeys(values)) != len(values):
            raise ValueError(f"{key} names a value twice: {', '.join(values)}")
        count *= len(values)
    if count > POINTS_MAX:
        raise ValueError(f"the sweep has {count} points, at most {POINTS_MAX}")
    return tuple(Point(dict(zip(over, values, strict=True))) for values in product(*over.values()))
