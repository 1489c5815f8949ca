"""The import contracts hold, and each of them is seen to fail when it is broken on purpose."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import PRODUCT, REPOSITORY

BREAKS: dict[str, list[tuple[str, str]]] = {
    "layers": [
        ("contracts", "import quant"),
        ("quant", "import runtime"),
        ("runtime", "import quant"),
        ("runtime", "import actors"),
        ("actors", "import adapters"),
        ("adapters", "import bot"),
    ],
    "adapters-know-only-contracts": [
        ("adapters", "import quant"),
        ("adapters", "import runtime"),
        ("adapters", "import actors"),
    ],
    "home-of-msgspec": [("quant", "import msgspec")],
    "home-of-prometheus-client": [("runtime", "import prometheus_client")],
    "home-of-structlog": [("runtime", "import structlog")],
    "home-of-uvloop": [("runtime", "import uvloop")],
    "home-of-typer": [("bot", "import typer")],
    "home-of-rich": [("bot", "import rich")],
    "home-of-zstandard": [("adapters", "import zstandard")],
    "home-of-lightgbm": [("actors", "import lightgbm")],
    "home-of-sklearn": [("actors", "import sklearn")],
    "home-of-scipy": [("actors", "import scipy")],
    "home-of-polars": [("bot", "import polars")],
    "home-of-mlflow": [("bot", "import mlflow")],
    "home-of-aiokafka": [("actors", "import aiokafka")],
    "home-of-redis": [("actors", "import redis")],
    "home-of-asyncpg": [("bot", "import asyncpg")],
    "home-of-opentelemetry": [("runtime", "import opentelemetry")],
    "quant-is-pure": [("quant", "import asyncio"), ("quant", "import random")],
    "contracts-are-light": [("contracts", "import time")],
    "thinking-is-synchronous": [("actors", "import asyncio")],
    "test-tools-stay-in-tests": [("quant", "import hmmlearn")],
}
"""Contract -> packages, and what a module in them must not import."""

ALL_BREAKS = [(contract, package, text) for contract, breaks in BREAKS.items() for package, text in breaks]

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


@pytest.fixture(scope="module")
def report_of_a_broken_house(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is reported of a house with every break in it at once, each in a module of its own."""
    bad = {f"{package}/bad_{number}.py": text for number, (_, package, text) in enumerate(ALL_BREAKS)}
    result = lint_imports(a_house(tmp_path_factory.mktemp("house"), {**SOUND, **bad}))
    assert result.returncode != 0
    return result.stdout


@pytest.mark.parametrize("number", range(len(ALL_BREAKS)), ids=[f"{one[0]}: {one[2]}" for one in ALL_BREAKS])
def test_a_contract_fails_when_it_is_broken(number: int, report_of_a_broken_house: str) -> None:
    contract, package, text = ALL_BREAKS[number]
    imported = text.removeprefix("import ").split(".")[0]

    assert f"{package}.bad_{number} -> {imported}" in section(report_of_a_broken_house, CONTRACTS[contract])


def section(report: str, name: str) -> str:
    """The findings under one contract's heading; a heading is underlined."""
    heading = f"\n{name}\n{'-' * len(name)}\n"
    assert heading in report, f"{name} is not reported as broken"
    return re.split(r"\n[^\n]+\n-{3,}\n", report.split(heading, 1)[1])[0]


def test_every_contract_has_something_that_breaks_it() -> None:
    assert set(BREAKS) == set(CONTRACTS)
