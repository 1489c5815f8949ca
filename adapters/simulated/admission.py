"""Who may enter: every reason why an arriving order is refused, with the number that was and the number that may be."""

from decimal import Decimal
from functools import partial

from adapters.simulated.prices import Prices
from adapters.simulated.records import Records
from adapters.simulated.settings import BrokerSettings
from contracts.instrument import Instrument
from contracts.quantities import Nanos, nanos
from contracts.trade import Order


class Admission:
    """The venue's door: first what needs no account (age, listing, number of open orders), then the account's rules."""

    def __init__(
        self, settings: BrokerSettings, instruments: dict[str, Instrument], prices: Prices, records: Records
    ) -> None:
        self._settings = settings
        self._instruments = instruments
        self._prices = prices
        self._records = records

    def refusals(self, order: Order, sent_ns: Nanos, at_ns: Nanos) -> list[str]:
        """Why an order that was sent then and arrives now is refused; empty if it is not."""
        late_ns, open_orders = at_ns - sent_ns, self._records.open
        if late_ns > nanos(self._settings.recv_window_s):
            return [f"arrived {late_ns / 1e9:.1f} s after it was sent, at most {self._settings.recv_window_s} s"]
        instrument = self._instruments.get(order.symbol)
        if instrument is None or self._prices.levels(order.symbol, order.side, at_ns) is None:
            return [f"symbol {order.symbol} is not listed or has no market yet"]
        if len(open_orders) >= self._settings.orders_open_max:
            return [f"{len(open_orders)} orders are open, at most {self._settings.orders_open_max}"]
        value = partial(self._value, at_ns)
        return self._records.account.refusals(order, instrument, open_orders.values(), value)

    def _value(self, at_ns: Nanos) -> None:
        self._records.account.turn_to(self._prices.moved(), partial(self._mid, at_ns))

    def _mid(self, at_ns: Nanos, symbol: str) -> Decimal | None:
        middle = self._prices.middle(symbol, at_ns)
        return None if middle is None else self._instruments[symbol].tick * Decimal(middle)
