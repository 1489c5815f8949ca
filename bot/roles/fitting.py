"""What a role adds to a daemon: another outside, a claim on its account, and something beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.opening import OpenRun
from bot.worlds import World
from contracts.stream import StreamPosition
from contracts.trade import Order


def _nothing_against(order: Order) -> str:
    return ""


def _from_the_start(opened: OpenRun) -> StreamPosition | None:
    return None


def _nobody(opened: OpenRun) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Fitting:
    """One process in its role; the defaults are those of a book in one process.

    `world_of` makes the outside of a run from its directory; None takes the profile's own. `epoch_min` is what the
    account's epoch is at least, `barred` says why an order may not leave, `position` where a run goes on in its stream,
    `opened` is told once the run is open and its first message is on record; `over` says why the run must end, asked
    all the time.
    """

    world_of: Callable[[Path], World] | None = None
    epoch_min: int = 0
    barred: Callable[[Order], str] = _nothing_against
    position: Callable[[OpenRun], StreamPosition | None] = _from_the_start
    opened: Callable[[OpenRun], None] = _nobody
    over: Callable[[], str] | None = None


ALONE = Fitting()
