"""Two lives that agree in what they were told up to a cut: every value said up to then must agree byte by byte."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from bot.logging import utc
from bot.lookahead.lives import Said
from contracts.belief import FeatureFrame
from contracts.column import Column
from contracts.quantities import Nanos
from quant.features.engine import REGISTRY
from runtime.replay import first_difference


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A value that knew too much: who said it, which column, of which instrument, when, and in which check.

    `known` is what was said with all of history, `cut` what was said when history ended (or lied) from `cut_at` on;
    `off` is how far they are apart, NaN where one is absent or they are no numbers.
    """

    check: str
    source: str
    column: str
    symbol: str
    at: str
    cut_at: str
    known: str
    cut: str
    off: float


def faults(
    whole: Sequence[Said], part: Sequence[Said], cut_ns: Nanos, check: str, symbols: tuple[str, ...]
) -> list[Fault]:
    """The first difference of every column of every source, in what was said before the cut (not at it).

    `whole` may go on after the cut, `part` too where it was told lies from there.
    """
    before = [[each for each in said if each.at_ns < cut_ns] for said in (whole, part)]
    found: dict[tuple[str, str], Fault] = {}
    for place in range(max(map(len, before))):
        known = before[0][place] if place < len(before[0]) else None
        cut = before[1][place] if place < len(before[1]) else None
        if known is None or cut is None or known[:2] != cut[:2] or type(known.payload) is not type(cut.payload):
            lost = _presence(known, cut, cut_ns, check)
            found.setdefault((lost.source, lost.column), lost)
            break
        for fault in _differences(known, cut, cut_ns, check, symbols):
            found.setdefault((fault.source, fault.column), fault)
    return list(found.values())


def _presence(known: Said | None, cut: Said | None, cut_ns: Nanos, check: str) -> Fault:
    """From here on the two do not say the same kinds of messages, so nothing further can be compared."""
    either = known or cut
    assert either is not None, "one of the two said something"
    return Fault(
        check=check,
        source=either.source,
        column="presence",
        symbol="",
        at=utc(either.at_ns),
        cut_at=utc(cut_ns),
        known=_named(known),
        cut=_named(cut),
        off=float("nan"),
    )


def _named(said: Said | None) -> str:
    return "nothing" if said is None else f"{type(said.payload).__name__} of {said.source} at {utc(said.at_ns)[11:19]}"


def _differences(known: Said, cut: Said, cut_ns: Nanos, check: str, symbols: tuple[str, ...]) -> Iterator[Fault]:
    for column, place, was, now in _cells(known.payload, cut.payload):
        yield Fault(
            check=check,
            source=known.source,
            column=column,
            symbol=symbols[place] if 0 <= place < len(symbols) else "",
            at=utc(known.at_ns),
            cut_at=utc(cut_ns),
            known=_text(was),
            cut=_text(now),
            off=abs(was - now) if isinstance(was, float) and isinstance(now, float) else float("nan"),
        )


def _cells(known: msgspec.Struct, cut: msgspec.Struct) -> Iterator[tuple[str, int, Any, Any]]:
    """Of each field, or of each feature, that differs: its name, the first instrument, and both values."""
    for name in known.__struct_fields__:
        was, now = getattr(known, name), getattr(cut, name)
        if name == "based_on" or name.endswith("_seq"):
            continue
        if not (isinstance(was, Column) and isinstance(now, Column)):
            differs = first_difference(was, now, 0.0, name)
            if differs is not None:
                yield differs[0], -1, differs[1], differs[2]
        elif was != now:
            yield from _columns(name, was.values, now.values, is_features=isinstance(known, FeatureFrame))


def _columns(name: str, was: Any, now: Any, *, is_features: bool) -> Iterator[tuple[str, int, Any, Any]]:
    if was.shape != now.shape:
        yield name, -1, str(was.shape), str(now.shape)
        return
    unlike = (was != now) & ~(np.isnan(was) & np.isnan(now)) if was.dtype.kind == "f" else was != now
    rows = np.atleast_2d(unlike)
    for row in np.flatnonzero(rows.any(axis=1)).tolist():
        place = int(rows[row].argmax())
        label = REGISTRY.names[row] if is_features else name
        yield label, place, np.atleast_2d(was)[row, place].item(), np.atleast_2d(now)[row, place].item()
        if not is_features:
            return


def _text(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)
