"""One point of a sweep."""

import msgspec

from bot.sweep.grid import Point
from bot.sweep.work import Task, finished, run_point
from contracts.quantities import nanos
from tests.kit.command_line import bot

HOUR = nanos(3600)


def a_task(tmp_path, **changes):
    made = ("data", "make", "--into", str(tmp_path / "made"), "--seed", "7", "--instruments", "2", "--bars", "40")
    if not (tmp_path / "made").exists():
        assert bot(*made, "--bar", "5m").code == 0
    task = Task(
        point=Point({"seed": "3"}),
        profile="backtest",
        environment={"BOT__SEED": "3", "BOT__CADENCE__DECIDE_S": "1800"},
        data=str(tmp_path / "made"),
        directory=str(tmp_path / "sweep"),
        from_ns=0,
        to_ns=2**62,
        symbols=None,
        kinds=(),
    )
    return msgspec.structs.replace(task, **changes)


def test_what_is_finished_is_not_run_again_and_another_question_is(tmp_path):
    task = a_task(tmp_path)
    assert finished(task) is None
    result = run_point(task)
    assert (result.exit_code, result.overrides, result.name) == (0, {"seed": "3"}, task.point.name)
    (run,) = task.home.glob("backtest/backtest-*")
    assert run_point(task) == result
    assert list(task.home.glob("backtest/backtest-*")) == [run]

    other = a_task(tmp_path, environment=task.environment | {"BOT__CADENCE__DECIDE_S": "3600"})
    assert finished(other) is None


def test_a_result_of_a_point_cut_short_is_not_taken_for_one(tmp_path):
    task = a_task(tmp_path)
    run_point(task)
    (task.home / "task.json").unlink()
    assert finished(task) is None
