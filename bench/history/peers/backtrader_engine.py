"""The workload on backtrader: one data feed an instrument, market orders, filled at the next open."""

from datetime import UTC, datetime, timedelta

import backtrader as bt
from workload import BAR_S, FAST, FEE, FIRST_S, SLOW, TURN_EVERY, Bars, Run, main


class Columns(bt.feed.DataBase):
    """Bars out of columns."""

    params = (("data", None), ("column", 0))

    def start(self):
        """Begin at the first row."""
        super().start()
        bars, column = self.p.data, self.p.column
        first = datetime.fromtimestamp(FIRST_S, UTC).replace(tzinfo=None)
        stamps = (bt.date2num(first + timedelta(seconds=BAR_S * (1 + row))) for row in range(len(bars.close)))
        self.rows = zip(stamps, *(each[:, column].tolist() for each in bars), strict=True)

    def _load(self):
        row = next(self.rows, None)
        if row is None:
            return False
        lines = self.lines
        lines.datetime[0], lines.open[0], lines.high[0], lines.low[0], lines.close[0], lines.volume[0] = row
        lines.openinterest[0] = 0.0
        return True


class Styled(bt.Strategy):
    """One of the three styles over all instruments."""

    params = (("style", "none"),)

    def __init__(self):
        self.orders, self.seen = 0, 0
        self.held = [False] * len(self.datas)
        self.averages = [None] * len(self.datas)

    def next(self):
        """Hold or turn."""
        style = self.p.style
        if style == "none":
            return
        self.seen += 1
        for number, data in enumerate(self.datas):
            held = self.held[number]
            if style == "active":
                wanted = not held if self.seen % TURN_EVERY == 0 else held
            else:
                close = data.close[0]
                fast, slow = self.averages[number] or (close, close)
                fast += (close - fast) * 2 / (FAST + 1)
                slow += (close - slow) * 2 / (SLOW + 1)
                self.averages[number] = fast, slow
                wanted = fast > slow
            if wanted != held:
                self.held[number] = wanted
                self.orders += 1
                (self.buy if wanted else self.sell)(data=data, size=1)


def run(data: Bars, style: str, told: Run) -> None:
    """Feeds are read while the engine runs, as it does."""
    engine = bt.Cerebro(stdstats=False)
    for column in range(data.close.shape[1]):
        engine.adddata(Columns(data=data, column=column))
    engine.addstrategy(Styled, style=style)
    engine.broker.setcash(10_000_000.0)
    engine.broker.setcommission(commission=FEE)
    with told.timed():
        (strategy,) = engine.run()
    told.orders = strategy.orders


main(f"backtrader {bt.__version__}", run)
