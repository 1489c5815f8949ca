"""The life of the process itself: starts, beats, crashes, restarts, clock steps, the end."""

from typing import Final, Literal

import msgspec

from contracts.quantities import Nanos


class RunStarted(msgspec.Struct, frozen=True, kw_only=True):
    """One process took up a run; a restart continues it with the next `epoch`.

    `account_epoch` fences the account: it grows with every process that ever opened it and is part of order ids.
    `fingerprint` names the processor's features, libraries and their versions; `code` is a digest of the sources.
    """

    run: str
    epoch: int
    account: str
    account_epoch: int
    profile: str
    profile_digest: str
    code: str
    seed: int
    fingerprint: dict[str, str]


BeatKind = Literal["signal", "decide", "second"]
BEAT_KINDS: Final[tuple[BeatKind, ...]] = ("signal", "decide", "second")


class Beat(msgspec.Struct, frozen=True, gc=False):
    """The passing of time. `signal`: believe; `decide`: decide; `second`: look after orders, ages and limits."""

    kind: BeatKind
    number: int


class ActorFailed(msgspec.Struct, frozen=True, kw_only=True):
    """An actor crashed on message `input_seq`; it is rebuilt not before `retry_ns`, or never when `spent`."""

    actor: str
    group: str
    error: str
    input_seq: int
    failures: int
    retry_ns: Nanos
    spent: bool


class ActorRestarted(msgspec.Struct, frozen=True):
    """An actor was built again and refolded over `inputs` messages."""

    actor: str
    inputs: int
    skipped: tuple[int, ...]


class GatewayFailed(msgspec.Struct, frozen=True):
    """A gateway's task ended by itself; `spent` when it is not restarted again."""

    gateway: str
    group: str
    error: str
    failures: int
    spent: bool


class Poisoned(msgspec.Struct, frozen=True):
    """Message `seq` killed the process twice and was skipped by every actor."""

    seq: int
    deaths: int


class ClockStepped(msgspec.Struct, frozen=True):
    """The clock went backwards by `back_ns` and was held."""

    back_ns: Nanos


StopPolicy = Literal["keep", "cancel", "flatten"]


class Stopping(msgspec.Struct, frozen=True):
    """The process was asked to end: no new risk from here on, then `policy` for what is open."""

    policy: StopPolicy
    reason: str


class RunStopped(msgspec.Struct, frozen=True):
    """The process ends in order and seals the journal."""

    reason: str
    exit_code: int


class LoopStalled(msgspec.Struct, frozen=True):
    """The event loop did not turn for `lag_s`; order entry is closed while it lags."""

    lag_s: float
