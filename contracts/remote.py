"""What agents of other processes say: the record they write, the frame that is admitted, and what was refused.

An agent elsewhere writes `RemoteSignal`s, one JSON object each, to the inbound topic. The gateway admits what is in
order as a `RemoteFrame`, which is journaled whole, so that a replay asks nobody outside.
"""

from typing import Final, Literal

import msgspec

from contracts.column import Column
from contracts.quantities import Nanos, Seconds

INBOUND: Final = "agents.signals"
"""The one topic from which anything is ever taken in; the mirror writes to all others, and never to this one."""

RemoteNewsKind = Literal["connected", "lost", "refused"]
RefusedReason = Literal[
    "too_large", "malformed", "unknown_agent", "unknown_symbol", "bad_number", "absurd", "horizon", "future",
    "too_old", "rate", "duplicate",
]  # fmt: skip


class RemoteSignal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The row view that comes in: one belief of an agent elsewhere about one instrument, as it writes it.

    `mu` and `sigma` are mean and deviation of the log return over `horizon_s`; `confidence` in [0, 1] is how fresh and
    whole the evidence was; `score` in [-3, 3] is the standardised evidence behind mu, made from both where it is left
    out. `said_ns` is the time of what it was computed from (of the features, where they were), 0 for the time stamp of
    the record. `sender` names the process and `number` rises with what it says of an instrument: by them a second copy
    is known, and without a number none is. `based_on` is the seq of the features.
    """

    agent: str
    symbol: str
    mu: float
    sigma: float
    horizon_s: Seconds
    confidence: float = 1.0
    score: float | None = None
    said_ns: Nanos = 0
    sender: str = ""
    number: int = 0
    based_on: int = 0


class RemoteFrame(msgspec.Struct, frozen=True, gc=False):
    """What an agent elsewhere has said since the last frame: columns over the universe, absent where it said nothing.

    Absent is NaN, and 0 in `said_ns` (int64) and `heard_seq` (int64), which hold when each belief was formed and the
    seq it names as its features. `score` is NaN where none was given. `sender` is who said the last of it.
    """

    agent: str
    universe: int
    horizon_s: Seconds
    mu: Column
    sigma: Column
    confidence: Column
    score: Column
    said_ns: Column
    heard_seq: Column
    sender: str


class RemoteNews(msgspec.Struct, frozen=True):
    """The inbound topic was found or lost, or records of it were refused: how many since the last news, and one."""

    kind: RemoteNewsKind
    reason: str
    count: int
    sample: str


class RemoteDoubted(msgspec.Struct, frozen=True):
    """The instruments of which an agent's deviation is so far from plain volatility that it is not listened to."""

    agent: str
    symbols: tuple[str, ...]
    based_on: tuple[int, ...]
