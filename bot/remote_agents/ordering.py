"""Messages of several topics in the order in which they were said, though each partition comes at its own pace."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from adapters.kafka.reading import Heard
from contracts.belief import FeatureFrame
from contracts.market import MarkFrame
from contracts.quantities import SECOND_NS, Nanos

PATIENCE_NS: Final = SECOND_NS
WAITING_MAX: Final = 4096
SEEN_MAX: Final = 16_384
FEATURES, MARKS = FeatureFrame.__name__, MarkFrame.__name__
LATE_IS_LATE: Final = (FEATURES, MARKS)
"""What is worth nothing after later features went out; the rest is told whenever it comes."""


class Ordering:
    """Holds messages of one run until features come, then gives all that was said up to them, in order.

    Features wait for the marks of their turn, at most a second. A run that began later takes the place of the one
    before, of which nothing is given any more. Laws: a message is given once; of one run features and marks come in the
    order of `seq`. `lost` messages came too late or found no room.
    """

    def __init__(self) -> None:
        self.run = ""
        self.lost = 0
        self._newest_ns: Nanos = 0
        self._begin("")

    def _begin(self, run: str) -> None:
        self.run = run
        self._done_seq = 0
        self._waiting: dict[int, Heard] = {}
        self._marked: OrderedDict[int, None] = OrderedDict()
        self._features: OrderedDict[int, tuple[int, Nanos]] = OrderedDict()
        self._seen: OrderedDict[int, None] = OrderedDict()

    def add(self, heard: Heard, now_ns: Nanos) -> tuple[Heard, ...]:
        """Take one message; returns what may be told now."""
        if heard.run != self.run:
            if heard.at_ns <= self._newest_ns:
                self.lost += 1
                return ()
            self._begin(heard.run)
        self._newest_ns = max(self._newest_ns, heard.at_ns)
        if not _remember(self._seen, heard.seq, SEEN_MAX):
            return ()
        if heard.seq <= self._done_seq:
            if heard.type in LATE_IS_LATE:
                self.lost += 1
                return ()
            return (heard,)
        self._keep(heard, now_ns)
        return tuple(self._ready(now_ns))

    def _keep(self, heard: Heard, now_ns: Nanos) -> None:
        self._waiting[heard.seq] = heard
        if heard.type == MARKS:
            _remember(self._marked, heard.turn, WAITING_MAX)
        elif heard.type == FEATURES:
            self._features[heard.seq] = (heard.turn, now_ns)
        if len(self._waiting) > WAITING_MAX:
            oldest = min(self._waiting)
            del self._waiting[oldest]
            self._features.pop(oldest, None)
            self.lost += 1

    def _ready(self, now_ns: Nanos) -> Iterator[Heard]:
        due = [
            seq
            for seq, (turn, since_ns) in self._features.items()
            if turn in self._marked or now_ns - since_ns >= PATIENCE_NS
        ]
        if not due:
            return
        self._done_seq = max(due)
        for seq in sorted(seq for seq in self._waiting if seq <= self._done_seq):
            self._features.pop(seq, None)
            yield self._waiting.pop(seq)


def _remember(seen: OrderedDict[int, None], number: int, most: int) -> bool:
    """Whether the number is new; the oldest are forgotten."""
    if number in seen:
        return False
    seen[number] = None
    if len(seen) > most:
        seen.popitem(last=False)
    return True
