"""What a simulated venue trades against over bars of history: the bar that comes, through a fill model.

A decision is made when a bar has closed; what it sends is met by the next bar, which only the venue knows. Until that
bar closes its market stands at the open (`path = "open"`), or walks from the open over the nearer extreme and the
other one to the close, a third of the bar each (`path = "ohlc"`). Around that mid lies half the spread, and behind it
three slices of the volume that may be taken: a hundredth, a tenth and all of `participation_max` of the bar's volume,
each at the square-root impact of its far end (Almgren et al. 2005).

Bias: over a gap in the data an order meets the first bar after it, at a time before that bar; the spread is the one
of the last close; volume is taken as spread evenly over the bar; a path through both extremes is one of many.
"""

import math
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from adapters.simulated.prices import Level, middle_of
from contracts.instrument import Universe
from contracts.quantities import BPS, Lots, Nanos, Side

SLICES: Final = tuple((share, math.sqrt(share)) for share in (0.01, 0.1, 1.0))
"""Of the volume that may be taken, each with what its far end has of the impact."""

SIDES: Final[tuple[Side, Side]] = ("sell", "buy")
"""Who takes the bids, and who the asks."""


class FillSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What bars do not say and a backtest must assume; none of it has a default, because it moves the result.

    `half_spread_bps` counts where the data has no quotes. `impact_bps` is the price of taking the whole
    `participation_max`, a share of the bar's volume. A bar without volume still shows one lot.

    Raises:
        ValueError: a negative cost, or a participation outside (0, 1].
    """

    half_spread_bps: float
    impact_bps: float
    participation_max: float
    path: Literal["open", "ohlc"]

    def __post_init__(self) -> None:
        for name in ("half_spread_bps", "impact_bps"):
            value = getattr(self, name)
            if not 0.0 <= value < 1e4:
                raise ValueError(f"{name} was {value}, expected 0 or more and less than 10000")
        if not 0.0 < self.participation_max <= 1.0:
            raise ValueError(f"participation_max was {self.participation_max}, expected more than 0 and at most 1")


class ComingBar(NamedTuple):
    """The bar that the venue trades in: opens after `open_ns`, closes at `close_ns`; rows over the universe.

    Prices are NaN where an instrument has no such bar; `volume` is NaN where the source does not say, and then nothing
    limits what may be taken. `half` is half the spread in quote units.
    """

    open_ns: Nanos
    close_ns: Nanos
    open: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]
    half: npt.NDArray[np.float64]


class BarPrices:
    """The `Prices` of a venue in history; nothing can be traded before the first bar comes."""

    def __init__(self, universe: Universe, settings: FillSettings) -> None:
        self._settings = settings
        self._instruments = universe.instruments
        self._columns = universe.positions
        self._bar: ComingBar | None = None
        self._bars = 0
        self._worked: dict[tuple[int, Side], list[Level]] = {}
        self._gone: dict[tuple[str, Side], int] = {}
        self._moved: dict[str, None] | None = None

    def turn_to(self, bar: ComingBar | None) -> None:
        """From now on the market is in that bar; None where history is at its end."""
        self._bar = bar
        self._bars += 1
        self._worked.clear()
        self._gone.clear()
        self._moved = None

    def taken(self, symbol: str, taker: Side, lots: Lots) -> None:
        """What was taken of a bar is gone until the next one comes."""
        self._gone[symbol, taker] = self._gone.get((symbol, taker), 0) + lots
        if self._moved is not None:
            self._moved[symbol] = None

    def moved(self) -> list[str] | None:
        """At the open of a bar everything, then what was taken of; on a path through it, everything at any time."""
        moved, self._moved = self._moved, {} if self._settings.path == "open" else None
        return None if moved is None else list(moved)

    def told(self) -> int | None:
        """By bars; on a path through them, at any time."""
        return self._bars if self._settings.path == "open" else None

    def levels(self, symbol: str, taker: Side, at_ns: Nanos) -> Iterator[Level] | None:
        """One side of the book the fill model assumes; None for what has no bar."""
        bar, column = self._bar, self._columns[symbol]
        if bar is None or not math.isfinite(bar.open[column]):
            return None
        return self._side(bar, column, taker, at_ns)

    def middle(self, symbol: str, at_ns: Nanos) -> float | None:
        """Of the best of both sides."""
        return middle_of([self.levels(symbol, taker, at_ns) for taker in SIDES])

    def _mid(self, bar: ComingBar, column: int, at_ns: Nanos) -> float:
        first = float(bar.open[column])
        if self._settings.path == "open" or at_ns <= bar.open_ns:
            return first
        high, low, last = float(bar.high[column]), float(bar.low[column]), float(bar.close[column])
        extremes = (low, high) if first - low <= high - first else (high, low)
        thirds = min(3.0, 3.0 * (at_ns - bar.open_ns) / (bar.close_ns - bar.open_ns))
        return float(np.interp(thirds, (0.0, 1.0, 2.0, 3.0), (first, *extremes, last)))

    def _side(self, bar: ComingBar, column: int, taker: Side, at_ns: Nanos) -> Iterator[Level]:
        """Slice by slice of what may be taken, without what is gone.

        At the open of a bar the mid stands: each slice is worked out once, when somebody first looks so far.
        """
        worked = self._worked.setdefault((column, taker), []) if self._settings.path == "open" else []
        gone = self._gone.get((self._instruments[column].symbol, taker), 0)
        for number, (share, root) in enumerate(SLICES):
            if number == len(worked):
                worked.append(self._slice(bar, column, taker, self._mid(bar, column, at_ns), share, root))
            ticks, upto = worked[number]
            if upto <= gone:
                continue
            if ticks > 0:
                yield ticks, upto - gone
            gone = upto

    def _slice(self, bar: ComingBar, column: int, taker: Side, mid: float, share: float, root: float) -> Level:
        """Whole ticks away from the mid, and the lots from the mid to there, whoever took of them."""
        instrument, volume = self._instruments[column], float(bar.volume[column])
        most = float(instrument.quantity_max) if math.isnan(volume) else self._settings.participation_max * volume
        away = float(bar.half[column]) + mid * self._settings.impact_bps * BPS * root
        ticks = instrument.ticks_above(mid + away) if taker == "buy" else instrument.ticks_below(mid - away)
        return ticks, max(1, instrument.lots_within(most * share))
