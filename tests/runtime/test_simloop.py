import asyncio
import itertools
import os
import signal
import socket
import threading

import pytest

from runtime.simloop import Deadlock, SimLoop, TimeLimit, run_virtual
from tests.kit.virtual_time import on_a_real_loop, turns


async def three_rounds_of(count: int) -> list[int]:
    said: list[int] = []

    async def worker(number: int) -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            said.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(worker(number))
    return said


async def test_asynchronous_tests_run_in_virtual_time():
    await asyncio.sleep(86_400)
    assert asyncio.get_running_loop().time() == 86_400.0


@on_a_real_loop
async def test_a_test_may_ask_for_a_real_loop():
    assert not isinstance(asyncio.get_running_loop(), SimLoop)


def test_a_year_of_hours_is_over_at_once_and_exactly():
    async def year() -> float:
        for hour in range(365 * 24):
            assert asyncio.get_running_loop().time() == hour * 3600.0
            await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run_virtual(year(), limit_s=400 * 86_400.0) == 365 * 86_400.0


def test_of_timers_due_at_one_time_the_one_set_first_comes_first():
    assert run_virtual(three_rounds_of(20)) == list(range(20)) * 3


def test_a_seed_draws_an_order_and_draws_it_again():
    runs = {seed: run_virtual(three_rounds_of(20), seed=seed) for seed in range(5)}
    assert {seed: run_virtual(three_rounds_of(20), seed=seed) for seed in range(5)} == runs
    assert len({tuple(run) for run in runs.values()}) == 5


def test_a_race_that_the_plain_order_hides_is_found_by_a_seed():
    async def race() -> bool:
        ready: list[int] = []

        async def producer() -> None:
            await asyncio.sleep(1)
            ready.append(1)

        async def consumer() -> bool:
            await asyncio.sleep(1)
            return bool(ready)

        _, saw = asyncio.create_task(producer(), name="p"), asyncio.create_task(consumer(), name="c")
        return await saw

    assert run_virtual(race())
    assert not all(run_virtual(race(), seed=seed) for seed in range(20))


def test_a_deadlock_names_the_tasks_and_where_they_stand():
    async def waits_for_ever() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        stuck = asyncio.create_task(waits_for_ever(), name="the stuck one")
        await stuck

    with pytest.raises(Deadlock, match=r"at 0\.0 s; waiting: .*the stuck one at .*waits_for_ever"):
        run_virtual(main())


def test_the_time_limit_ends_what_would_go_on_for_ever():
    async def metronome() -> None:
        for beat in itertools.count():
            await asyncio.sleep(1 + beat % 2)

    with pytest.raises(TimeLimit, match=r"60 virtual seconds allowed are over; still there: Task-\d+ at .*metronome"):
        run_virtual(metronome(), limit_s=60)


def test_a_timer_at_the_very_limit_still_fires():
    assert run_virtual(asyncio.sleep(60, "woken"), limit_s=60) == "woken"


def test_an_executor_job_runs_in_place_and_its_error_reaches_who_awaits_it():
    async def main() -> int:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(threading.get_ident)

    assert run_virtual(main()) == threading.get_ident()


def test_real_sockets_work_and_are_heard_while_timers_jump():
    async def talk() -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            said = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return said

    assert run_virtual(talk()) == b"HELLO\n"


def test_a_signal_is_heard_while_the_loop_is_busy():
    async def main() -> None:
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, heard.set)
        os.kill(os.getpid(), signal.SIGUSR1)
        await turns(1_000)
        assert heard.is_set()

    run_virtual(main())


def test_who_waits_for_a_real_socket_and_for_nothing_else_is_not_called_dead():
    async def main() -> bytes:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            answering = threading.Timer(0.03, theirs.send, (b"late",))
            answering.start()
            said = await asyncio.get_running_loop().sock_recv(ours, 9)
            answering.join()
            return said

    assert run_virtual(main()) == b"late"


async def test_cancelled_timers_do_not_pile_up():
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    loop.call_later(1, print)
    for _ in range(10_000):
        async with asyncio.timeout(3600):
            await asyncio.sleep(0)
    assert len(loop._timers) < 200


def test_what_was_left_behind_is_cancelled():
    ended: list[str] = []
    left: list[asyncio.Task[None]] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(10**6)
        finally:
            ended.append("cancelled")

    async def main() -> None:
        left.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)

    run_virtual(main())
    assert ended == ["cancelled"]


def test_a_closed_loop_takes_no_timer():
    loop = SimLoop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1, print)
