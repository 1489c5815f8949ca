"""Where two lives part: which fields of two messages differ, at which stage of a decision first, and by how much."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from bot.diffing.decisions import STAGES, Taken
from contracts.belief import FeatureFrame, SignalFrame, Slate
from contracts.column import Column
from contracts.decision import GateState, Selection, TargetFrame, Verdict
from contracts.quantities import BPS
from quant.features.engine import REGISTRY
from runtime.replay import first_difference

Floats = npt.NDArray[np.float64]
SHOWN_MAX: Final = 3

NUMBERING: Final = ("based_on", "decision")
"""Fields that only number messages: a strategy that spoke once more than on record does not differ ever after."""


class Cause(msgspec.Struct, frozen=True):
    """The first stage at which a decision differs, going from the market to the gate, and what differs there."""

    stage: str
    text: str


def differing(was: msgspec.Struct, now: msgspec.Struct) -> tuple[str, ...]:
    """The fields in which two messages of one type differ, those that number other messages aside."""
    names = [name for name in was.__struct_fields__ if name not in NUMBERING and not name.endswith(("_seq", "_seqs"))]
    return tuple(name for name in names if not _same(getattr(was, name), getattr(now, name)))


def first_cause(was: Taken, now: Taken, symbols: tuple[str, ...]) -> Cause | None:
    """The first stage at which two decisions differ; None where they are the same."""
    for stage in STAGES:
        parts = list(_parts(was.known[stage], now.known[stage], symbols))
        if parts:
            more = f"; {len(parts) - SHOWN_MAX} more" if len(parts) > SHOWN_MAX else ""
            return Cause(stage, "; ".join(parts[:SHOWN_MAX]) + more)
    return None


def _same(was: Any, now: Any) -> bool:
    if isinstance(was, Column) and isinstance(now, Column):
        return was == now
    return first_difference(was, now, 0.0) is None


def _parts(
    was: Mapping[str, msgspec.Struct], now: Mapping[str, msgspec.Struct], symbols: tuple[str, ...]
) -> Iterator[str]:
    for key in dict.fromkeys((*was, *now)):
        before, after = was.get(key), now.get(key)
        if before is None or after is None or type(before) is not type(after):
            yield f"{key}: {'not said on record' if before is None else 'not said by the other policy'}"
        elif fields := differing(before, after):
            yield _TELL.get(type(before), _fields)(key, before, after, fields, symbols)


def _fields(key: str, was: Any, now: Any, fields: tuple[str, ...], symbols: tuple[str, ...]) -> str:
    name = fields[0]
    found = first_difference(getattr(was, name), getattr(now, name), 0.0, name)
    path, before, after = found or (name, getattr(was, name), getattr(now, name))
    return f"{key}: {path} {short(before)} -> {short(after)}"


def _features(key: str, was: FeatureFrame, now: FeatureFrame, fields: tuple[str, ...], symbols: tuple[str, ...]) -> str:
    if "values" not in fields or was.values.values.shape != now.values.values.shape:
        return _fields(key, was, now, fields, symbols)
    rows = np.flatnonzero((_unlike(was.values.values, now.values.values)).any(axis=1)).tolist()
    names = [REGISTRY.names[row] for row in rows if row < len(REGISTRY.names)]
    off = _widest(was.values.values[rows], now.values.values[rows])
    return f"{len(rows)} features differ, {', '.join(names[:SHOWN_MAX])} first, by {off:.3g} at most"


def _signal(key: str, was: SignalFrame, now: SignalFrame, fields: tuple[str, ...], symbols: tuple[str, ...]) -> str:
    return f"{key}: {', '.join(fields)}{_mu(was.mu, now.mu, symbols)}"


def _slate(key: str, was: Slate, now: Slate, fields: tuple[str, ...], symbols: tuple[str, ...]) -> str:
    told = f"blend: {len(fields)} columns{_mu(was.mu, now.mu, symbols)}"
    if was.agents != now.agents:
        return f"{told}; agents {', '.join(was.agents)} -> {', '.join(now.agents)}"
    if "weights" in fields:
        off = np.nan_to_num(np.abs(was.weights.values - now.weights.values)).max(axis=1)
        most = int(off.argmax())
        return f"{told}; weight of {was.agents[most]} by {off[most]:.3g}"
    if was.rung != now.rung or was.model != now.model:
        return f"{told}; {was.rung} {was.model[:12]} -> {now.rung} {now.model[:12]}"
    return told


def _selection(key: str, was: Selection, now: Selection, fields: tuple[str, ...], symbols: tuple[str, ...]) -> str:
    before, after = (", ".join(f"{pick.side} {pick.symbol}" for pick in each.picks) for each in (was, now))
    if before != after:
        return f"picks {before or 'nothing'} -> {after or 'nothing'}"
    return _fields("selection", was, now, fields, symbols)


def _targets(key: str, was: TargetFrame, now: TargetFrame, fields: tuple[str, ...], symbols: tuple[str, ...]) -> str:
    before, after = was.position.values, now.position.values
    if before.shape != after.shape or "position" not in fields:
        return _fields(key, was, now, fields, symbols)
    rows = np.flatnonzero(_unlike(before, after)).tolist()
    told = [f"{symbols[row]} {short(float(before[row]))} -> {short(float(after[row]))}" for row in rows[:SHOWN_MAX]]
    return f"targets {', '.join(told)}" + (f" and {len(rows) - SHOWN_MAX} more" if len(rows) > SHOWN_MAX else "")


def _state(key: str, was: GateState, now: GateState, fields: tuple[str, ...], symbols: tuple[str, ...]) -> str:
    return f"state {was.state} -> {now.state}: {', '.join(now.reasons or was.reasons)}"


def _verdict(key: str, was: Verdict, now: Verdict, fields: tuple[str, ...], symbols: tuple[str, ...]) -> str:
    told = [f"{name} {short(getattr(was, name))} -> {short(getattr(now, name))}" for name in fields[:SHOWN_MAX]]
    return f"verdict: {', '.join(told)}"


_Tell = Callable[[str, Any, Any, tuple[str, ...], tuple[str, ...]], str]
_TELL: Final[dict[type[msgspec.Struct], _Tell]] = {
    FeatureFrame: _features,
    SignalFrame: _signal,
    Slate: _slate,
    Selection: _selection,
    TargetFrame: _targets,
    GateState: _state,
    Verdict: _verdict,
}


def _mu(was: Column, now: Column, symbols: tuple[str, ...]) -> str:
    """Where mu moved most, and by how much; empty where it did not move."""
    before, after = was.values, now.values
    if before.shape != after.shape or not _unlike(before, after).any():
        return ""
    off = np.where(np.isfinite(before) & np.isfinite(after), np.abs(before - after), 0.0)
    at = int(off.argmax() if off.any() else _unlike(before, after).argmax())
    return f", mu of {symbols[at]} {_bps(before[at])} -> {_bps(after[at])} bp"


def _bps(value: float) -> str:
    return f"{value / BPS:.3g}"


def _unlike(was: Floats, now: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray((was != now) & ~(np.isnan(was) & np.isnan(now)))


def _widest(was: Floats, now: Floats) -> float:
    off = np.abs(was - now)
    return float(off[np.isfinite(off)].max(initial=0.0))


def short(value: Any) -> str:
    """A value in a few letters."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:60] + "…"
