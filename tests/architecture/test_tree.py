"""The tree speaks of the project alone, and every module has its test file."""

import ast
import re

import pytest

from tests.architecture import ratchet
from tests.architecture.source import PRODUCT, REPOSITORY, Source, sources, tracked_texts

FOREIGN = {
    "a path of one machine": r"(?<![\w.])/(?:work|root|home|mnt|Users|scratch)/\w",
    "a package host": r"(?i)\b(?:pypi\.org|pythonhosted\.org|(?:extra-)?index-url|find-links|trusted-host)\b",
    "who typed it": r"(?i)\b(?:co-authored-by|language model|sub-?agent|chat ?bot|as an assistant)\b",
}
"""What says something about where or by whom the project was made, which is nobody's business."""

THIS_FILE = "tests/architecture/test_tree.py"


def foreign_words(path: str, text: str) -> list[str]:
    return [
        f"{path}:{number}: {what}: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in FOREIGN.items()
        if re.search(pattern, line)
    ]


def test_the_tree_speaks_of_the_project_alone() -> None:
    findings = [found for path, text in tracked_texts() if path != THIS_FILE for found in foreign_words(path, text)]

    assert not findings, "\n" + "\n".join(findings)


@pytest.mark.parametrize(
    "line",
    [
        "see /home/me/notes",
        "cd /work/x",
        "--index-url https://example.org",
        "https://pypi.org/simple",
        "Co-Authored-By: X",
    ],
)
def test_a_foreign_word_is_found(line: str) -> None:
    assert foreign_words("a.txt", line) != []


@pytest.mark.parametrize("line", ["a/work/b", "the root/leaf", "/var/lib/keel", "we find links in it", "/opt/keel/app"])
def test_a_plain_word_is_not_foreign(line: str) -> None:
    assert foreign_words("a.txt", line) == []


def test_no_lock_that_names_a_host_is_kept() -> None:
    assert [path for path, _ in tracked_texts() if path.rsplit("/", 1)[-1] == "uv.lock"] == []


def places_of_tests(source: Source) -> list[str]:
    """Where the tests of a module may be: by its own name, or with its folder's name in front."""
    package, *folders, module = source.path.removesuffix(".py").split("/")
    module = module.strip("_")
    places = [f"test_{module}.py"]
    if folders:
        places += [f"{'/'.join(folders)}/test_{module}.py", f"test_{'_'.join(folders)}_{module}.py"]
        places += [f"{folders[0]}/test_{module}.py", f"test_{folders[-1]}_{module}.py"]
    return [f"tests/{package}/{place}" for place in places]


def only_declares(source: Source) -> bool:
    """Whether a module has types and signatures alone; the topics and schema tests hold those."""
    return not any(
        not is_a_signature(node)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def is_a_signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return all(isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in function.body)


@pytest.mark.parametrize(
    ("text", "declares"),
    [
        ("class A(Struct):\n    x: int", True),
        ("class P(Protocol):\n    def f(self) -> int:\n        'Says.'\n        ...", True),
        ("def f():\n    return 1", False),
    ],
)
def test_a_module_with_a_body_needs_tests(text: str, declares: bool) -> None:
    assert only_declares(Source("contracts/a.py", text)) == declares


def test_every_module_has_a_test_file_of_its_name() -> None:
    untested = [
        f"{source.path}: expected {places_of_tests(source)[0]}"
        for source in sources(*PRODUCT)
        if not source.path.endswith("/__init__.py")
        and not only_declares(source)
        and source.path not in ratchet.NO_TEST_FILE
        and not any((REPOSITORY / place).exists() for place in places_of_tests(source))
    ]

    assert not untested, "\n" + "\n".join(untested)


def test_a_module_may_be_tested_beside_its_folder_or_under_its_name() -> None:
    assert "tests/actors/agents/test_momentum.py" in places_of_tests(Source("actors/agents/momentum.py", "x"))
    assert "tests/bot/test_main.py" in places_of_tests(Source("bot/__main__.py", "x"))
