"""The workload on NautilusTrader: bars, market orders, a cash account."""

from decimal import Decimal

import nautilus_trader
import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy
from workload import BAR_S, FAST, FIRST_S, SLOW, TURN_EVERY, Bars, Run, main

VENUE = "XNAS"


class Config(StrategyConfig, frozen=True):
    """What a strategy of a style is told."""

    bar_types: tuple[BarType, ...]
    style: str


class Styled(Strategy):
    """One of the three styles over all instruments."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.orders = 0
        self.seen: dict[BarType, int] = {}
        self.averages: dict[BarType, list[float]] = {}
        self.held: dict[BarType, bool] = {}

    def on_start(self) -> None:
        """Ask for the bars."""
        for bar_type in self.config.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Bar) -> None:
        """Hold or turn."""
        style, kind = self.config.style, bar.bar_type
        if style == "none":
            return
        seen = self.seen[kind] = self.seen.get(kind, 0) + 1
        held = self.held.get(kind, False)
        if style == "active":
            wanted = not held if seen % TURN_EVERY == 0 else held
        else:
            close = bar.close.as_double()
            averages = self.averages.setdefault(kind, [close, close])
            averages[0] += (close - averages[0]) * 2 / (FAST + 1)
            averages[1] += (close - averages[1]) * 2 / (SLOW + 1)
            wanted = averages[0] > averages[1]
        if wanted != held:
            self.held[kind] = wanted
            self.orders += 1
            side = OrderSide.BUY if wanted else OrderSide.SELL
            self.submit_order(self.order_factory.market(kind.instrument_id, side, Quantity.from_int(1)))


def run(data: Bars, style: str, told: Run) -> None:
    """Load everything, then time the engine alone."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
    engine.add_venue(Venue(VENUE), OmsType.NETTING, AccountType.MARGIN, [Money(10_000_000, USD)], base_currency=USD,
                     default_leverage=Decimal(1))  # fmt: skip
    types, everything = [], []
    for column in range(data.close.shape[1]):
        instrument = TestInstrumentProvider.equity(symbol=f"I{column:03d}", venue=VENUE)
        engine.add_instrument(instrument)
        kind = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
        types.append(kind)
        stamps = (FIRST_S + BAR_S * (1 + np.arange(len(data.close)))) * 10**9
        volume = Quantity.from_int(1000)
        rows = zip(*(each[:, column].tolist() for each in data[:4]), stamps.tolist(), strict=True)
        everything += [Bar(kind, *(Price(each, 2) for each in row[:4]), volume, row[4], row[4]) for row in rows]
    engine.add_data(everything)
    strategy = Styled(Config(bar_types=tuple(types), style=style))
    engine.add_strategy(strategy)
    with told.timed():
        engine.run()
    told.orders = strategy.orders


main(f"NautilusTrader {nautilus_trader.__version__}", run)
