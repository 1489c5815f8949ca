"""Running a daemon in this process: opened, served, closed, and told; what a stranger may not start is not started."""

import asyncio

import pytest

from bot.profile import load
from bot.replaying import verify_run
from bot.running import NotArmed, RunOptions, run_daemon
from contracts.life import RunStarted
from tests.kit.worlds import a_profile


def nobody(system, opened):
    """No face."""
    return ()


def ran(runs, face=nobody, **changed):
    options = RunOptions(runs=runs, duration_s=3.0, speed=None)
    return run_daemon(a_profile(**changed), options, face)


def test_a_run_is_sealed_and_its_summary_is_what_was_recorded(tmp_path) -> None:
    result = ran(tmp_path)
    found = verify_run(tmp_path / "canary" / "canary-000001")
    assert (result.ending.exit_code, result.ending.reason) == (0, "ran for 3 s")
    assert found.sealed and not found.problems
    assert (result.summary["messages"], result.summary["turns"]) == (found.records, found.turns)


def test_the_face_is_told_before_anything_is_said(tmp_path) -> None:
    seen: list[int] = []
    ran(tmp_path, lambda system, opened: seen.append(system.bus.seq) or ())
    assert seen == [0]


def test_a_face_that_breaks_does_not_end_the_run(tmp_path) -> None:
    async def broken() -> None:
        await asyncio.sleep(1)
        raise RuntimeError("no terminal")

    result = ran(tmp_path, lambda system, opened: (broken(),))
    assert result.ending.exit_code == 0
    assert result.summary["gateway_failures"] == 1


def test_the_first_thing_said_is_what_the_process_is_made_of(tmp_path) -> None:
    first: list[object] = []
    ran(tmp_path, lambda system, opened: system.bus.tap(lambda each: first.append(each.payload), (RunStarted,)) or ())
    (started,) = first
    assert (started.run, started.seed, started.profile_digest) == ("canary-000001", 17, a_profile().digest)


@pytest.mark.numbers
def test_equal_runs_are_equal_but_for_nothing(tmp_path) -> None:
    said = [ran(tmp_path / name).summary for name in ("one", "two")]
    for each in said:
        each.pop("journal")
    assert said[0] == said[1]


def test_a_profile_that_trades_real_money_must_be_armed(tmp_path) -> None:
    with pytest.raises(NotArmed, match=r"start it with --arm ACCOUNT_NAME"):
        run_daemon(load("live", {}), RunOptions(runs=tmp_path), nobody)
    assert not list(tmp_path.iterdir())


@pytest.mark.numbers
def test_the_account_is_free_when_the_run_is_over(tmp_path) -> None:
    assert [ran(tmp_path).summary["run"] for _ in range(2)] == ["canary-000001", "canary-000002"]
