"""What several themes share and must be started early or kept on a disk."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.characterization.runs import a_quick_profile
from tests.kit.lives import Life, live

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the two lives keep their run."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def two_lives(runs: Path) -> tuple[Life, Life]:
    """A process is killed while orders are on their way; later another takes up its run and ends in order."""
    first = live(a_quick_profile(), runs, seconds=2.1, killed=True)
    return first, live(a_quick_profile(), runs, seconds=5.5, after_s=8.0)


@pytest.fixture(scope="session", autouse=True)
def elsewhere(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str] | None]:
    """The same run in a process of its own under another hash seed, begun early because it takes a moment."""
    if not any("test_replay" in item.nodeid for item in request.session.items):
        yield None
        return
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.characterization.runs"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()
