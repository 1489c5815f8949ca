"""The workload of quotes on NautilusTrader: market orders, filled at the quote; a margin account that pays fees."""

from decimal import Decimal

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy
from quotes import FAST, SIZE, SLOW, START_NS, TURN_EVERY, Quotes, main
from workload import FEE, Run

VENUE = Venue("XNAS")


class Config(StrategyConfig, frozen=True):
    """What a strategy of a style is told."""

    instruments: tuple[InstrumentId, ...]
    style: str


class Styled(Strategy):
    """One of the three styles over all instruments."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.orders = 0
        self.seen: dict[InstrumentId, int] = {}
        self.averages: dict[InstrumentId, list[float]] = {}
        self.held: dict[InstrumentId, bool] = {}

    def on_start(self) -> None:
        """Ask for the quotes."""
        for instrument in self.config.instruments:
            self.subscribe_quote_ticks(instrument)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Hold or turn."""
        style, who = self.config.style, tick.instrument_id
        if style == "none" or tick.ts_event < START_NS:
            return
        held = wanted = self.held.get(who, False)
        seen = self.seen[who] = self.seen.get(who, 0) + 1
        turn = seen % TURN_EVERY == 0
        if style == "active":
            wanted = held != turn
        else:
            mid = 0.5 * (tick.bid_price.as_double() + tick.ask_price.as_double())
            averages = self.averages.setdefault(who, [mid, mid])
            averages[0] += (mid - averages[0]) * 2 / (FAST + 1)
            averages[1] += (mid - averages[1]) * 2 / (SLOW + 1)
            if turn:
                wanted = averages[0] > averages[1]
        if wanted != held:
            self.held[who] = wanted
            self.orders += 1
            side = OrderSide.BUY if wanted else OrderSide.SELL
            self.submit_order(self.order_factory.market(who, side, Quantity.from_int(1)))


def run(data: Quotes, instruments: int, style: str, told: Run) -> None:
    """Load everything, then time the engine alone."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(10_000_000, USD)], base_currency=USD,
                     default_leverage=Decimal(1))  # fmt: skip
    size, ids = Quantity.from_int(SIZE), []
    for number in range(instruments):
        instrument = _instrument(f"I{number:03d}")
        engine.add_instrument(instrument)
        ids.append(instrument.id)
    rows = zip(*(column.tolist() for column in data), strict=True)
    engine.add_data(
        [
            QuoteTick(ids[who], Price(bid / 100, 2), Price(ask / 100, 2), size, size, at_ns, at_ns)
            for who, at_ns, bid, ask in rows
        ]
    )
    strategy = Styled(Config(instruments=tuple(ids), style=style))
    engine.add_strategy(strategy)
    with told.timed():
        engine.run()
    told.orders = engine.cache.orders_closed_count()
    assert told.orders == strategy.orders, f"{strategy.orders} orders were sent, {told.orders} filled"


def _instrument(symbol: str) -> Equity:
    return Equity(
        instrument_id=InstrumentId(Symbol(symbol), VENUE),
        raw_symbol=Symbol(symbol),
        currency=USD,
        price_precision=2,
        price_increment=Price.from_str("0.01"),
        lot_size=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
        maker_fee=Decimal(str(FEE)),
        taker_fee=Decimal(str(FEE)),
    )


main(f"NautilusTrader {nautilus_trader.__version__}", run)
