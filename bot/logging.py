"""Logs that speak on change: a tap turns what the bot says into one line each, never one per tick.

To a terminal it prints for people, elsewhere JSON lines; repeats within a minute are counted, not repeated. Text from
outside is escaped and cut, so that a venue's error cannot forge a line.
"""

import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TextIO

import msgspec
import structlog

from contracts.account import FundingBooked
from contracts.decision import Flatten, GateState, Halt, Intent, Refusal, Resume
from contracts.envelope import Envelope
from contracts.life import (
    ActorFailed,
    ActorRestarted,
    ClockStepped,
    GatewayFailed,
    LoopStalled,
    Poisoned,
    RunStarted,
    RunStopped,
)
from contracts.market import FeedStatus, UniverseChanged
from contracts.quantities import SECOND_NS
from contracts.remote import RemoteDoubted, RemoteNews
from contracts.trade import Execution, Order, OrderRejected, OrderUnknown, Reconciled, VenueStatus

REPEAT_S: Final = 60
TEXT_MAX: Final = 400
REMEMBERED_MAX: Final = 512
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_LEVELS: Final[dict[type[msgspec.Struct], int]] = {
    RunStarted: logging.INFO,
    RunStopped: logging.INFO,
    UniverseChanged: logging.INFO,
    FeedStatus: logging.INFO,
    VenueStatus: logging.INFO,
    GateState: logging.INFO,
    Order: logging.INFO,
    Execution: logging.INFO,
    FundingBooked: logging.INFO,
    Intent: logging.DEBUG,
    Refusal: logging.DEBUG,
    OrderRejected: logging.WARNING,
    OrderUnknown: logging.WARNING,
    Reconciled: logging.DEBUG,
    ActorFailed: logging.ERROR,
    ActorRestarted: logging.WARNING,
    GatewayFailed: logging.ERROR,
    LoopStalled: logging.WARNING,
    ClockStepped: logging.WARNING,
    Poisoned: logging.ERROR,
    Halt: logging.WARNING,
    Resume: logging.WARNING,
    Flatten: logging.WARNING,
    RemoteNews: logging.INFO,
    RemoteDoubted: logging.WARNING,
}


class LogTap:
    """Prints envelopes whose kind is worth a line; what an actor wants known it says. `lost` lines had no reader."""

    kinds: Final = tuple(_LEVELS)

    def __init__(self, *, verbosity: int = 0, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._least = logging.INFO - 10 * verbosity
        self._last: dict[str, tuple[int, int]] = {}
        people = self._stream.isatty()
        colours = not os.environ.get("NO_COLOR")
        renderer: Any = structlog.dev.ConsoleRenderer(colors=colours) if people else structlog.processors.JSONRenderer()
        self.lost = 0
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(self._stream),
            processors=[structlog.processors.add_log_level, renderer],
            wrapper_class=structlog.make_filtering_bound_logger(max(logging.DEBUG, self._least)),
        )

    def __call__(self, envelope: Envelope[Any]) -> None:
        """Print one envelope, or count it as a repeat of the last line about the same."""
        level = _LEVELS[type(envelope.payload)]
        if level < self._least:
            return
        fields = {name: printable(value) for name, value in _fields(envelope.payload).items()}
        kind = type(envelope.payload).__name__
        repeats = self._repeats(f"{kind}{sorted(fields.items())}", envelope.at_ns)
        if repeats is None:
            return
        if repeats:
            fields["repeated"] = repeats
        try:
            self._log.log(level, kind, seq=envelope.seq, at=utc(envelope.at_ns), source=envelope.source, **fields)
        except OSError:
            # Whoever read the log went away, or its disk is full; the daemon trades on, and the journal has it all.
            self.lost += 1

    def _repeats(self, line: str, at_ns: int) -> int | None:
        """How often the line was held back before this one; None to hold this one back too."""
        since, count = self._last.get(line, (0, 0))
        if since and at_ns - since < REPEAT_S * SECOND_NS:
            self._last[line] = (since, count + 1)
            return None
        if len(self._last) >= REMEMBERED_MAX:
            self._last.pop(next(iter(self._last)))
        self._last[line] = (at_ns, 0)
        return count


def _fields(payload: msgspec.Struct) -> dict[str, Any]:
    """What is worth a line: of a universe its symbols, of a start no fingerprint; the journal has the rest."""
    if isinstance(payload, UniverseChanged):
        return {"version": payload.universe.version, "symbols": payload.universe.symbols}
    fields = msgspec.structs.asdict(payload)
    fields.pop("fingerprint", None)
    return fields


def printable(value: object) -> Any:
    """A value as one short, escaped piece of text; numbers and flags as they are."""
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, tuple | list):
        return [printable(each) for each in value[:16]]
    if isinstance(value, msgspec.Struct):
        return {name: printable(each) for name, each in msgspec.structs.asdict(value).items()}
    text = str(value)
    escaped = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= TEXT_MAX else escaped[:TEXT_MAX] + "…"


def utc(at_ns: int) -> str:
    """Nanoseconds as ISO text in UTC, milliseconds shown."""
    moment = _EPOCH + timedelta(microseconds=at_ns // 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
