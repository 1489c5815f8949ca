"""What the features of one instrument are, and where in their own history that is."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bot.features.catalogue import NotThere, rows
from quant.rolling import Floats

PRESENT_MIN: Final = 20


class SymbolNotFound(NotThere):
    """No instrument of that name in what was looked at."""


class SymbolNeeded(ValueError):
    """No instrument was named where there are several; exit code 2."""


class Explained(msgspec.Struct, frozen=True):
    """One feature: its value now (None where it is not known), the share of its history below it, and of how much.

    `percentile` is in [0, 1], halves for equals; None with fewer than twenty values. `why` says what is missing.
    """

    name: str
    group: str
    formula: str
    value: float | None
    percentile: float | None
    known: int
    why: str


def explained(features: Mapping[str, Floats], column: int) -> tuple[Explained, ...]:
    """Every feature of one instrument at the last time of a history (instruments, times), in the schema's order."""
    return tuple(_explain(row.name, features[row.name][column], row.group, row.formula) for row in rows())


def column_of(symbol: str, symbols: tuple[str, ...]) -> int:
    """The place of a symbol, whatever its case; the only one there is where none is named.

    Raises SymbolNotFound, SymbolNeeded where several could be meant.
    """
    if not symbol and len(symbols) == 1:
        return 0
    found = [at for at, each in enumerate(symbols) if each.upper() == symbol.upper()]
    if not found:
        shown = ", ".join(symbols[:8]) + (f" and {len(symbols) - 8} more" if len(symbols) > 8 else "")
        if not symbol:
            raise SymbolNeeded(f"say which instrument: there are {shown}")
        raise SymbolNotFound(f"no instrument {symbol!r}; there are {shown}")
    return found[0]


def percentile(history: Floats) -> float | None:
    """The share of known values below the last one, equals counted half; None with fewer than PRESENT_MIN."""
    known = history[~np.isnan(history)]
    if len(known) < PRESENT_MIN or np.isnan(history[-1]):
        return None
    return float(((known < known[-1]).sum() + 0.5 * (known == known[-1]).sum()) / len(known))


def _explain(name: str, history: NDArray[np.float64], group: str, formula: str) -> Explained:
    known = int((~np.isnan(history)).sum())
    now = float(history[-1])
    why = "" if now == now else ("not known just now" if known else "no input, or not warm yet")
    return Explained(name, group, formula, now if now == now else None, percentile(history), known, why)


def lines(found: tuple[Explained, ...]) -> Iterator[str]:
    """The explanation as lines for people, what is not known last."""
    for each in found:
        if each.value is not None:
            place = "" if each.percentile is None else f"{100 * each.percentile:5.1f} %"
            yield f"{each.name:<18} {each.value:>14.6g}  {place:>7}  {each.formula}"
    missing = [each.name for each in found if each.value is None]
    if missing:
        yield f"not known ({len(missing)}): {', '.join(missing)}"
