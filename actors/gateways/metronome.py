"""The metronome carries in the passing of time: beats on the UTC grid of the cadence.

At each multiple of `decide_s` it admits `Beat("signal")` and at once `Beat("decide")`, with nothing between them; at
each whole second, after those, `Beat("second")`: orders are looked after every second, however often is decided. After
a stall the missed beats are skipped, never made up for: a burst
of decisions on one and the same market would be worse than none. A beat's number counts its grid (decisions, or
seconds) from the first beat of the process, so a hole in the numbers says how many were skipped. A clock that was set
back is followed on its new grid, and the numbers go on from where they were.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar

import msgspec

from actors.settings import more_than_zero
from contracts.life import Beat, BeatKind, Stopping
from contracts.ports import Clock
from contracts.quantities import SECOND_NS, Nanos, Seconds, nanos
from runtime.actor import Admit, Gateway, Inbox

Ready = Callable[[], Awaitable[object]]


class CadenceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often decisions are made.

    Raises:
        ValueError: a period that is not positive.
    """

    decide_s: Seconds

    def __post_init__(self) -> None:
        more_than_zero("cadence", decide_s=self.decide_s)


class Metronome(Gateway):
    """Beats from the moment `ready` returns (the history was admitted) until cancelled.

    Once the process is ending nothing is decided any more, unless it ends flat: an order on the last second, even one
    that reduces, would only be another one to be cancelled.
    """

    role = "metronome"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (Stopping,)

    def __init__(self, clock: Clock, settings: CadenceSettings, ready: Ready) -> None:
        self._clock = clock
        self._decide_ns = nanos(settings.decide_s)
        self._ready = ready
        self._deciding = True
        self._numbers: dict[BeatKind, int] = {"signal": 0, "decide": 0, "second": 0}

    async def run(self, inbox: Inbox, admit: Admit) -> None:
        await self._ready()
        start_ns = past_ns = self._clock.now()
        while True:
            due_ns = next_beat(past_ns, self._decide_ns)
            await self._clock.sleep_until(due_ns)
            self._deciding = self._deciding and all(each.payload.policy == "flatten" for each in inbox.unread())
            for kind in kinds_at(due_ns, self._decide_ns):
                if not (self._deciding or kind == "second"):
                    continue
                step_ns = SECOND_NS if kind == "second" else self._decide_ns
                self._numbers[kind] = max(self._numbers[kind] + 1, due_ns // step_ns - start_ns // step_ns)
                admit(Beat(kind=kind, number=self._numbers[kind]))
            past_ns = last_beat(due_ns, self._clock.now())


def last_beat(due_ns: Nanos, now_ns: Nanos) -> Nanos:
    """From where the next beat is looked for: now, but never the beat that was just admitted again.

    A clock that was set back is followed: waiting until it has caught up would leave open orders unattended meanwhile.
    """
    return due_ns if due_ns - SECOND_NS < now_ns < due_ns else now_ns


def next_beat(past_ns: Nanos, decide_ns: Nanos) -> Nanos:
    """The first beat after a time: the next whole second or the next decision, whichever comes first."""
    second = (past_ns // SECOND_NS + 1) * SECOND_NS
    decision = (past_ns // decide_ns + 1) * decide_ns
    return min(second, decision)


def kinds_at(due_ns: Nanos, decide_ns: Nanos) -> tuple[BeatKind, ...]:
    """What is beaten at a time of the grid; belief and decision come before the second that looks after them."""
    decision: tuple[BeatKind, ...] = () if due_ns % decide_ns else ("signal", "decide")
    second: tuple[BeatKind, ...] = () if due_ns % SECOND_NS else ("second",)
    return decision + second
