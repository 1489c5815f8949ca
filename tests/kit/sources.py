"""Builders of what trades, perpetuals and the world beyond say: a test writes down only what matters to it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.column import floats, integers
from contracts.context import ContextValue
from contracts.market import Perp, TradeFrame
from tests.kit.market import NOON_NS, at


def a_trade_frame(*, width: int = 2, trade_seq: int = 1, universe: int = 1, **rows: npt.ArrayLike) -> TradeFrame:
    """What trades showed; a single number stands for every instrument, what is not given is balanced and quiet."""
    usual = {"vpin_50": 0.3, "burst": 1.0, "trade_gap_ms": 500.0, "tick_dir_20": 0.5}
    names = TradeFrame.__struct_fields__[1:-1]
    columns = {
        name: floats(np.broadcast_to(np.asarray(rows.get(name, usual.get(name, 0.0)), dtype=np.float64), (width,)))
        for name in names
    }
    return TradeFrame(universe=universe, **columns, trade_seq=integers(np.full(width, trade_seq)))


def a_perp(*, symbol: str = "BTC-EUR", event_ns: int = NOON_NS, epoch: int = 1, frame: int = 1, **said: Any) -> Perp:
    """A row that says what is given of a perpetual."""
    return Perp(symbol=symbol, event_ns=event_ns, epoch=epoch, frame=frame, **said)


def a_context_value(
    name: str = "vix",
    value: float | None = 15.0,
    *,
    event_s: float = -60.0,
    released_s: float = 0.0,
    symbol: str = "",
    vintage: str = "first",
) -> ContextValue:
    """A figure released at noon."""
    return ContextValue(
        name=name, value=value, event_ns=at(event_s), released_ns=at(released_s), vintage=vintage, symbol=symbol
    )
