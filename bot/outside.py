"""The outside: one frozen value with a field per port; live, recorded, simulated and test worlds differ in it alone."""

from dataclasses import dataclass

from contracts.ports import Clock, Feed, Journal, ModelShelf, OrderVenue, Workers


@dataclass(frozen=True)
class Outside:
    """Where time, the market and the venue come from, where the record goes, what was learned, who does hard work."""

    clock: Clock
    feed: Feed
    venue: OrderVenue
    journal: Journal
    models: ModelShelf
    workers: Workers
