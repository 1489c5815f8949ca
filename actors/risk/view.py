"""The book as the gate sees it at one instant: every instrument that is held, ordered or proposed, as columns."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.prices import Marks
from actors.risk.layout import Layout, Layouts
from actors.risk.measures import Measures
from actors.risk.returns import Bars
from actors.valuation import Prices, Valuation
from contracts.belief import Slate
from contracts.instrument import Instrument
from contracts.market import MarkFrame
from contracts.quantities import Money, Nanos, Seconds
from contracts.trade import OrderState
from quant.scenarios import Shapes, shapes_of, unshaped

Floats = NDArray[np.float64]


class View(NamedTuple):
    """Columns over `symbols`, each at its place in `places`; money is in the account's currency, NaN what is unknown.

    `bid`, `ask`, `mid` are of the current quote (NaN when it is not valid), `unit` the worth of one base unit at the
    last valid mark, `position` signed, `buys` and `sells` what may still fill. `sigma` is of the log return over the
    risk horizon of `horizon_s`, `shapes` the curves of what is believed, `cost` the share of the price that closing
    costs, `foreign` what is quoted in another currency than the account's. `unknown` names what makes the joint book
    unknown.
    """

    symbols: tuple[str, ...]
    places: dict[str, int]
    instruments: tuple[Instrument, ...]
    bid: Floats
    ask: Floats
    mid: Floats
    close: Floats
    tick_ns: NDArray[np.int64]
    rate: Floats
    unit: Floats
    position: Floats
    buys: Floats
    sells: Floats
    sigma: Floats
    horizon_s: Seconds
    shapes: Shapes
    cost: Floats
    foreign: NDArray[np.bool_]
    corr: Floats
    cluster: NDArray[np.int64]
    unknown: tuple[str, ...]

    def at(self, symbol: str) -> int:
        """The column of a symbol, -1 where it is not among them."""
        return self.places.get(symbol, -1)


class Facts(NamedTuple):
    """What a view is made from.

    Believed curves go on beyond their outer quantiles with `tail_slope` times their outer slope.
    """

    prices: Prices
    frame: MarkFrame | None
    currency: str
    positions: dict[str, Money]
    orders: Sequence[OrderState]
    slate: Slate | None
    bars: Bars | None
    bar_s: Seconds
    risk_horizon_s: Seconds
    tail_slope: float
    at_ns: Nanos
    layouts: Layouts
    measures: Measures


class _Quotes(NamedTuple):
    """Columns (N,) of one frame of marks; NaN where there is no quote, 0 as the time of what was never heard."""

    bid: Floats
    ask: Floats
    mid: Floats
    tick_ns: NDArray[np.int64]


def view_of(facts: Facts, proposed: Sequence[str]) -> View:
    """The view over what is held or ordered, then what is proposed; what the universe does not know is only named."""
    universe = facts.prices.universe
    held = [symbol for symbol, quantity in facts.positions.items() if quantity]
    wanted = dict.fromkeys([*held, *(order.symbol for order in facts.orders), *proposed])
    known = universe.positions if universe is not None else {}
    layout = facts.layouts.of(universe, tuple(symbol for symbol in wanted if symbol in known))
    last, now = _quotes(facts, layout)
    rate = _rates(facts, layout)
    unit = last.mid * rate
    measured = facts.measures.of(facts.bars, layout)
    position, buys, sells = _exposure(facts, layout.places, unit, rate)
    strangers = [symbol for symbol in wanted if symbol not in known and symbol not in proposed]
    view = View(
        symbols=layout.symbols,
        places=layout.places,
        instruments=layout.instruments,
        bid=now.bid,
        ask=now.ask,
        mid=now.mid,
        close=measured.close,
        tick_ns=now.tick_ns,
        rate=rate,
        unit=unit,
        position=position,
        buys=buys,
        sells=sells,
        sigma=_sigma(facts, layout, measured.variance),
        horizon_s=facts.risk_horizon_s,
        shapes=_shapes(facts, layout),
        cost=(last.ask - last.bid) / (last.ask + last.bid) + layout.fees,
        foreign=layout.foreign,
        corr=measured.corr,
        cluster=measured.cluster,
        unknown=(),
    )
    unknown = [f"{symbol} is not in the universe" for symbol in strangers] + _unknown(view)
    return view._replace(unknown=tuple(unknown)) if unknown else view


def _unknown(view: View) -> list[str]:
    """What makes the joint book unknown: only of what is held or ordered, for it cannot be left out."""
    if np.count_nonzero((view.sigma > 0.0) & (view.unit > 0.0)) == len(view.symbols):
        return []
    exposed = (view.position != 0.0) | (view.buys != 0.0) | (view.sells != 0.0)
    found = [f"sigma of {view.symbols[place]}" for place in np.flatnonzero(exposed & ~(view.sigma > 0.0))]
    return found + [f"worth of {view.symbols[place]}" for place in np.flatnonzero(exposed & ~(view.unit > 0.0))]


def _quotes(facts: Facts, layout: Layout) -> tuple[_Quotes, _Quotes]:
    """The last valid quotes, and those that stand now: as a rule they are the same columns."""
    marks, frame = facts.prices.marks, facts.frame
    last = _read(marks, layout)
    if marks is not None and frame is not None and frame.bid is marks.bid:
        return last, last
    return last, _read(frame, layout)


def _read(said: Marks | MarkFrame | None, layout: Layout) -> _Quotes:
    width = len(layout.symbols)
    if said is None or not width:
        nothing = np.full(width, np.nan)
        return _Quotes(nothing, nothing, nothing, np.zeros(width, dtype=np.int64))
    bid, ask = said.bid.values[layout.columns], said.ask.values[layout.columns]
    return _Quotes(bid, ask, 0.5 * (bid + ask), said.tick_ns.values[layout.columns])


def _rates(facts: Facts, layout: Layout) -> Floats:
    """What one unit of each quote is worth in the account's currency, NaN where that is unknown."""
    if layout.quotes == (facts.currency,):
        return np.ones(len(layout.symbols))
    value = Valuation(facts.prices, facts.currency, facts.at_ns, mark_age_s_max=1.0, rate_age_s_max=1.0)
    of_quote = np.array([float(value.rate(quote)) for quote in layout.quotes], dtype=np.float64)
    of_quote[of_quote <= 0.0] = np.nan
    return of_quote[layout.quoted]


