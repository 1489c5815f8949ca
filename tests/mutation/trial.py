"""Trials: a copy of the tree in which one mutant lives, and the tests that should notice it."""

import os
import shutil
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Final, Literal

from tests.mutation.mutants import Mutant

COPIED: Final = ("contracts", "quant", "runtime", "actors", "adapters", "bot", "bench", "tests", "pyproject.toml")

SOURCES: Final[dict[str, tuple[str, ...]]] = {
    "gate": ("actors/risk_gate.py", "actors/risk/*.py"),
    "desk": ("actors/execution_desk.py", "actors/execution/*.py"),
    "ledger": ("actors/ledger.py", "actors/valuation.py", "actors/execution/books.py", "actors/execution/exact.py"),
    "journal": ("adapters/journal/*.py",),
}
TESTS: Final[dict[str, tuple[str, ...]]] = {
    "gate": ("tests/actors/risk", "tests/actors/test_risk*.py", "tests/actors/test_sentinel.py"),
    "desk": ("tests/actors/execution", "tests/actors/test_execution_desk.py"),
    "ledger": ("tests/actors/test_ledger.py", "tests/actors/test_valuation.py", "tests/actors/execution"),
    "journal": ("tests/adapters/journal",),
}
TESTS_OF_ALL: Final = ("tests/actors/test_money*.py", "tests/characterization")

Verdict = Literal["killed", "survived", "timeout"]


def sources(root: Path) -> dict[str, tuple[Path, ...]]:
    """The files of each group; one that two groups name belongs to the later."""
    found = {
        group: [path.relative_to(root) for pattern in patterns for path in sorted(root.glob(pattern))]
        for group, patterns in SOURCES.items()
    }
    groups = list(found)
    for place, group in enumerate(groups):
        later = {path for other in groups[place + 1 :] for path in found[other]}
        found[group] = [path for path in found[group] if path not in later]
    return {group: tuple(paths) for group, paths in found.items()}


class Tree:
    """A copy of the tree in a temporary directory; the real one is never touched."""

    def __init__(self, root: Path, directory: Path) -> None:
        self.root = directory
        self._stamps = count(int(time.time()), 10)
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif (root / name).exists():
                shutil.copy2(root / name, directory / name)

    def baseline(self, group: str, timeout_s: float) -> float:
        """Seconds that the tests of a group take without any mutant; raises RuntimeError if they are not green."""
        begun_s = time.monotonic()
        verdict, said = self._tested(group, timeout_s)
        if verdict != "survived":
            raise RuntimeError(f"without a mutant the tests of the {group} are {verdict}:\n{said[-2000:]}")
        return time.monotonic() - begun_s

    def tried(self, group: str, mutant: Mutant, timeout_s: float) -> Verdict:
        """Let the mutant live while its group's tests run, then take it away again."""
        original = (self.root / mutant.path).read_text(encoding="utf-8")
        self._write(mutant.path, mutant.source)
        try:
            return self._tested(group, timeout_s)[0]
        finally:
            self._write(mutant.path, original)

    def _write(self, path: Path, text: str) -> None:
        """Each writing has a time of its own: compiled files are known by it."""
        (self.root / path).write_text(text, encoding="utf-8")
        stamp = next(self._stamps)
        os.utime(self.root / path, (stamp, stamp))

    def _tested(self, group: str, timeout_s: float) -> tuple[Verdict, str]:
        patterns = (*TESTS[group], *TESTS_OF_ALL)
        paths = [str(path.relative_to(self.root)) for each in patterns for path in sorted(self.root.glob(each))]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *dict.fromkeys(paths)]
        environment = os.environ | {"PYTHONPATH": str(self.root)}
        try:
            done = subprocess.run(
                command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            return "timeout", ""
        return ("survived" if done.returncode == 0 else "killed"), done.stdout + done.stderr
