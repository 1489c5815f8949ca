"""Whether a stream may be believed now, in the words of the feeds that it carries.

What a desk knows of a feed it knows through the stream: while that is silent, or behind, or ahead of the clock, every
feed is stale whatever it said last. When the stream is back the feeds are again what they said themselves.
"""

import msgspec

from contracts.market import FeedStatus
from contracts.quantities import Nanos, nanos, seconds


class StreamHealth:
    """Away until a message proves otherwise; `word` gives what is to be admitted where the judgement has changed."""

    def __init__(self, silence_s_max: float, lag_s_max: float) -> None:
        self.away = "nothing of the stream was heard yet"
        self.times_away = 0
        self.lag_ns: Nanos = 0
        self._silence_ns = nanos(silence_s_max)
        self._lag_ns = nanos(lag_s_max)
        self._heard_ns: Nanos = 0
        self._feeds: dict[str, dict[str, FeedStatus]] = {}

    def learn(self, status: FeedStatus) -> tuple[FeedStatus, ...]:
        """A feed has changed its state; what may be said of that now."""
        self.remember(status)
        return (self._doubted(status),) if self.away else (status,)

    def remember(self, status: FeedStatus) -> None:
        """What a feed was, by a part of the stream that was admitted before: it is said when the stream is believed."""
        known = self._feeds.setdefault(status.feed, {})
        for symbol in status.symbols or ("",):
            known[symbol] = status

    def hear(self, said_ns: Nanos, now_ns: Nanos) -> tuple[FeedStatus, ...]:
        """A message that was said at one time is let in at another."""
        self._heard_ns = now_ns
        lag_ns = self.lag_ns = now_ns - said_ns
        if lag_ns > self._lag_ns:
            return self._go(f"the stream is {seconds(lag_ns):.1f} s behind")
        if -lag_ns > self._lag_ns:
            return self._go(f"the clock of the ingest is {seconds(-lag_ns):.1f} s ahead")
        if not self.away:
            return ()
        self.away = ""
        return tuple(self._as_said())

    def look(self, now_ns: Nanos) -> tuple[FeedStatus, ...]:
        """Nothing came; is that too long?"""
        silent_ns = now_ns - self._heard_ns
        if self.away or not self._heard_ns or silent_ns <= self._silence_ns:
            return ()
        return self._go(f"nothing of the stream for {seconds(silent_ns):.1f} s")

    def end(self, why: str) -> tuple[FeedStatus, ...]:
        """The ingest has said that it ends."""
        return self._go(why)

    def _go(self, why: str) -> tuple[FeedStatus, ...]:
        first, self.away = not self.away, why
        if not first:
            return ()
        self.times_away += 1
        return tuple(self._doubted(status) for status in self._distinct())

    def _doubted(self, status: FeedStatus) -> FeedStatus:
        if status.state in ("down", "gap"):
            return status
        return msgspec.structs.replace(status, state="stale", detail=self.away)

    def _as_said(self) -> list[FeedStatus]:
        return [msgspec.structs.replace(each, detail=f"the stream is back: {each.detail}") for each in self._distinct()]

    def _distinct(self) -> list[FeedStatus]:
        """The last word about each symbol, one status for all of which the same was said."""
        found: list[FeedStatus] = []
        for known in self._feeds.values():
            grouped: dict[tuple[str, int], list[str]] = {}
            last: dict[tuple[str, int], FeedStatus] = {}
            for symbol, status in known.items():
                grouped.setdefault((status.state, status.epoch), []).append(symbol)
                last[(status.state, status.epoch)] = status
            for key, symbols in grouped.items():
                named = tuple(symbol for symbol in symbols if symbol)
                found.append(msgspec.structs.replace(last[key], symbols=named))
        return found
