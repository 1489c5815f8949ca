"""The allocator: one question at a time, the newest, and an answer that is none is a failure with a reason."""

import asyncio
import json

import msgspec
import numpy as np
import pytest

from actors.gateways.allocator import ALLOCATE, Allocator
from contracts import codec
from contracts.column import floats
from contracts.decision import AllocationAsked, AllocationPlan
from contracts.envelope import Envelope
from contracts.ports import WorkFailed
from runtime.outlet import Outlet

ASKED = AllocationAsked(
    decision=4,
    universe=1,
    symbols=("BTC-EUR", "ETH-EUR"),
    sides=("buy", "sell"),
    position=floats([10.0, 0.0]),
    room=floats([50.0, 60.0]),
    edge=floats([0.01, 0.02]),
    unit_losses=floats(np.full((200, 2), 0.01)),
    held=floats(np.zeros(200)),
    budget=5.0,
    gross_max=400.0,
    alpha=0.95,
    based_on=(1,),
)
ANSWER = {"notional": [60.0, -60.0], "edge": 1.7, "cvar": 1.1, "shadow_price": 0.0, "reason": ""}


class Workers:
    """Answers in order, a second each; an exception is raised."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, tuple[str, ...], bytes, float]] = []

    async def run(self, work, arguments, *, data=(), timeout_s):
        self.asked.append((work, arguments, b"".join(data), timeout_s))
        await asyncio.sleep(1.0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, str) else json.dumps(answer)


async def served(workers: Workers, *questions: AllocationAsked, seconds: float = 30.0) -> list[AllocationPlan]:
    """The plans admitted for questions that waited together, numbered from 11."""
    inbox, heard = Outlet("allocator", 64), []
    for number, asked in enumerate(questions):
        inbox.offer(Envelope(11 + number, 1, 0, 0, "risk", asked))
    try:
        async with asyncio.timeout(seconds):
            await Allocator(workers, 20.0).run(inbox, heard.append)
    except TimeoutError:
        return heard
    raise AssertionError("a gateway serves until it is cancelled")


async def test_a_question_is_handed_to_a_worker_as_it_was_said_and_answered_with_its_names():
    workers = Workers(ANSWER)
    assert await served(workers, ASKED) == [
        AllocationPlan(
            decision=4, universe=1, symbols=("BTC-EUR", "ETH-EUR"), notional=floats([60.0, -60.0]), edge=1.7, cvar=1.1,
            shadow_price=0.0, reason="", asked_seq=11,
        )
    ]  # fmt: skip
    assert workers.asked == [(ALLOCATE, (), codec.encode(ASKED), 20.0)]


async def test_of_questions_that_waited_together_only_the_newest_is_answered():
    newer = msgspec.structs.replace(ASKED, decision=5)
    plans = await served(Workers(ANSWER), ASKED, newer)
    assert [(plan.decision, plan.asked_seq) for plan in plans] == [(5, 12)]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (WorkFailed("allocate failed with code 1"), "failed with code 1"),
        ("no numbers", "answered 'no numbers', expected a plan"),
        ('{"notional": [null, 1.0], "edge": 0, "cvar": 0, "shadow_price": 0, "reason": ""}', "expected a plan"),
        ("{}", "expected a plan"),
    ],
)
async def test_an_answer_that_is_none_is_a_failure_with_its_reason(answer, complaint):
    with pytest.raises(WorkFailed, match=complaint):
        await served(Workers(answer), ASKED)
