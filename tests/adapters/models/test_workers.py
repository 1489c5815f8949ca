import asyncio
import os
import sys

import pytest

from adapters.models.workers import ProcessWorkers, WaitingWorkers
from contracts.ports import WorkFailed
from tests.kit.virtual_time import on_a_real_loop

PLAIN = (sys.executable, "-S", "-c")
COMMANDS = {
    "echo": (*PLAIN, "import sys; print(sys.argv[1:], len(sys.stdin.buffer.read()))"),
    "fail": (*PLAIN, "import sys; sys.stderr.write('no such thing'); sys.exit(4)"),
    "die": (*PLAIN, "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.abort()"),
    "hang": (*PLAIN, "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"),
    "deaf": (*PLAIN, "import sys; sys.exit(3)"),
    "nice": (*PLAIN, "import os; os.read(0, 1); print(os.nice(0))"),
    "absent": ("no-such-program-anywhere",),
}
on_both = pytest.mark.parametrize("kind", [ProcessWorkers, WaitingWorkers])


@on_a_real_loop
@on_both
async def test_what_was_printed_is_the_answer(kind):
    answer = await kind(COMMANDS).run("echo", ("a", "b c"), data=[b"x" * 70_000] * 3, timeout_s=30.0)

    assert answer == "['a', 'b c'] 210000\n"


@on_a_real_loop
@on_both
@pytest.mark.parametrize(
    ("work", "complaint"),
    [
        ("fail", "fail failed with code 4: no such thing"),
        ("die", "die was ended by SIGABRT"),
        ("deaf", "deaf failed with code 3"),
        ("absent", "absent did not start"),
        ("other", "work was 'other', expected one of absent, deaf, die, echo, fail, hang, nice"),
    ],
)
async def test_a_failure_says_how_it_came(kind, work, complaint):
    with pytest.raises(WorkFailed, match=complaint):
        await kind(COMMANDS).run(work, (), data=[b"x" * 200_000], timeout_s=30.0)


@pytest.mark.numbers
@on_a_real_loop
@on_both
async def test_what_takes_too_long_is_ended(kind, tmp_path):
    with pytest.raises(WorkFailed, match="took longer than 1 s and was ended"):
        await kind(COMMANDS).run("hang", (str(tmp_path / "pid"),), timeout_s=1.0)

    assert not alive(tmp_path / "pid")


@on_a_real_loop
async def test_a_cancelled_asker_leaves_no_process(tmp_path):
    pid = tmp_path / "pid"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await ProcessWorkers(COMMANDS).run("hang", (str(pid),), timeout_s=30.0)

    assert not alive(pid)


@on_a_real_loop
async def test_work_is_nice():
    answer = await ProcessWorkers(COMMANDS).run("nice", (), data=[b"x"], timeout_s=30.0)

    assert int(answer) >= 10


def alive(pid) -> bool:
    """Whether the process that wrote its number there is still running; one that never came to it is not."""
    if not pid.exists() or not pid.read_text():
        return False
    try:
        os.kill(int(pid.read_text()), 0)
    except ProcessLookupError:
        return False
    return True
