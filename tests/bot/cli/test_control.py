"""The operator's verbs: to the daemon that runs, with its answer; where nothing runs, one line."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime.control import Control, Request, Response
from tests.kit.command_line import bot

VERBS = ("status", "stop", "halt", "resume", "flatten")


@contextmanager
def serving(run: Path, **answers: dict[str, Any]) -> Iterator[list[Request]]:
    """A process's control socket in that run, on a thread; says `answers` and keeps what it was asked."""
    run.joinpath("journal").mkdir(parents=True, exist_ok=True)
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return Response(result=answers.get(request.verb, {"said": f"{request.verb} done"}))

    loop = asyncio.new_event_loop()
    control = Control(run, dict.fromkeys(VERBS, answer))
    task = loop.create_task(control.serve())
    thread = threading.Thread(target=lambda: loop.run_until_complete(_until_cancelled(task)))
    thread.start()
    while not (run / "control.sock").exists():
        pass
    try:
        yield asked
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


async def _until_cancelled(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])


@pytest.mark.parametrize("verb", VERBS)
def test_where_nothing_runs_it_says_so(finished, tmp_path, verb) -> None:
    for runs in (finished.parent.parent, tmp_path, tmp_path / "none"):
        said = bot(verb, "--runs", runs)
        assert (said.code, said.out) == (3, "")
        assert "nothing is running under" in said.error
    assert bot(verb, finished.name, "--runs", finished.parent.parent, "--json").code == 3


@pytest.mark.parametrize("verb", VERBS)
def test_an_empty_name_speaks_to_nobody(tmp_path, verb) -> None:
    with serving(tmp_path / "canary" / "canary-000001") as asked:
        said = bot(verb, "", "--runs", tmp_path)
    assert (said.code, asked) == (3, [])


def test_the_daemon_that_runs_is_spoken_to_even_if_a_later_run_is_over(tmp_path) -> None:
    with serving(tmp_path / "canary" / "canary-000001") as asked:
        (tmp_path / "paper" / "paper-000001" / "journal").mkdir(parents=True)
        said = bot("halt", "--reason", "looks odd", "--runs", tmp_path)
    assert (said.code, said.out, said.err) == (0, "halt done\n", "")
    (halt,) = (request for request in asked if request.verb == "halt")
    assert halt.fields == {"reason": "looks odd"}


def test_of_two_daemons_one_must_be_named(tmp_path) -> None:
    one, other = tmp_path / "one" / "canary-000001", tmp_path / "two" / "canary-000001"
    with serving(one), serving(other) as asked:
        said = bot("stop", "--runs", tmp_path)
        assert said.code == 3
        assert "name one of: one/canary-000001, two/canary-000001" in said.error
        assert bot("stop", "two/canary-000001", "--on-stop", "flatten", "--runs", tmp_path, "--json").json == {
            "said": "stop done"
        }
    assert [request.fields for request in asked if request.verb == "stop"] == [{"policy": "flatten"}]


def test_a_policy_there_is_not_is_refused_before_anybody_is_asked(tmp_path) -> None:
    with serving(tmp_path / "canary" / "canary-000001") as asked:
        said = bot("stop", "--on-stop", "explode", "--runs", tmp_path)
    assert (said.code, "'explode' is not one of 'keep', 'cancel', 'flatten'" in said.error) == (2, True)
    assert asked == []


def test_status_is_aligned_for_people_and_one_object_for_programs(tmp_path) -> None:
    status = {"state": "TRADING", "reasons": [], "positions": {"BTC-EUR": "0.5"}, "cold": ["ofi", "depth"]}
    with serving(tmp_path / "canary" / "canary-000001", status=status):
        people, programs = bot("status", "--runs", tmp_path), bot("status", "--runs", tmp_path, "--json")
    assert programs.json == status
    assert people.out.splitlines() == [
        "state                  TRADING",
        "positions",
        "  BTC-EUR              0.5",
        "cold                   ofi, depth",
    ]
    assert json.loads(programs.out) == status


def test_a_dead_daemons_socket_is_nobody(tmp_path) -> None:
    run = tmp_path / "canary" / "canary-000001"
    with serving(run):
        dead = run / "copy.sock"
        dead.hardlink_to(run / "control.sock")
    dead.rename(run / "control.sock")
    assert bot("status", "--runs", tmp_path).code == 3
    assert bot("status", "canary-000001", "--runs", tmp_path).code == 3
