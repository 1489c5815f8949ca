import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from runtime.watchdog import (
    NOTHING,
    SAMPLE_S,
    STALLED_EXIT_CODE,
    Heartbeat,
    InHand,
    Patience,
    Stalled,
    Watchdog,
    stalled,
)
from tests.kit.virtual_time import on_a_real_loop

REPOSITORY = Path(__file__).parents[2]

HANGING = """
    import asyncio, sys, time
    from pathlib import Path
    from runtime.watchdog import Heartbeat, InHand, Watchdog

    async def main():
        loop = asyncio.get_running_loop()
        Watchdog(Heartbeat(loop), Path(sys.argv[1]), lambda: InHand(int(sys.argv[2]), "Tick from feed"),
                 lag_s_max=0.05, stall_s_max=0.15)
        await asyncio.sleep(0.01)
        a_function_that_never_returns()

    def a_function_that_never_returns():
        time.sleep(20)

    asyncio.run(main())
"""


def hang_on(seq: int, directory: Path) -> int:
    program = [sys.executable, "-c", textwrap.dedent(HANGING), str(directory), str(seq)]
    return subprocess.run(program, cwd=REPOSITORY, timeout=15).returncode


def block(seconds: float) -> None:
    """What a careless message does to the loop."""
    time.sleep(seconds)


def a_watchdog(directory: Path, end=lambda code: None, stall_s_max: float = 5.0) -> tuple[Heartbeat, Watchdog]:
    heartbeat = Heartbeat(asyncio.get_running_loop())
    return heartbeat, Watchdog(heartbeat, directory, lambda: NOTHING, lag_s_max=0.1, stall_s_max=stall_s_max, end=end)


def test_a_message_that_never_ends_kills_the_process_and_is_counted(tmp_path):
    (tmp_path / "stalled.json").write_text('{"seq":7,"what":"Tick from feed","lag_s":5.1,"deaths":1}')
    assert hang_on(7, tmp_path) == STALLED_EXIT_CODE
    assert "a_function_that_never_returns" in (tmp_path / "stalled.txt").read_text()
    found = stalled(tmp_path)
    assert found is not None
    assert (found.seq, found.what, found.deaths) == (7, "Tick from feed", 2)


def test_a_c_call_that_never_gives_the_interpreter_back_ends_too(tmp_path):
    program = textwrap.dedent("""
        import asyncio, ctypes, sys
        from pathlib import Path
        from runtime import watchdog

        async def main():
            watchdog.GIL_STALL_S = 0.3
            heartbeat = watchdog.Heartbeat(asyncio.get_running_loop())
            watchdog.Watchdog(heartbeat, Path(sys.argv[1]), lambda: watchdog.NOTHING, lag_s_max=0.1, stall_s_max=0.2)
            await asyncio.sleep(watchdog.SAMPLE_S * 2)
            a_call_that_keeps_the_interpreter()

        def a_call_that_keeps_the_interpreter():
            ctypes.PyDLL(None).sleep(20)

        asyncio.run(main())
    """)
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=REPOSITORY, timeout=15)
    assert ended.returncode == 1
    assert "a_call_that_keeps_the_interpreter" in (tmp_path / "stalled.txt").read_text()


@on_a_real_loop
async def test_another_message_is_counted_from_one_again(tmp_path):
    (tmp_path / "stalled.json").write_text('{"seq":7,"what":"Tick","lag_s":5.1,"deaths":4}')
    ended = threading.Event()
    heartbeat, watchdog = a_watchdog(tmp_path, end=lambda code: ended.set(), stall_s_max=0.15)
    watchdog._in_hand = lambda: InHand(8, "Trade")
    ended.wait(5)
    heartbeat.stop()
    watchdog.stop()
    found = stalled(tmp_path)
    assert found is not None
    assert (found.seq, found.what, found.deaths) == (8, "Trade", 1)


@on_a_real_loop
async def test_a_late_loop_closes_the_door_until_the_loop_has_taken_note(tmp_path):
    heartbeat, watchdog = a_watchdog(tmp_path)
    said = [watchdog.lagging]
    block(0.3)
    said.append(watchdog.lagging)
    await asyncio.sleep(0.11)
    said.append(watchdog.lagging)
    taken_s = (watchdog.take_lag(), watchdog.take_lag())
    said.append(watchdog.lagging)
    assert said == [False, True, True, False]
    assert taken_s[0] > 0.1
    assert taken_s[1] == 0.0
    heartbeat.stop()
    watchdog.stop()


@on_a_real_loop
async def test_what_runs_first_after_a_stall_sees_it_before_the_heartbeat_does(tmp_path):
    heartbeat, watchdog = a_watchdog(tmp_path)
    block(0.3)
    assert heartbeat.worst_s == 0.0
    assert watchdog.lagging
    heartbeat.stop()
    watchdog.stop()


def test_after_a_stop_of_the_whole_process_a_hanging_loop_gets_all_its_time_anew():
    patience = Patience(stall_s_max=5.0, now_s=0.0)
    hung_since_s, verdicts = 60.0, {}
    for sample in range(200):
        now_s = 60.0 + sample * SAMPLE_S  # the first sample comes a minute late
        verdicts[now_s] = patience.is_over(now_s, lag_s=now_s)
    assert next(now_s for now_s, over in verdicts.items() if over) == pytest.approx(hung_since_s + 5.05)


def test_a_loop_that_hangs_while_the_process_runs_is_given_up_after_its_time():
    patience = Patience(stall_s_max=5.0, now_s=0.0)
    verdicts = [patience.is_over(sample * SAMPLE_S, lag_s=sample * SAMPLE_S) for sample in range(1, 120)]
    assert verdicts.index(True) + 1 == 101


@pytest.mark.numbers
def test_a_process_that_was_stopped_as_a_whole_lags_and_lives_on(tmp_path):
    program = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from runtime.watchdog import NOTHING, Heartbeat, Watchdog

        async def main():
            watchdog = Watchdog(Heartbeat(asyncio.get_running_loop()), Path(sys.argv[1]), lambda: NOTHING,
                                lag_s_max=0.1, stall_s_max=0.4)
            print("up", flush=True)
            while not watchdog.lagging:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.12)
            print(watchdog.take_lag() > 0.5, flush=True)

        asyncio.run(main())
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.8)
        os.kill(process.pid, signal.SIGCONT)
        said, _ = process.communicate(timeout=10)
    assert (said, process.returncode, stalled(tmp_path)) == ("True\n", 0, None)


@pytest.mark.parametrize("note", ["", '{"seq":7,"wha'])
def test_a_note_that_was_cut_short_is_no_note(tmp_path, note):
    (tmp_path / "stalled.json").write_text(note)
    assert stalled(tmp_path) is None


def test_a_directory_without_a_note_says_none(tmp_path):
    assert stalled(tmp_path) is None
    (tmp_path / "stalled.json").write_text('{"seq":7,"what":"Tick","lag_s":5.1,"deaths":2}')
    assert stalled(tmp_path) == Stalled(7, "Tick", 5.1, 2)


async def test_limits_in_the_wrong_order_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"lag_s_max 5, stall_s_max 1: expected 0 < lag < stall"):
        Watchdog(Heartbeat(asyncio.get_running_loop()), tmp_path, lambda: NOTHING, lag_s_max=5, stall_s_max=1)
