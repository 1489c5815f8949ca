"""The outside: one frozen value with a field per port; live, recorded, simulated and test worlds differ in it alone."""

from dataclasses import dataclass, field

from adapters.signals.memory import MemorySignals
from adapters.silent_stream import SilentStream
from contracts.ports import (
    Clock,
    FeatureStore,
    Feed,
    Journal,
    ModelShelf,
    OrderVenue,
    SignalSource,
    StreamSource,
    Workers,
)


@dataclass(frozen=True)
class Outside:
    """Where time, the market and the venue come from, where the record goes, what was learned, who does hard work.

    `signals` is where agents of other processes are heard; in most worlds there are none. A desk that is fed by other
    roles has a `stream`, `held` where time stands still while it waits for it. `store` is where features
    are kept for others to read.
    """

    clock: Clock
    feed: Feed
    venue: OrderVenue
    journal: Journal
    models: ModelShelf
    workers: Workers
    signals: SignalSource = field(default_factory=MemorySignals)
    stream: StreamSource = field(default_factory=SilentStream)
    held: bool = False
    store: FeatureStore | None = None
