"""How much is taken in from agents elsewhere, how often the source is tried again, and what became of it all."""

import msgspec

from actors.settings import at_least, more_than_zero
from contracts.quantities import Nanos, Seconds


class RemoteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of what comes in.

    `records_s_max` is how many records a second are looked at in all, so that a flood costs the loop a tenth of its
    time and no more; `rows_s_max` how many beliefs of one agent are taken, with `rows_burst` at once. Clocks may differ
    by `ahead_s_max`. A source that is lost is tried again after `retry_s`, then twice as long each time, up to
    `retry_s_max`. Refusals are told at once, then at most every `news_s` for each reason.

    Raises:
        ValueError: a number that is not positive, or a longest delay below the shortest.
    """

    records_s_max: float = 10_000.0
    rows_s_max: float = 1_000.0
    rows_burst: int = 2_000
    ahead_s_max: Seconds = 1.0
    retry_s: Seconds = 1.0
    retry_s_max: Seconds = 60.0
    news_s: Seconds = 60.0

    def __post_init__(self) -> None:
        more_than_zero(
            "remote",
            records_s_max=self.records_s_max,
            rows_s_max=self.rows_s_max,
            rows_burst=self.rows_burst,
            ahead_s_max=self.ahead_s_max,
            retry_s=self.retry_s,
            news_s=self.news_s,
        )
        at_least("remote", self.retry_s, retry_s_max=self.retry_s_max)


class RemoteCounts(msgspec.Struct, kw_only=True):
    """Counters since the start of the process; they outlive restarts of the gateway.

    `taken` are beliefs by agent, `refused` records by reason, `newest_ns` when each agent last believed something.
    """

    connected: bool = False
    connections: int = 0
    lost: int = 0
    taken: dict[str, int] = {}
    refused: dict[str, int] = {}
    newest_ns: dict[str, Nanos] = {}
