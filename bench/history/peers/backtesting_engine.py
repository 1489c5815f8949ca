"""The workload on backtesting.py: one instrument is all it takes."""

import warnings

import backtesting
import pandas as pd
from workload import FAST, FEE, SLOW, TURN_EVERY, Bars, Run, main

warnings.simplefilter("ignore")


class Styled(backtesting.Strategy):
    """One of the three styles."""

    style = "none"
    orders = 0

    def init(self):
        """Nothing is known before."""
        self.seen, self.held, self.averages = 0, False, None

    def next(self):
        """Hold or turn."""
        if self.style == "none":
            return
        self.seen += 1
        if self.style == "active":
            wanted = not self.held if self.seen % TURN_EVERY == 0 else self.held
        else:
            close = self.data.Close[-1]
            fast, slow = self.averages or (close, close)
            fast += (close - fast) * 2 / (FAST + 1)
            slow += (close - slow) * 2 / (SLOW + 1)
            self.averages = fast, slow
            wanted = fast > slow
        if wanted != self.held:
            self.held = wanted
            type(self).orders += 1
            self.buy(size=1) if wanted else self.position.close()


def run(data: Bars, style: str, told: Run) -> None:
    """A frame of one instrument."""
    if data.close.shape[1] != 1:
        raise SystemExit("one instrument only")
    names = ("Open", "High", "Low", "Close", "Volume")
    frame = pd.DataFrame({name: column[:, 0] for name, column in zip(names, data, strict=True)})
    frame.index = pd.date_range("2024-01-01", periods=len(frame), freq="min")
    Styled.style = style
    test = backtesting.Backtest(frame, Styled, cash=10_000_000, commission=FEE, finalize_trades=True)
    with told.timed():
        test.run()
    told.orders = Styled.orders


main(f"backtesting.py {backtesting.__version__}", run)
