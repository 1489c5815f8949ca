"""Many pieces of work at once."""

import fcntl
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from adapters.workforce import NoWorkforce, spread


def test_one_worker_works_here_and_in_order():
    assert list(spread("joblib", 1, math.sqrt, [1.0, 4.0, 9.0])) == [1.0, 2.0, 3.0]


def test_two_workers_find_the_same():
    assert sorted(spread("joblib", 2, math.sqrt, [1.0, 4.0, 9.0])) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("workforce", ["dask", "loky", ""])
def test_a_workforce_that_does_not_exist_is_refused_with_those_that_do(workforce):
    with pytest.raises(NoWorkforce, match="expected one of joblib, dask:ADDRESS, ray"):
        list(spread(workforce, 1, math.sqrt, [1.0]))


@pytest.mark.parametrize("workforce", ["dask:127.0.0.1:1", "ray"])
def test_a_library_that_is_not_there_is_named(workforce):
    with pytest.raises(NoWorkforce, match="not installed"):
        list(spread(workforce, 1, math.sqrt, [1.0]))


def hold(lock: str) -> None:
    """Work that takes a lock, says so, and would be done in half a minute."""
    with Path(lock).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        Path(f"{lock}.held").write_text("held")
        threading.Event().wait(30.0)
        Path(f"{lock}.done").touch()


@pytest.mark.numbers
def test_workers_end_with_whoever_asked_for_them(tmp_path: Path):
    locks = [str(tmp_path / name) for name in ("a", "b")]
    for lock in locks:
        os.mkfifo(f"{lock}.held")
    work = f"from tests.adapters.test_workforce import hold, spread; list(spread('joblib', 2, hold, {locks!r}))"
    asking = subprocess.Popen([sys.executable, "-c", work], cwd=Path(__file__).parents[2])
    assert [Path(f"{lock}.held").read_text() for lock in locks] == ["held", "held"]

    asking.kill()

    for lock in locks:
        with Path(lock).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
        assert not Path(f"{lock}.done").exists()
    asking.wait()
