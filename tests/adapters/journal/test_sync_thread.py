import asyncio
import errno
import threading

import pytest

from adapters.journal.sync_thread import SyncThread

on_real_loops = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
"""A thread cannot be waited for in virtual time."""


@on_real_loops
async def test_a_sync_runs_beside_the_loop_and_is_told_in_it() -> None:
    thread = SyncThread()
    told: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    places: list[int] = []
    thread.run(lambda: places.append(threading.get_ident()), told.set_result)
    assert await told is None
    assert thread.wait() is None
    assert places != [threading.get_ident()]
    thread.close()


@on_real_loops
async def test_the_error_of_a_sync_is_told_to_the_loop_and_to_who_waits() -> None:
    thread = SyncThread()
    told: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def fail() -> None:
        raise OSError(errno.EIO, "injected")

    thread.run(fail, told.set_result)
    assert isinstance(thread.wait(), OSError)
    assert isinstance(await told, OSError)
    thread.close()


def test_before_the_first_sync_there_is_nothing_to_wait_for() -> None:
    thread = SyncThread()
    assert thread.wait() is None
    thread.close()
