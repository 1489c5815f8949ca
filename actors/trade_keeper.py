"""The trade keeper folds every public trade and says on each signal beat what they show, before the book frame.

Only the time of receipt counts. Trades of unknown instruments and impossible ones are counted and left out; across an
interruption of a feed no move of the mid is measured.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.alignment import moved, moves
from actors.memory import NOTHING, StatefulActor
from contracts.column import Column, floats, integers
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import FeedStatus, Tick, Trade, TradeFrame, UniverseChanged
from contracts.quantities import Nanos, sign
from quant.trade_flow import TradeFlow, TradeFlowState, laid_out
from quant.volume_buckets import BucketsState


class KeptFlow(msgspec.Struct, frozen=True):
    """A `TradeFlow` as it goes into a snapshot: columns with instruments last, rings of three axes laid flat."""

    second: int
    rings: dict[str, Column]
    buckets: tuple[Column, ...]


class TradeKeeperState(msgspec.Struct, kw_only=True):
    """The last trade of each column, and what was left out; `flow` in snapshots only."""

    universe: Universe | None = None
    flow: KeptFlow | None = None
    trade_seq: list[int] = []
    unknown_symbol: int = 0
    invalid: int = 0


class TradeKeeper(StatefulActor[TradeKeeperState]):
    """Trades and quotes in, the cross-section of the trades out; NaN where too little was traded."""

    role = "trade_keeper"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, Trade, Tick, FeedStatus, Beat)
    kept = TradeKeeperState
    beats = ("signal",)

    def __init__(self) -> None:
        self.start(TradeKeeperState())

    def derive(self) -> None:
        universe = self.state.universe
        self._columns = dict(universe.positions) if universe else {}
        self._lot_size = np.array([float(each.lot) for each in universe.instruments] if universe else [])
        self._flow = TradeFlow(len(self._columns))
        if self.state.flow is not None:
            self._flow.load(_recalled(self.state.flow, self._flow.state()))
        self.state.flow = None

    def snapshot(self) -> TradeKeeperState:
        copy = super().snapshot()
        copy.flow = _kept(self._flow.state()) if self._columns else None
        return copy

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if type(said) is Tick:
            column = self._columns.get(said.symbol)
            if column is not None:
                mid = said.bid + said.ask if 0 < said.bid < said.ask else 0
                self._flow.quote(column, envelope.at_ns, float(mid))
        elif type(said) is Trade:
            self._on_trade(said, envelope.at_ns, envelope.seq)
        elif isinstance(said, Beat):
            if said.kind == "signal" and self.state.universe is not None:
                return (self._frame(self.state.universe, envelope.at_ns),)
        elif isinstance(said, FeedStatus):
            self._on_status(said)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        return NOTHING

    def _on_trade(self, trade: Trade, at_ns: Nanos, seq: int) -> None:
        column = self._columns.get(trade.symbol)
        if column is None:
            self.state.unknown_symbol += 1
        elif trade.price <= 0 or trade.lots <= 0:
            self.state.invalid += 1
        else:
            self._flow.trade(column, at_ns, trade.price, trade.lots, sign(trade.aggressor))
            self.state.trade_seq[column] = seq

    def _on_status(self, status: FeedStatus) -> None:
        if status.state in ("gap", "down"):
            for symbol in status.symbols:
                if (column := self._columns.get(symbol)) is not None:
                    self._flow.void_mid(column)

    def _frame(self, universe: Universe, at_ns: Nanos) -> TradeFrame:
        shown = self._flow.measure(at_ns, self._lot_size)
        columns = {name: floats(column) for name, column in shown._asdict().items()}
        return TradeFrame(universe=universe.version, **columns, trade_seq=integers(self.state.trade_seq))

    def _on_universe(self, universe: Universe) -> None:
        state = self.state
        to = moves(state.universe, universe)
        state.flow = _kept(laid_out(self._flow.state(), to))
        state.trade_seq = moved(state.trade_seq, to, 0)
        state.universe = universe
        self.derive()

    def check(self) -> None:
        assert self._flow.width == len(self._columns) == len(self.state.trade_seq), "trade columns differ in width"


def _kept(state: TradeFlowState) -> KeptFlow:
    rings = {name: Column(each.reshape(-1, each.shape[-1])) for name, each in _rings(state)}
    return KeptFlow(state.second, rings, tuple(Column(each) for each in state.buckets))


def _recalled(kept: KeptFlow, shape: TradeFlowState) -> TradeFlowState:
    """The state whose arrays have the shapes of `shape`."""
    rings: dict[str, Any] = {name: kept.rings[name].values.reshape(each.shape) for name, each in _rings(shape)}
    buckets = BucketsState(*(column.values for column in kept.buckets))
    return TradeFlowState(second=kept.second, buckets=buckets, **rings)


def _rings(state: TradeFlowState) -> list[tuple[str, Any]]:
    return [(name, each) for name, each in state._asdict().items() if name not in ("second", "buckets")]
