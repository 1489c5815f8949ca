"""One private stream of the simulated venue: events in the order of delivery, which need not be that of happening."""

import heapq
from typing import Final

from contracts.quantities import Nanos
from contracts.trade import Fill, FundingPaid, OrderCancelled

UNHEARD_MAX: Final = 10_000
"""A listener that leaves more than this untaken is cut off, as real venues do."""

Event = Fill | OrderCancelled | FundingPaid


class Listener:
    """Events with the time they are delivered; `lost` once nobody took them for too long."""

    def __init__(self) -> None:
        self._due: list[tuple[Nanos, int, Event]] = []
        self.lost = False

    @property
    def next_ns(self) -> Nanos | None:
        """When the next event is due."""
        return self._due[0][0] if self._due else None

    def put(self, at_ns: Nanos, number: int, event: Event) -> None:
        """Deliver an event at a time; `number` orders what is delivered at once."""
        self.lost = self.lost or len(self._due) >= UNHEARD_MAX
        if not self.lost:
            heapq.heappush(self._due, (at_ns, number, event))

    def take(self, now_ns: Nanos) -> list[Event]:
        """The events due by now, in the order of delivery."""
        taken: list[Event] = []
        while self._due and self._due[0][0] <= now_ns:
            taken.append(heapq.heappop(self._due)[2])
        return taken
