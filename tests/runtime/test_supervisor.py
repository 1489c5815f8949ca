import asyncio
import gc
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from contracts.life import GatewayFailed
from runtime.restarts import Budget
from runtime.seeds import Seeds
from runtime.simloop import run_virtual
from runtime.supervisor import TASK_GUARDS, CoroutineFactory, Guard, OnFailure, Supervisor
from tests.kit.virtual_time import on_every_loop, turns


class Reports(list[GatewayFailed]):
    """What a supervisor reported."""

    def hear(self, failure: GatewayFailed, error: BaseException | None) -> None:
        self.append(failure)


def unheard(failure: GatewayFailed, error: BaseException | None) -> None:
    """A test that does not look at the reports."""


def a_supervisor(heard: OnFailure = unheard, **guards: Guard) -> Supervisor:
    return Supervisor(chance=Seeds(1).generator("backoff"), on_failure=heard, guards={**TASK_GUARDS, **guards})


def a_guard(failures_max: int = 1_000_000) -> Guard:
    return Guard(budget=Budget(failures_max=failures_max, period_s=60, backoff_s=0.01, backoff_s_max=0.01))


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def crash() -> None:
    raise ValueError("no such thing")


async def returns() -> None:
    await asyncio.sleep(0)


@on_every_loop
async def test_raising_and_returning_are_failures_and_the_task_is_built_again():
    reports = Reports()
    supervisor = a_supervisor(reports.hear, quick=a_guard())
    lives = itertools.count(1)
    third = asyncio.Event()

    async def live() -> None:
        match next(lives):
            case 1:
                await crash()
            case 2:
                await returns()
            case _:
                third.set()
                await forever()

    supervisor.spawn("tape", live, "quick")
    await third.wait()
    assert [(f.gateway, f.group, f.error, f.failures, f.spent) for f in reports] == [
        ("tape", "quick", "ValueError: no such thing", 1, False),
        ("tape", "quick", "returned", 2, False),
    ]
    assert (supervisor.running, supervisor.missing, supervisor.failures) == (("tape",), (), {"tape": 2})
    assert await supervisor.shutdown(1) == ()


async def test_a_crash_storm_spends_the_budget_and_the_siblings_go_on():
    reports = Reports()
    supervisor = a_supervisor(reports.hear)
    supervisor.spawn("sibling", forever, "feeds")
    supervisor.spawn("storm", crash, "feeds")
    await asyncio.sleep(300)
    assert [f.spent for f in reports] == [False] * 5 + [True]
    assert (supervisor.running, supervisor.missing) == (("sibling",), ("storm",))
    assert asyncio.get_running_loop().time() == 300
    assert await supervisor.shutdown(1) == ()


async def test_crashes_that_are_far_apart_never_spend_the_budget():
    reports = Reports()
    supervisor = a_supervisor(reports.hear)

    async def crash_every_100_s() -> None:
        await asyncio.sleep(100)
        await crash()

    supervisor.spawn("slow", crash_every_100_s, "orders")
    await asyncio.sleep(86_400)
    assert len(reports) > 800
    assert not any(f.spent for f in reports)
    await supervisor.shutdown(1)


async def test_a_mirror_may_fail_all_day_at_a_slow_pace():
    reports = Reports()
    supervisor = a_supervisor(reports.hear)
    supervisor.spawn("mirror", crash, "mirrors")
    await asyncio.sleep(86_400)
    assert 86_400 / 450 < len(reports) < 86_400 / 150 + 20
    assert supervisor.running == ("mirror",)
    await supervisor.shutdown(1)


@pytest.mark.parametrize("group", ["metronome", "control"])
async def test_the_metronome_and_the_control_end_the_process_by_one_failure(group):
    supervisor = a_supervisor()
    supervisor.spawn("beat", crash, group)
    failure = await supervisor.gave_up()
    assert (failure.gateway, failure.group, failure.spent) == ("beat", group, True)


