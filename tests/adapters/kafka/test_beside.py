import asyncio
import threading

import pytest

from adapters.kafka.beside import Beside


def test_what_runs_beside_comes_to_its_end() -> None:
    done: list[str] = []

    async def work() -> None:
        done.append(threading.current_thread().name)

    beside = Beside("reader", work)
    beside.start()

    assert beside.wait(5.0)
    assert beside.error is None
    assert done[0].startswith("reader")
    beside.close()


def test_what_fails_beside_is_told() -> None:
    async def work() -> None:
        raise ValueError("no")

    beside = Beside("reader", work)
    beside.start()

    assert beside.wait(5.0)
    assert isinstance(beside.error, ValueError)
    beside.close()


def test_closing_cancels_what_would_go_on_for_ever() -> None:
    tidied = threading.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tidied.set()

    beside = Beside("reader", work)
    beside.start()
    assert not beside.wait(0.01)
    beside.close()

    assert tidied.is_set()
    assert beside.error is None


def test_something_can_be_done_on_its_thread() -> None:
    released = asyncio.Event()

    async def work() -> None:
        await released.wait()

    beside = Beside("reader", work)
    beside.call(lambda: pytest.fail("it has not begun"))
    beside.start()
    while not beside.wait(0.01):
        beside.call(released.set)

    beside.call(released.set)
    beside.close()