def _exposure(facts: Facts, places: dict[str, int], unit: Floats, rate: Floats) -> tuple[Floats, Floats, Floats]:
    position, buys, sells = np.zeros(len(places)), np.zeros(len(places)), np.zeros(len(places))
    worths = unit.tolist()
    for symbol, quantity in facts.positions.items():
        place = places.get(symbol)
        if place is not None and quantity:
            position[place] = float(quantity) * worths[place]
    for order in facts.orders:
        place = places.get(order.symbol)
        if place is not None:
            # The worse of limit and mark: a buy may fill at its limit, and is then worth the mark.
            worth = float(order.open) * float(np.fmax(worths[place], float(order.limit) * rate[place]))
            (buys if order.side == "buy" else sells)[place] += worth
    return position, buys, sells


def _sigma(facts: Facts, layout: Layout, variance: Floats) -> Floats:
    """The larger of what is believed and what was measured, by the square root of time; NaN when neither is known."""
    slate, measured = facts.slate, np.sqrt(variance * facts.risk_horizon_s / facts.bar_s)
    if slate is None or not slate.horizon_s > 0.0:
        return np.asarray(measured)
    scaled = slate.sigma.values[layout.columns] * np.sqrt(facts.risk_horizon_s / slate.horizon_s)
    return np.asarray(np.fmax(scaled, measured))


def _shapes(facts: Facts, layout: Layout) -> Shapes:
    """The believed curves, none without a slate; over the risk horizon they keep their shape and grow with sigma."""
    slate, columns = facts.slate, layout.columns
    if slate is None or not layout.symbols:
        return unshaped(len(layout.symbols))
    return shapes_of(
        slate.levels.values,
        slate.quantiles.values[:, columns],
        slate.mu.values[columns],
        slate.sigma.values[columns],
        facts.tail_slope,
    )
