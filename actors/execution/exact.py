"""Exact money: sums and products of Decimals that raise rather than round."""

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Final

from contracts.quantities import Money

_EXACT: Final = Context(prec=96, traps=[Inexact, InvalidOperation, Overflow])
"""Cash is a sum over months of fills: 28 digits, the default, round silently; 96 do not, and a 97th raises."""

_PLACES: Final = Decimal("1E-8")

plus: Final = _EXACT.add
"""left + right, exactly."""

minus: Final = _EXACT.subtract
"""left - right, exactly."""

times: Final = _EXACT.multiply
"""left * right, exactly."""


def plain(amount: Money) -> str:
    """The amount as people write it: no exponent, no trailing zeros."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(amount: Money) -> Money:
    """An amount of the account's currency to 8 places, for what is said; never for what is kept."""
    return amount.quantize(_PLACES)


def differences(here: dict[str, Money], there: dict[str, Money]) -> list[str]:
    """Each name whose amounts differ, with both; what one side does not name is zero there."""
    none = Decimal(0)
    return [
        f"{name}: {plain(here.get(name, none))} here, {plain(there.get(name, none))} at the venue"
        for name in sorted(dict.fromkeys([*here, *there]))
        if here.get(name, none) != there.get(name, none)
    ]
