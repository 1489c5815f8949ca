"""The book as the gate sees it at one instant: every instrument that is held, ordered or proposed, as columns."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.risk.returns import Bars
from actors.valuation import Prices, Valuation
from contracts.belief import Slate
from contracts.instrument import Instrument
from contracts.market import MarkFrame
from contracts.quantities import BPS, Money, Nanos, Seconds
from contracts.trade import OrderState
from quant.scenarios import Shapes, shapes_of, unshaped
from quant.similarity import UNKNOWN, clusters, correlation

Floats = NDArray[np.float64]

MEASURED_MIN: Final = 20
"""Fewer returns than this measure no volatility."""


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

    Instruments correlated above `cluster_above` are one cluster; believed curves go on beyond their outer quantiles
    with `tail_slope` times their outer slope.
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
    cluster_above: float
    tail_slope: float
    at_ns: Nanos


def view_of(facts: Facts, proposed: Sequence[str]) -> View:
    """The view over what is held or ordered, then what is proposed; what the universe does not know is only named."""
    held = [symbol for symbol, quantity in facts.positions.items() if quantity]
    wanted = dict.fromkeys([*held, *(order.symbol for order in facts.orders), *proposed])
    known = facts.prices.universe.positions if facts.prices.universe is not None else {}
    symbols = tuple(symbol for symbol in wanted if symbol in known)
    columns = np.array([known[symbol] for symbol in symbols], dtype=np.int64)
    instruments = tuple(facts.prices.instruments[symbol] for symbol in symbols)
    last_bid, last_ask = _last_quote(facts, columns)
    rate = _rates(facts, instruments)
    unit = 0.5 * (last_bid + last_ask) * rate
    bars = facts.bars
    returns = np.take(bars.returns.T, columns, axis=1).T if bars is not None and bars.returns.size else None
    corr = correlation(returns) if returns is not None and len(columns) else _unmeasured(len(symbols))
    places = {symbol: place for place, symbol in enumerate(symbols)}
    position, buys, sells = _exposure(facts, places, unit, rate)
    bid, ask, tick_ns = _quote(facts.frame, columns)
    fees = np.array([each.fee_taker_bps for each in instruments], dtype=np.float64) * BPS
    view = View(
        symbols=symbols,
        places=places,
        instruments=instruments,
        bid=bid,
        ask=ask,
        mid=0.5 * (bid + ask),
        close=bars.close[columns] if bars is not None else np.full(len(symbols), np.nan),
        tick_ns=tick_ns,
        rate=rate,
        unit=unit,
        position=position,
        buys=buys,
        sells=sells,
        sigma=_sigma(facts, columns, returns),
        horizon_s=facts.risk_horizon_s,
        shapes=_shapes(facts, columns),
        cost=(last_ask - last_bid) / (last_ask + last_bid) + fees,
        foreign=np.array([each.quote != facts.currency for each in instruments], dtype=np.bool_),
        corr=corr,
        cluster=clusters(corr, facts.cluster_above),
        unknown=(),
    )
    strangers = [symbol for symbol in wanted if symbol not in known and symbol not in proposed]
    return view._replace(unknown=(*(f"{symbol} is not in the universe" for symbol in strangers), *_unknown(view)))


def _unknown(view: View) -> list[str]:
    """What makes the joint book unknown: only of what is held or ordered, for it cannot be left out."""
    if ((view.sigma > 0.0) & (view.unit > 0.0)).all():
        return []
    exposed = (view.position != 0.0) | (view.buys != 0.0) | (view.sells != 0.0)
    found = [f"sigma of {view.symbols[place]}" for place in np.flatnonzero(exposed & ~(view.sigma > 0.0))]
    return found + [f"worth of {view.symbols[place]}" for place in np.flatnonzero(exposed & ~(view.unit > 0.0))]


def _rates(facts: Facts, instruments: tuple[Instrument, ...]) -> Floats:
    """What one unit of each quote is worth in the account's currency, NaN where that is unknown."""
    value = Valuation(facts.prices, facts.currency, facts.at_ns, mark_age_s_max=1.0, rate_age_s_max=1.0)
    quotes = [each.quote for each in instruments]
    by_quote = {quote: float(value.rate(quote)) for quote in dict.fromkeys(quotes)}
    rate = np.array([by_quote[quote] for quote in quotes], dtype=np.float64)
    rate[rate <= 0.0] = np.nan
    return rate


def _exposure(facts: Facts, places: dict[str, int], unit: Floats, rate: Floats) -> tuple[Floats, Floats, Floats]:
    position, buys, sells = np.zeros(len(places)), np.zeros(len(places)), np.zeros(len(places))
    for symbol, quantity in facts.positions.items():
        if quantity and symbol in places:
            position[places[symbol]] = float(quantity) * unit[places[symbol]]
    for order in facts.orders:
        place = places.get(order.symbol)
        if place is not None:
            # The worse of limit and mark: a buy may fill at its limit, and is then worth the mark.
            worth = float(order.open) * float(np.fmax(unit[place], float(order.limit) * rate[place]))
            (buys if order.side == "buy" else sells)[place] += worth
    return position, buys, sells


def _sigma(facts: Facts, columns: NDArray[np.int64], returns: Floats | None) -> Floats:
    """The larger of what is believed and what was measured, by the square root of time; NaN when neither is known."""
    slate, scaled = facts.slate, np.full(len(columns), np.nan)
    if slate is not None and slate.horizon_s > 0.0:
        scaled = slate.sigma.values[columns] * np.sqrt(facts.risk_horizon_s / slate.horizon_s)
    if returns is None:
        return scaled
    count: int | NDArray[np.int64] = returns.shape[1]
    squares = np.einsum("nt,nt->n", returns, returns)
    if not np.isfinite(squares).all():
        present = np.isfinite(returns)
        seen, count = np.where(present, returns, 0.0), present.sum(axis=1)
        squares = np.einsum("nt,nt->n", seen, seen)
    variance = squares / np.maximum(count, 1)
    measured = np.where(count >= MEASURED_MIN, np.sqrt(variance * facts.risk_horizon_s / facts.bar_s), np.nan)
    return np.asarray(np.fmax(scaled, measured))


def _shapes(facts: Facts, columns: NDArray[np.int64]) -> Shapes:
    """The believed curves, none without a slate; over the risk horizon they keep their shape and grow with sigma."""
    slate = facts.slate
    if slate is None or not len(columns):
        return unshaped(len(columns))
    return shapes_of(
        slate.levels.values,
        slate.quantiles.values[:, columns],
        slate.mu.values[columns],
        slate.sigma.values[columns],
        facts.tail_slope,
    )


def _quote(frame: MarkFrame | None, columns: NDArray[np.int64]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    if frame is None or not len(columns):
        empty = np.full(len(columns), np.nan)
        return empty, empty.copy(), np.zeros(len(columns), dtype=np.int64)
    return frame.bid.values[columns], frame.ask.values[columns], frame.tick_ns.values[columns]


def _last_quote(facts: Facts, columns: NDArray[np.int64]) -> tuple[Floats, Floats]:
    marks = facts.prices.marks
    if marks is None or not len(columns):
        return np.full(len(columns), np.nan), np.full(len(columns), np.nan)
    return marks.bid.values[columns], marks.ask.values[columns]


def _unmeasured(width: int) -> Floats:
    corr = np.full((width, width), UNKNOWN)
    np.fill_diagonal(corr, 1.0)
    return corr
