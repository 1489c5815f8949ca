"""The import contracts hold, and each of them is seen to fail when it is broken on purpose."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import PRODUCT, REPOSITORY

BREAKS: dict[str, list[tuple[str, str]]] = {
    "layers": [
        ("contracts/bad.py", "import quant"),
        ("quant/bad.py", "import runtime"),
        ("runtime/bad.py", "import quant"),
        ("runtime/bad.py", "import actors"),
        ("actors/bad.py", "import adapters"),
        ("adapters/bad.py", "import bot"),
    ],
    "adapters-know-only-contracts": [
        ("adapters/bad.py", "import quant"),
        ("adapters/bad.py", "import runtime"),
        ("adapters/bad.py", "import actors"),
    ],
    "home-of-msgspec": [("quant/bad.py", "import msgspec")],
    "home-of-prometheus-client": [("runtime/health.py", "import prometheus_client")],
    "home-of-structlog": [("runtime/bad.py", "import structlog")],
    "home-of-uvloop": [("runtime/loop.py", "import uvloop")],
    "home-of-typer": [("bot/profile.py", "import typer")],
    "home-of-rich": [("bot/profile.py", "import rich")],
    "home-of-zstandard": [("adapters/journal.py", "import zstandard")],
    "home-of-lightgbm": [("actors/bad.py", "import lightgbm")],
    "home-of-sklearn": [("actors/bad.py", "import sklearn")],
    "home-of-aiokafka": [("actors/bad.py", "import aiokafka")],
    "home-of-redis": [("actors/bad.py", "import redis")],
    "home-of-opentelemetry": [("runtime/bus.py", "import opentelemetry")],
    "quant-is-pure": [("quant/bad.py", "import asyncio"), ("quant/bad.py", "import random")],
    "contracts-are-light": [("contracts/bad.py", "import time")],
    "thinking-is-synchronous": [("actors/bad.py", "import asyncio")],
    "test-tools-stay-in-tests": [("quant/bad.py", "import scipy.stats")],
}

SOUND = {
    "contracts/__init__.py": "",
    "runtime/metrics.py": "import prometheus_client, contracts",
    "bot/logging.py": "import structlog",
    "bot/cli/__init__.py": "import typer",
    "bot/cli/live_view.py": "import rich, bot.logging",
    "bot/__main__.py": "import bot.cli, uvloop",
    "adapters/recorded/__init__.py": "import zstandard",
    "actors/other.py": "import quant, runtime",
    "actors/gateways/__init__.py": "import asyncio",
}
"""Every library at home: nothing of this may be reported."""

CONTRACTS = {
    one["id"]: one["name"]
    for one in tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
}


def a_house(folder: Path, files: dict[str, str]) -> Path:
    """The real import contracts over a house of these files."""
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    for package in PRODUCT:
        (folder / package).mkdir(exist_ok=True)
        (folder / package / "__init__.py").touch()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text + "\n", "utf-8")
    return folder


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_product_keeps_every_import_contract() -> None:
    result = lint_imports(REPOSITORY)

    assert result.returncode == 0, result.stdout + result.stderr


def test_every_library_at_home_is_no_offence(tmp_path: Path) -> None:
    result = lint_imports(a_house(tmp_path, SOUND))

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("contract", "path", "text"),
    [(contract, path, text) for contract, breaks in BREAKS.items() for path, text in breaks],
)
def test_a_contract_fails_when_it_is_broken(contract: str, path: str, text: str, tmp_path: Path) -> None:
    house = a_house(tmp_path, {**SOUND, path: text})

    result = lint_imports(house, "--contract", contract)

    assert result.returncode != 0
    assert f"{CONTRACTS[contract]} BROKEN" in result.stdout


def test_every_contract_has_something_that_breaks_it() -> None:
    assert set(BREAKS) == set(CONTRACTS)
