"""What is shipped keeps its promises on paper: locks, image, unit, make targets, continuous integration."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
NO_RESTART = {4, 6, 7, 9}


def text(name: str) -> str:
    return (REPOSITORY / name).read_text("utf-8")


def normal(requirement: str) -> str:
    """The name of a distribution in its one normal spelling."""
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", requirement)[0]).lower()  # type: ignore[index]


def pins(lock: str) -> dict[str, list[str]]:
    """Name -> blocks of a lock, each with its hashes."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=\S)", lock.strip()):
        found.setdefault(normal(block), []).append(block)
    return found


def unpinned(requirements: list[str], lock: str) -> list[str]:
    """Direct requirements that a lock does not pin, and anything in it without an exact version or a hash."""
    pinned = pins(lock)
    absent = [one for one in requirements if normal(one) not in pinned]
    loose = [
        name
        for name, blocks in pinned.items()
        for block in blocks
        if "==" not in block.splitlines()[0] or "--hash=sha256:" not in block
    ]
    return absent + loose


def test_every_direct_dependency_is_pinned_with_hashes() -> None:
    project = PROJECT["project"]
    extras = [one for group in project["optional-dependencies"].values() for one in group]

    assert unpinned(project["dependencies"], text("requirements/run.lock")) == []
    assert (
        unpinned(project["dependencies"] + extras + PROJECT["dependency-groups"]["dev"], text("requirements/dev.lock"))
        == []
    )
    assert unpinned(["uv"], text("requirements/installer.lock")) == []


@pytest.mark.parametrize(
    "lock",
    ["other==1 \\\n    --hash=sha256:aa", "numpy>=1 \\\n    --hash=sha256:aa", "numpy==1"],
)
def test_a_lock_that_leaves_something_open_is_found(lock: str) -> None:
    assert unpinned(["numpy>=2"], lock) != []


def test_both_locks_agree() -> None:
    run, dev = pins(text("requirements/run.lock")), pins(text("requirements/dev.lock"))

    assert {name for name, blocks in run.items() if dev.get(name) != blocks} == set()


def test_the_image_is_described_as_promised() -> None:
    lines = [line for line in text("Dockerfile").splitlines() if line.strip()]

    assert not any(line.startswith("# syntax=") for line in lines)
    assert lines[[line.startswith("ARG") for line in lines].index(True)] == "ARG BASE=python:3.11-slim-bookworm"
    assert sum(line.startswith("FROM ${BASE}") for line in lines) == sum(line.startswith("FROM") for line in lines) == 2
    assert "USER 65532:65532" in lines
    assert 'ENTRYPOINT ["python", "-m", "bot"]' in lines
    assert 'CMD ["run", "--profile", "canary"]' in lines
    assert "--require-hashes" in text("Dockerfile")
    assert "/livez" in text("Dockerfile")
    assert lines.index("USER 65532:65532") > max(i for i, line in enumerate(lines) if line.startswith("FROM"))


def test_a_linter_finds_nothing_in_the_image() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        assert not sys.platform.startswith("linux"), "the development lock has hadolint for Linux"
        return
    result = subprocess.run([hadolint, "Dockerfile"], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout) == (0, "")


def test_the_image_carries_every_package_and_no_test() -> None:
    copied = re.findall(r"^COPY (\w+) \w+$", text("Dockerfile"), re.MULTILINE)

    assert copied == PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert text(".dockerignore").splitlines()[1] == "*"


def test_no_restart_is_tried_after_the_codes_that_need_a_person() -> None:
    said = re.search(r"^RestartPreventExitStatus=(.*)$", text("deploy/keel.service"), re.MULTILINE)
    documented = re.findall(r"^\| (\d+) \|.*\*\*never\*\* \|$", text("docs/exit-codes.md"), re.MULTILINE)

    assert said is not None
    assert {int(code) for code in said[1].split()} == NO_RESTART
    assert {int(code) for code in documented} == NO_RESTART


def test_every_make_target_is_printed_by_make_alone() -> None:
    if shutil.which("make") is None:
        pytest.fail("make is part of the set-up")
    printed = subprocess.run(["make", "-s"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    for target in ("env", "canary", "test", "check", "bench", "crash", "soak", "lock", "clean"):
        assert re.search(rf"^  make {target} ", printed, re.MULTILINE), target


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    assert "$ make test" in text("README.md")
    assert "leg make test" in text(".ci/run")


def test_optimised_byte_code_is_refused() -> None:
    result = subprocess.run(
        [sys.executable, "-O", "-m", "bot", "--help"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert result.returncode not in {0, -11}
    assert "-O" in result.stderr
    assert "Traceback" not in result.stderr
