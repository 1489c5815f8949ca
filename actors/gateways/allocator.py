"""The allocator: has the gate's questions solved in a process of their own, and says the plans that come of them.

It may fail all day; the gate goes on with its own sizes, and forgets a question that got no answer. Only the newest
question is of interest: those that waited behind a slow one are let go.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from contracts import codec
from contracts.column import floats
from contracts.decision import AllocationAsked, AllocationPlan
from contracts.envelope import Envelope
from contracts.ports import Workers, WorkFailed
from contracts.quantities import Seconds
from runtime.actor import Admit, Gateway, Inbox

ALLOCATE: Final = "allocate"


class _Solved(msgspec.Struct, frozen=True):
    """What is read of the answer: the notionals to hold, signed, in the order of the question's symbols."""

    notional: list[float]
    edge: float
    cvar: float
    shadow_price: float
    reason: str


class Allocator(Gateway):
    """Solves one question at a time; a worker that takes longer than `solve_s_max` is ended."""

    role = "allocator"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (AllocationAsked,)

    def __init__(self, workers: Workers, solve_s_max: Seconds) -> None:
        self._workers = workers
        self._solve_s_max = solve_s_max
        self.let_go = 0

    async def run(self, inbox: Inbox, admit: Admit) -> None:
        """Serve until cancelled; raises WorkFailed where a question got no answer."""
        async for envelope in inbox:
            newest: Envelope[AllocationAsked] = envelope
            for unread in inbox.unread():
                newest, self.let_go = unread, self.let_go + 1
            admit(await self._plan(newest))

    async def _plan(self, envelope: Envelope[AllocationAsked]) -> AllocationPlan:
        asked = envelope.payload
        answer = await self._workers.run(ALLOCATE, (), data=[codec.encode(asked)], timeout_s=self._solve_s_max)
        try:
            solved = msgspec.json.decode(answer, type=_Solved)
        except msgspec.DecodeError as error:
            raise WorkFailed(f"{ALLOCATE} answered {answer[:80]!r}, expected a plan") from error
        return AllocationPlan(
            decision=asked.decision,
            universe=asked.universe,
            symbols=asked.symbols,
            notional=floats(solved.notional),
            edge=solved.edge,
            cvar=solved.cvar,
            shadow_price=solved.shadow_price,
            reason=solved.reason,
            asked_seq=envelope.seq,
        )
