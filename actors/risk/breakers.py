"""Breakers: counts of what should not happen often, over a window of time or of orders."""

from bisect import bisect_right

import msgspec

from contracts.quantities import Nanos


class Recent(msgspec.Struct, kw_only=True):
    """The instants of the last events in order, as many as a limit needs and one more."""

    at_ns: list[Nanos] = []

    def count(self, now_ns: Nanos, window_ns: Nanos, most: int) -> int:
        """Add one event now; how many lie within the window, counted to one above the most that may be."""
        self.at_ns.append(now_ns)
        past = bisect_right(self.at_ns, now_ns - window_ns)
        del self.at_ns[: max(past, len(self.at_ns) - most - 1)]
        return len(self.at_ns)


class Verdicts(msgspec.Struct, kw_only=True):
    """What the venue said to the last orders: accepted or not, and how many refusals in a row."""

    accepted: list[bool] = []
    in_row: int = 0

    def add(self, accepted: bool, window: int) -> None:
        """One more answer; only the last `window` are kept."""
        self.accepted.append(accepted)
        del self.accepted[:-window]
        self.in_row = 0 if accepted else self.in_row + 1

    def tripped(self, in_row_max: int, ratio_max: float, window: int) -> str:
        """Why new orders must stop, with both numbers; empty when they need not. A ratio needs a full window."""
        if self.in_row > in_row_max:
            return f"{self.in_row} orders in a row rejected, at most {in_row_max}"
        rejected = self.accepted.count(False)
        if len(self.accepted) == window and not rejected <= ratio_max * window:
            return f"{rejected} of the last {window} orders rejected, at most {ratio_max:.0%}"
        return ""
