"""What the simulated market and venue are like; there is no default for the money an account opens with."""

from decimal import Decimal
from typing import Literal

import msgspec

from adapters.simulated.instruments import LISTINGS


class MarketSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A market. `drift_per_sigma` is the strength of the planted signal, `gaps_per_day` the jumps of one instrument."""

    seed: int
    symbols: tuple[str, ...] = tuple(listing.symbol for listing in LISTINGS)
    drift_per_sigma: float = 0.07
    volatility: float = 1.0
    gaps_per_day: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.drift_per_sigma <= 1:
            raise ValueError(f"drift_per_sigma was {self.drift_per_sigma}, expected 0 to 1")
        if not 0 < self.volatility <= 10:
            raise ValueError(f"volatility was {self.volatility}, expected more than 0 and at most 10")
        if not 0 <= self.gaps_per_day <= 1440:
            raise ValueError(f"gaps_per_day was {self.gaps_per_day}, expected 0 to 1440")
        if not self.symbols:
            raise ValueError("symbols were empty, expected at least one")


class BrokerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A venue's account and its manners.

    Latency is there and back together. `stream_ms_max` delays the private stream, so fills may come before and after
    answers; `read_lag_ms_max` is how far a query's view may lie behind; an order that arrives later than
    `recv_window_s` after it was sent is rejected. `split_rate` is the share of orders executed in two or three pieces,
    each at most `split_ms_max` after the one before. An order that rests stands in a queue: it is filled once the other
    side of the market is `queue_ticks` beyond its limit, 0 for the head of the queue. Client ids are unique for
    ever (`strict`: a repeated sending gets the first answer again) or only among open orders.
    """

    seed: int
    balances: dict[str, Decimal]
    latency_ms_min: float = 50.0
    latency_ms_max: float = 500.0
    stream_ms_max: float = 300.0
    read_lag_ms_max: float = 300.0
    recv_window_s: float = 5.0
    split_rate: float = 0.3
    split_ms_max: float = 300.0
    queue_ticks: int = 0
    orders_open_max: int = 50
    client_ids: Literal["strict", "open_only"] = "strict"

    def __post_init__(self) -> None:
        if not 0 <= self.latency_ms_min <= self.latency_ms_max:
            raise ValueError(f"latency was {self.latency_ms_min} to {self.latency_ms_max} ms, expected 0 <= min <= max")
        if not 0 <= self.split_rate <= 1:
            raise ValueError(f"split_rate was {self.split_rate}, expected 0 to 1")
        if min(self.stream_ms_max, self.read_lag_ms_max, self.split_ms_max) < 0:
            raise ValueError("a delay was negative, expected at least 0 ms")
        if self.recv_window_s <= 0 or self.orders_open_max < 1:
            raise ValueError(
                f"recv_window_s was {self.recv_window_s}, orders_open_max {self.orders_open_max}, expected more than 0"
            )
        if self.queue_ticks < 0:
            raise ValueError(f"queue_ticks was {self.queue_ticks}, expected at least 0")
        if not self.balances or not all(amount.is_finite() for amount in self.balances.values()):
            raise ValueError(f"balances were {self.balances}, expected a finite amount for at least one asset")
