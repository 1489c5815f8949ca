"""Housekeeping on a virtual clock: snapshots on time, the time limit, and no thread or socket that needs a real one."""

from adapters.journal.disk import PosixDisk
from adapters.journal.snapshots import Snapshots
from bot.running import RunOptions, run_daemon
from bot.worlds import simulated_world
from tests.kit.worlds import a_profile


def ran(runs, *, seconds: float, face=lambda system, opened: (), **changed):
    return run_daemon(a_profile(**changed), RunOptions(runs=runs, duration_s=seconds, speed=None), face)


def test_a_snapshot_is_written_on_time_and_stands_at_the_end_of_a_turn(tmp_path) -> None:
    result = ran(tmp_path, seconds=5.0, process__snapshot_s=2.0)
    directory = tmp_path / "canary" / "canary-000001" / "snapshots"
    assert 1 <= sum(1 for path in directory.iterdir() if path.is_file()) <= 3
    latest = Snapshots(PosixDisk(directory)).latest(result.summary["messages"])
    assert latest is not None and 0 < latest.seq < result.summary["messages"]


def test_a_run_ends_on_time_by_its_own_clock(tmp_path) -> None:
    seen = []
    result = ran(tmp_path, seconds=3.0, face=lambda system, opened: seen.append(system) or ())
    (system,) = seen
    start_ns = a_profile().simulated.start_ns
    assert result.ending.reason == "ran for 3 s"
    assert 3.0 <= (system.bus.at_ns - start_ns) / 1e9 < 3.0 + a_profile().process.drain_s


def test_without_a_limit_nothing_ends_it_but_a_request(tmp_path) -> None:
    def face(system, opened):
        system.supervisor.spawn_once("asker", lambda: ask(system))
        return ()

    async def ask(system) -> None:
        await system.clock.sleep_until(system.clock.now() + 2_000_000_000)
        system.request_stop("asked")

    result = run_daemon(a_profile(), RunOptions(runs=tmp_path, speed=None), face)
    assert result.ending.reason == "asked"


def test_virtual_time_opens_no_socket(tmp_path) -> None:
    ran(tmp_path, seconds=1.0)
    run = tmp_path / "canary" / "canary-000001"
    assert not (run / "control.sock").exists()
    assert not (run / "stalled.txt").exists()


def test_a_world_lets_go_of_its_files(tmp_path) -> None:
    world = simulated_world(a_profile(), tmp_path, virtual=True)
    world.close()
    world.close()
