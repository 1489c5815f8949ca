"""The outside: one frozen value with a field per port; live, recorded, simulated and test worlds differ in it alone."""

from dataclasses import dataclass

from contracts.ports import Clock, Feed, Journal, OrderVenue


@dataclass(frozen=True)
class Outside:
    """Where time, the market and the venue come from, and where the record goes."""

    clock: Clock
    feed: Feed
    venue: OrderVenue
    journal: Journal
