"""How fast requests leave for a venue: the senders and the pace of the order gateway, reckoned instead of awaited.

A lane has so many senders; each waits for the answer to its request before it takes the next. A request that was taken
leaves when the pace allows it (the law of `actors.gateways.pace.Pace`).
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from contracts.quantities import SECOND_NS, Nanos

RequestT = TypeVar("RequestT")


@dataclass
class Lane(Generic[RequestT]):
    """Requests of one kind, in their order; `senders` at most are under way at once."""

    senders: int
    per_s: float
    burst: int
    _waiting: deque[RequestT] = field(default_factory=deque)
    _full_ns: Nanos = 0

    def __post_init__(self) -> None:
        self._interval_ns = round(SECOND_NS / self.per_s)

    def put(self, request: RequestT) -> None:
        """Let a request wait for a sender."""
        self._waiting.append(request)

    def leaving(self, now_ns: Nanos) -> Iterator[tuple[Nanos, RequestT]]:
        """The requests that find a sender now, each with the time at which the pace lets it leave."""
        interval_ns = self._interval_ns
        while self.senders and self._waiting:
            self.senders -= 1
            start_ns = max(self._full_ns, now_ns)
            self._full_ns = start_ns + interval_ns
            yield max(now_ns, start_ns - (self.burst - 1) * interval_ns), self._waiting.popleft()

    def answered(self) -> None:
        """A sender has its answer, or sent nothing, and is free again."""
        self.senders += 1
