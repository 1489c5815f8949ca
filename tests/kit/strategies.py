"""Strategies brought to life: one in a universe with an account, told bars, asked for its targets."""

from decimal import Decimal
from typing import Any

import numpy as np

from actors.strategies.base import Strategy, StrategySettings
from contracts.account import Position
from contracts.column import floats, integers
from contracts.market import BarHistory
from runtime.seeds import Seeds
from tests.kit.market import NOON_NS, a_bar_frame, a_universe_changed, an_envelope
from tests.kit.orders import a_snapshot, an_equity

SYMBOLS = ("BTC-EUR", "ETH-EUR", "SOL-EUR")
MINUTE_NS = 60 * 10**9


def chance(number: int) -> np.random.Generator:
    """The chance of a strategy in a run of seed 7."""
    return Seeds(7).generator(f"strategy/{number}")


def a_strategy(kind: type[Strategy], **settings: Any) -> Strategy:
    """A strategy of three instruments with EUR 500."""
    strategy = kind(kind.Settings(**settings), chance)
    hear(strategy, a_universe_changed(*SYMBOLS), a_snapshot(), an_equity())
    return strategy


def hear(strategy: Strategy, *messages: Any, seq: int = 1) -> list[Any]:
    """What it answers to those messages."""
    said = [each for message in messages for each in strategy.receive(an_envelope(message, seq=seq))]
    strategy.check()
    return said


def closes(strategy: Strategy, *rows: Any, first: int = 1) -> list[tuple[float, ...]]:
    """The targets after each bar of those closes, a minute apart."""
    told = []
    for number, row in enumerate(rows, first):
        hear(strategy, a_bar_frame(close=row, close_ns=NOON_NS + number * MINUTE_NS), seq=number)
        told.append(targets(strategy))
    return told


def targets(strategy: Strategy) -> tuple[float, ...]:
    """What it wants to hold of each instrument."""
    wanted = strategy.snapshot().target
    assert wanted is not None
    return tuple(wanted.values.tolist())


def a_history(*rows: Any, first: int = 1) -> BarHistory:
    """Bars of those closes as history."""
    values = floats(np.array(rows, dtype=np.float64))
    times = integers([NOON_NS + number * MINUTE_NS for number in range(first, first + len(rows))])
    return BarHistory(1, 60.0, times, values, values, values, values, values)


def a_position(symbol: str, quantity: Any) -> Position:
    """What an execution has made of a position."""
    nothing = Decimal(0)
    return Position(
        symbol=symbol, quantity=Decimal(quantity), entry=nothing, realised=nothing, fees=nothing, execution_seq=1
    )


class Silent(Strategy):
    """Wants nothing of anything."""

    Settings = StrategySettings

    def on_frame(self, frame: Any, memory: Any) -> None:
        return None
