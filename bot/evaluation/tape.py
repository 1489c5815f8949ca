"""A history as the outside of the bot: small actors that say the frames of each row when the beat comes.

They stand where the marker, the bar builder, the book keeper and the feature engine stand in a live run, and say the
same messages in the same order; nothing behind them can tell the difference. A row is said only on its own beat.

The clock of the turns steps by exactly one bar per row. Rows are what labels count (row i + h), so a weekend or a gap
of a market with sessions must not let a horizon end early; everything that depends on the calendar is in the features,
which are made from the real times. A market that never closes has an absent row where its history
has a hole (`bot.evaluation.prices.without_holes`), so that there the clock is the real time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import numpy as np

from bot.evaluation.prices import Prices
from contracts.belief import FeatureFrame
from contracts.column import Column, floats, integers
from contracts.envelope import Envelope
from contracts.instrument import Instrument, Universe
from contracts.life import Beat
from contracts.market import BarFrame, BookFrame, MarkFrame
from contracts.quantities import SECOND_NS, Bps, Nanos
from quant.rolling import Floats
from runtime.actor import Actor

NOTHING: tuple[msgspec.Struct, ...] = ()
VERSION = 1


@dataclass(frozen=True)
class Tape:
    """Prices and the features of every row, shape (rows, features, instruments), in the order of `schema`."""

    prices: Prices
    features: Floats
    names: tuple[str, ...]
    schema: str

    @property
    def bar_ns(self) -> Nanos:
        """The step of the clock."""
        return round(self.prices.bar_s * SECOND_NS)

    def at_ns(self, row: int) -> Nanos:
        """What the clock says at the close of a row."""
        return int(self.prices.at_ns[0]) + row * self.bar_ns


def universe_of(prices: Prices, fee_bps: Bps = 0.0) -> Universe:
    """The instruments of a history, on a grid so fine that the scale of a price changes nothing."""
    grid = Decimal("1e-15")
    return Universe(
        VERSION,
        tuple(
            Instrument(
                symbol=symbol,
                venue="history",
                base=symbol,
                quote="quote",
                settlement="quote",
                tick=grid,
                lot=grid,
                notional_min=grid,
                quantity_max=Decimal("1e15"),
                can_short=True,
                leverage_max=Decimal(1),
                fee_taker_bps=fee_bps,
                fee_maker_bps=fee_bps,
            )
            for symbol in prices.symbols
        ),
    )


class _Nothing(msgspec.Struct):
    """A reader of the tape remembers nothing: the beat says which row it is."""


class _Reader(Actor):
    """Answers a message of the signal beat with what the tape says of that row."""

    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (Beat,)

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        beat = envelope.payload
        return (self.said(beat.number, envelope.at_ns),) if beat.kind == "signal" else NOTHING

    def said(self, row: int, at_ns: Nanos) -> msgspec.Struct:
        """The frame of one row."""
        raise NotImplementedError

    def snapshot(self) -> msgspec.Struct:
        return _Nothing()

    def restore(self, state: Any) -> None:
        """There is nothing to restore."""

    @classmethod
    def state_type(cls) -> type[msgspec.Struct]:
        return _Nothing


class TapeMarker(_Reader):
    """Bid, ask and mid are the close."""

    role = "marker"

    def said(self, row: int, at_ns: Nanos) -> MarkFrame:
        close = self.tape.prices.close[row]
        mid, here = floats(close), np.full(len(close), at_ns)
        return MarkFrame(VERSION, mid, mid, mid, integers(here), _zeros(len(close)), Column(~np.isnan(close)))


class TapeBars(_Reader):
    """The bar of the row; how many trades it had is not known."""

    role = "bar_builder"

    def said(self, row: int, at_ns: Nanos) -> BarFrame:
        prices, width = self.tape.prices, len(self.tape.prices.symbols)
        return BarFrame(
            universe=VERSION,
            bar_s=prices.bar_s,
            close_ns=at_ns,
            open=floats(prices.open[row]),
            high=floats(prices.high[row]),
            low=floats(prices.low[row]),
            close=floats(prices.close[row]),
            volume=floats(prices.volume[row]),
            trades=_unknown(width),
            tick_seq=_zeros(width),
        )


class TapeBooks(_Reader):
    """Nothing is known of order books; the frame still ends the market's part of the beat, as it does live."""

    role = "book_keeper"

    def said(self, row: int, at_ns: Nanos) -> BookFrame:
        nothing, never = _unknown(len(self.tape.prices.symbols)), _zeros(len(self.tape.prices.symbols))
        return BookFrame(VERSION, nothing, nothing, nothing, nothing, nothing, nothing, nothing, never)


class TapeFeatures(_Reader):
    """The features of the row, in answer to the books, as the feature engine does."""

    role = "feature_engine"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (Beat, BookFrame)

    def __init__(self, tape: Tape) -> None:
        super().__init__(tape)
        self._row = 0

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        if isinstance(envelope.payload, Beat):
            self._row = envelope.payload.number
            return NOTHING
        return (FeatureFrame(VERSION, self.tape.schema, floats(self.tape.features[self._row]), (), (envelope.seq,)),)


def _zeros(width: int) -> Column:
    return integers(np.zeros(width, dtype=np.int64))


def _unknown(width: int) -> Column:
    return floats(np.full(width, np.nan))
