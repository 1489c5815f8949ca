import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime import control
from runtime.control import (
    ANSWERS_KEPT,
    CONNECTIONS_MAX,
    REQUEST_BYTES_MAX,
    SOCKET_NAME,
    Control,
    ControlTaken,
    NoAnswer,
    NotRunning,
    Principal,
    Refused,
    Request,
    Response,
    ask,
)

OWN_UID = os.geteuid()
on_real_loops = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])


class Desk:
    """Handlers that remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def halt(self, request: Request) -> Response:
        self.asked.append(request)
        return Response(result={"halted": len(self.asked)})

    def resume(self, request: Request) -> Response:
        return Response(error="latched: 2 fills are not reconciled")

    def control(self, directory: Path) -> Control:
        return Control(directory, {"halt": self.halt, "resume": self.resume})


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop turn until something holds that other threads or the kernel bring about."""
    for _ in range(5_000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("waited for 5 s in vain")


@asynccontextmanager
async def serving(directory: Path, desk: Desk) -> AsyncIterator[Control]:
    served = desk.control(directory)
    task = asyncio.create_task(served.serve())
    await until((directory / SOCKET_NAME).exists)
    yield served
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def in_thread(function, *args, **kwargs):
    """Ask from another thread, as another process would."""
    with ThreadPoolExecutor(1) as pool:
        return await asyncio.wrap_future(pool.submit(function, *args, **kwargs))


def raw(directory: Path, sent: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        with control._reachable(directory) as path:
            client.connect(path)
        client.sendall(sent)
        return b"".join(iter(lambda: client.recv(65_536), b""))


@on_real_loops
async def test_a_verb_is_done_on_the_loop_and_carries_who_asked(tmp_path):
    desk = Desk()
    async with serving(tmp_path, desk):
        assert await in_thread(ask, tmp_path, "halt", reason="lunch") == {"halted": 1}
    assert [(r.verb, r.fields, r.principal) for r in desk.asked] == [
        ("halt", {"reason": "lunch"}, Principal(uid=OWN_UID, pid=os.getpid()))
    ]


@on_real_loops
async def test_only_the_owner_can_open_the_socket_and_it_goes_with_the_server(tmp_path):
    async with serving(tmp_path, Desk()):
        mode = (tmp_path / SOCKET_NAME).stat().st_mode
        assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    assert not (tmp_path / SOCKET_NAME).exists()
    with pytest.raises(NotRunning, match="nothing is running in"):
        ask(tmp_path, "halt")


@on_real_loops
async def test_a_refusal_and_an_unknown_verb_reach_who_asked(tmp_path):
    async with serving(tmp_path, Desk()):
        with pytest.raises(Refused, match="latched: 2 fills are not reconciled"):
            await in_thread(ask, tmp_path, "resume")
        with pytest.raises(Refused, match="verb 'launch': expected one of halt, resume"):
            await in_thread(ask, tmp_path, "launch")


@on_real_loops
async def test_a_request_sent_twice_is_answered_twice_and_done_once(tmp_path):
    desk = Desk()
    async with serving(tmp_path, desk):
        answers = [await in_thread(ask, tmp_path, "halt", request_id="r-1") for _ in range(3)]
        assert await in_thread(ask, tmp_path, "halt", request_id="r-2") == {"halted": 2}
    assert answers == [{"halted": 1}] * 3
    assert [r.id for r in desk.asked] == ["r-1", "r-2"]


def test_an_act_that_could_not_be_kept_on_record_says_so_and_may_be_tried_again(tmp_path):
    disk_full = [True, False]

    def halt(request: Request) -> Response:
        if disk_full.pop(0):
            raise OSError("no space left on the device")
        return Response(result={"halted": 1})

    served = Control(tmp_path, {"halt": halt})
    answers = [served.answer(b'{"id":"1","verb":"halt"}', Principal(0, 1)) for _ in range(2)]
    assert answers == [b'{"error":"halt failed: no space left on the device"}\n', b'{"result":{"halted":1}}\n']


def test_the_memory_of_answers_is_bounded(tmp_path):
    desk = Desk()
    served = desk.control(tmp_path)
    for number in range(ANSWERS_KEPT * 3):
        served.answer(json.dumps({"id": str(number), "verb": "halt"}).encode(), Principal(0, 1))
    assert len(served._answers) == ANSWERS_KEPT
    assert len(desk.asked) == ANSWERS_KEPT * 3


def test_who_asks_is_never_believed_from_the_request(tmp_path):
    desk = Desk()
    forged = {"id": "1", "verb": "halt", "principal": {"uid": 0, "pid": 1}}
    desk.control(tmp_path).answer(json.dumps(forged).encode(), Principal(uid=1000, pid=77))
    assert desk.asked[0].principal == Principal(uid=1000, pid=77)


@pytest.mark.parametrize("line", [b"", b"halt", b"[]", b'{"verb":"halt"}', b'{"id":1,"verb":"halt"}', b"\xff\xfe"])
def test_what_is_no_request_is_refused_by_name(tmp_path, line):
    assert b"not a request" in Desk().control(tmp_path).answer(line, Principal(0, 1))


@on_real_loops
async def test_a_request_without_end_is_cut_off(tmp_path):
    desk = Desk()
    async with serving(tmp_path, desk):
        assert b"at most 65536 bytes" in await in_thread(raw, tmp_path, b"x" * (REQUEST_BYTES_MAX + 1))
    assert desk.asked == []


@on_real_loops
async def test_a_client_that_says_nothing_is_shown_the_door(tmp_path, monkeypatch):
    monkeypatch.setattr(control, "REQUEST_S_MAX", 0.05)
    async with serving(tmp_path, Desk()):
        assert await in_thread(raw, tmp_path, b'{"id":') == b""


@on_real_loops
async def test_connections_are_bounded_and_free_again_when_closed(tmp_path):
    async with serving(tmp_path, Desk()) as served:
        silent = [socket.socket(socket.AF_UNIX) for _ in range(CONNECTIONS_MAX)]
        for client in silent:
            client.connect(str(tmp_path / SOCKET_NAME))
        await until(lambda: len(served.connections) == CONNECTIONS_MAX)
        with pytest.raises(Refused, match="more than 16 connections"):
            await in_thread(ask, tmp_path, "halt")
        for client in silent:
            client.close()
        await until(lambda: not served.connections)
        assert await in_thread(ask, tmp_path, "halt") == {"halted": 1}


@on_real_loops
async def test_other_users_are_refused(tmp_path, monkeypatch):
    desk = Desk()
    async with serving(tmp_path, desk):
        monkeypatch.setattr(control, "CREDENTIALS", ForeignCredentials())
        with pytest.raises(Refused, match=f"user 65534 may not control a process of user {OWN_UID}"):
            await in_thread(ask, tmp_path, "halt")
    assert desk.asked == []


class ForeignCredentials:
    """The kernel's word that another user asks."""

    size = control.CREDENTIALS.size

    def unpack(self, _: bytes) -> tuple[int, int, int]:
        return (4711, 65534, 65534)


@on_real_loops
async def test_a_run_directory_may_lie_deeper_than_a_socket_address_can_say(tmp_path):
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    async with serving(deep, Desk()):
        assert await in_thread(ask, deep, "halt") == {"halted": 1}


@on_real_loops
async def test_the_socket_of_a_dead_process_is_replaced_and_that_of_a_living_one_is_not(tmp_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / SOCKET_NAME))
    with pytest.raises(NotRunning):
        ask(tmp_path, "halt")
    desk = Desk()
    task = asyncio.create_task(desk.control(tmp_path).serve())
    await until(lambda: (tmp_path / SOCKET_NAME).stat().st_mode & 0o777 == 0o600)
    assert await in_thread(ask, tmp_path, "halt") == {"halted": 1}
    with pytest.raises(ControlTaken, match="another process serves the control socket"):
        await Desk().control(tmp_path).serve()
    assert await in_thread(ask, tmp_path, "halt") == {"halted": 2}
    task.cancel()
    await asyncio.wait([task])


def test_a_process_that_does_not_answer_is_told_from_one_that_is_not_there(tmp_path):
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(str(tmp_path / SOCKET_NAME))
        stuck.listen(1)
        with pytest.raises(NoAnswer, match=r"halt in .*: no answer within 0\.05 s"):
            ask(tmp_path, "halt", timeout_s=0.05)
    with pytest.raises(NotRunning):
        ask(tmp_path / "nowhere", "halt")
