"""Checks that settings share: one sentence with the name, the value and what was expected."""

import math


def more_than_zero(owner: str, **values: float) -> None:
    """Raises ValueError naming the first value that is not finite and positive."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{owner}: {name} was {value}, expected a finite number above 0")


def at_least(owner: str, least: float, **values: float) -> None:
    """Raises ValueError naming the first value that is not finite or lies below `least`."""
    for name, value in values.items():
        if not (math.isfinite(value) and value >= least):
            raise ValueError(f"{owner}: {name} was {value}, expected at least {least}")


def within(owner: str, least: float, most: float, **values: float) -> None:
    """Raises ValueError naming the first value outside [least, most]."""
    for name, value in values.items():
        if not least <= value <= most:
            raise ValueError(f"{owner}: {name} was {value}, expected {least} to {most}")