async def test_a_spent_budget_of_a_feed_does_not_end_the_process():
    supervisor = a_supervisor()
    supervisor.spawn("storm", crash, "feeds")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3600):
            await supervisor.gave_up()


async def test_when_nobody_can_be_told_of_a_failure_the_process_ends():
    def deaf(failure: GatewayFailed, error: BaseException | None) -> None:
        raise OSError("disk full")

    supervisor = a_supervisor(deaf)
    supervisor.spawn("tape", crash, "feeds")
    failure = await supervisor.gave_up()
    assert failure.error == "ValueError: no such thing; nobody could be told: OSError: disk full"
    assert failure.spent
    await supervisor.shutdown(1)


async def test_a_cancellation_nobody_asked_for_is_a_failure_like_any_other():
    reports = Reports()
    supervisor = a_supervisor(reports.hear, quick=a_guard())

    async def awaits_what_another_cancelled() -> None:
        gone = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone

    supervisor.spawn("stray", awaits_what_another_cancelled, "quick")
    await turns(3)
    assert [f.error for f in reports] == ["CancelledError"]
    assert supervisor.running == ("stray",)
    await supervisor.shutdown(1)


async def test_a_coroutine_that_swallows_its_cancellation_is_not_restarted():
    reports = Reports()
    supervisor = a_supervisor(reports.hear)
    lives: list[int] = []

    async def swallows() -> None:
        lives.append(1)
        try:
            await forever()
        except asyncio.CancelledError:
            return

    supervisor.spawn("stubborn", swallows, "feeds")
    await turns(2)
    assert await supervisor.shutdown(1) == ()
    assert (len(lives), list(reports), supervisor.running) == (1, [], ())


@on_every_loop
async def test_a_task_that_hangs_at_shutdown_is_named_and_the_wait_is_bounded():
    supervisor = a_supervisor()
    released = asyncio.Event()

    async def hangs() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    supervisor.spawn("deaf one", hangs, "feeds")
    supervisor.spawn("good one", forever, "feeds")
    await turns(2)
    async with asyncio.timeout(0.5):
        assert await supervisor.shutdown(0.1) == ("deaf one",)
    released.set()
    await turns(4)
    assert supervisor.running == ()


async def test_the_wait_at_shutdown_is_as_long_as_was_allowed():
    supervisor = a_supervisor()

    async def deaf() -> None:
        for _ in range(100):
            try:
                await forever()
            except asyncio.CancelledError:
                continue

    supervisor.spawn("deaf", deaf, "feeds")
    await turns(2)
    assert await supervisor.shutdown(8) == ("deaf",)
    assert asyncio.get_running_loop().time() == 8
    for _ in range(30):
        assert await supervisor.shutdown(0) in (("deaf",), ())


async def test_what_fell_together_does_not_come_back_together():
    supervisor = a_supervisor()
    back_s: list[float] = []

    def falls_once() -> CoroutineFactory:
        lives = itertools.count()

        async def live() -> None:
            if next(lives) == 0:
                await crash()
            back_s.append(asyncio.get_running_loop().time())
            await forever()

        return live

    for number in range(10):
        supervisor.spawn(f"g{number}", falls_once(), "feeds")
    await asyncio.sleep(10)
    assert len(set(back_s)) == 10
    assert min(back_s) >= 0.25
    assert max(back_s) <= 0.75
    await supervisor.shutdown(1)


async def test_a_task_that_loses_one_cancellation_is_cancelled_again():
    supervisor = a_supervisor()

    async def loses_one() -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            await forever()

    supervisor.spawn("tape", loses_one, "feeds")
    await turns(2)
    assert await supervisor.shutdown(4) == ()


async def test_nothing_starts_once_the_end_has_begun():
    supervisor = a_supervisor()
    await supervisor.shutdown(1)
    with pytest.raises(ValueError, match="task late cannot start: the supervisor is shutting down"):
        supervisor.spawn("late", forever, "feeds")


