"""The workload on vectorbt: whole arrays, no events; its simulation is compiled before it is timed."""

import numpy as np
import vectorbt as vbt
from workload import FAST, FEE, SLOW, TURN_EVERY, Bars, Run, main


def wanted(data: Bars, style: str) -> np.ndarray:
    """Whether each instrument is held after each bar."""
    rows = np.arange(1, len(data.close) + 1)[:, None]
    if style == "none":
        return np.zeros(data.close.shape, bool)
    if style == "active":
        return np.broadcast_to(rows // TURN_EVERY % 2 == 1, data.close.shape)
    fast = vbt.MA.run(data.close, FAST, ewm=True).ma.to_numpy()
    slow = vbt.MA.run(data.close, SLOW, ewm=True).ma.to_numpy()
    return np.nan_to_num(fast) > np.nan_to_num(slow)


def simulate(data: Bars, style: str) -> int:
    """The orders of a portfolio."""
    held = wanted(data, style)
    before = np.vstack([np.zeros((1, held.shape[1]), bool), held[:-1]])
    portfolio = vbt.Portfolio.from_signals(
        data.close, held & ~before, before & ~held, size=1.0, fees=FEE, init_cash=10_000_000.0, freq="1min"
    )
    portfolio.final_value()
    return int(np.sum(portfolio.orders.count()))


def run(data: Bars, style: str, told: Run) -> None:
    """Once to compile, once to time."""
    simulate(Bars(*(each[:200] for each in data)), style)
    with told.timed():
        told.orders = simulate(data, style)


main(f"vectorbt {vbt.__version__}", run)
