"""One short run that many tests look at; whoever changes it works on a copy."""

import shutil
from pathlib import Path

import pytest

from tests.kit.command_line import bot
from tests.kit.worlds import Run, a_profile, simulate

SECONDS = 8


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that came to its end in order, with decisions, orders and fills in it."""
    runs = tmp_path_factory.mktemp("finished")
    said = bot("run", "--for", f"{SECONDS}s", "--speed", "max", "--quiet", "--json", "--runs", runs)
    assert said.code == 0, said.err
    assert said.json["fills"] > 0
    return runs / "canary" / said.json["run"]


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    copy = tmp_path / "runs" / finished.parent.name / finished.name
    shutil.copytree(finished, copy)
    return copy


@pytest.fixture(scope="session")
def simulated() -> Run:
    """The same in virtual time, with everything it said still at hand."""
    return simulate(a_profile(), seconds=SECONDS)