async def test_a_name_is_given_once_and_a_group_must_be_in_the_table():
    supervisor = a_supervisor()
    supervisor.spawn("tape", forever, "feeds")
    with pytest.raises(ValueError, match="task tape cannot start: a task of that name is running"):
        supervisor.spawn("tape", forever, "feeds")
    with pytest.raises(ValueError, match="group 'feed' of task other: expected one of feeds, orders"):
        supervisor.spawn("other", forever, "feed")
    await supervisor.shutdown(1)


async def test_a_task_that_runs_once_may_return_and_its_crash_is_reported():
    reports = Reports()
    supervisor = a_supervisor(reports.hear)
    await supervisor.spawn_once("good", returns)
    await supervisor.spawn_once("bad", crash)
    assert [(f.gateway, f.group, f.spent) for f in reports] == [("bad", "once", True)]
    assert supervisor.running == ()


async def test_a_task_that_only_a_cycle_holds_is_not_collected():
    supervisor = a_supervisor()
    ended: list[str] = []

    async def waits_on_itself() -> None:
        own = asyncio.get_running_loop().create_future()
        own.add_done_callback(lambda _: own)
        try:
            await own
        finally:
            ended.append("gone")

    for number in range(20):
        supervisor.spawn(f"cycle {number}", waits_on_itself, "feeds")
    await turns(2)
    gc.collect()
    await turns(2)
    assert (len(supervisor.running), ended) == (20, [])
    await supervisor.shutdown(1)


async def test_a_guarded_task_may_end_all_the_others():
    supervisor = a_supervisor()
    said: list[tuple[str, ...]] = []

    async def ends_all() -> None:
        said.append(await supervisor.shutdown(1))

    supervisor.spawn("other", forever, "feeds")
    supervisor.spawn("ender", ends_all, "feeds")
    await asyncio.sleep(2)
    assert said == [()]
    assert supervisor.running == ()


# What gateways are made of: nested waits, timeouts, clean-up that awaits, crashes, returns, children.


async def polls_with_timeouts() -> None:
    for _ in range(3):
        try:
            async with asyncio.timeout(0.03):
                await asyncio.sleep(0.02)
                await forever()
        except TimeoutError:
            await asyncio.sleep(0)


async def cleans_up_awaiting() -> None:
    try:
        await asyncio.sleep(0.015)
        await forever()
    finally:
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)


async def crashes_while_cleaning_up() -> None:
    try:
        await asyncio.sleep(0.01)
        await forever()
    finally:
        await asyncio.sleep(0)
        raise OSError("the socket was gone")


async def has_children() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0.02))
        group.create_task(cleans_up_awaiting())


GATEWAYS: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (
    polls_with_timeouts, cleans_up_awaiting, crashes_while_cleaning_up, has_children, crash, returns
)  # fmt: skip


async def sweep(step: int, *, one: int | None) -> None:
    """Let everything run for `step` turns, some of them in time, then ask one task or all to end."""
    supervisor = a_supervisor(quick=a_guard())
    for number, gateway in enumerate(GATEWAYS):
        supervisor.spawn(f"g{number}", gateway, "quick")
    loop = asyncio.get_running_loop()
    for number in range(step):
        await asyncio.sleep(0.0005 if number % 8 == 7 else 0)
    asked_s = loop.time()
    if one is not None:
        task = supervisor._tasks[f"g{one}"]
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
        assert task.done()
        assert f"g{one}" not in supervisor.running
    assert await supervisor.shutdown(0.1) == ()
    assert loop.time() - asked_s <= 0.1
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_shutdown_at_any_turn_ends_every_task_within_bounds(seed):
    for step in range(120):
        run_virtual(sweep(step, one=None), seed=seed)


@pytest.mark.parametrize("one", range(len(GATEWAYS)))
def test_a_cancellation_of_one_task_at_any_turn_ends_it_within_bounds(one):
    for step in range(80):
        run_virtual(sweep(step, one=one), seed=step)
