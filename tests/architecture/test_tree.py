"""The tree speaks of the project alone, and every module has its test file."""

import ast
import re
from collections import Counter

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


def places_of_tests(source: Source, namesakes: int = 1) -> list[str]:
    """Where the tests of a module may be: in the same folder of `tests`, or, flat, with the folder's name in front.

    Flat under its bare name only when no other module of the package has that name.
    """
    package, *folders, module = source.path.removesuffix(".py").split("/")
    test = f"test_{module.strip('_')}.py"
    places = ["/".join([*folders, test])]
    if folders:
        places.append(f"test_{'_'.join(folders)}_{test.removeprefix('test_')}")
    if namesakes == 1:
        places.append(test)
    return [f"tests/{package}/{place}" for place in places]


def only_declares(source: Source) -> bool:
    """Whether a module has types and signatures alone; the topics and schema tests hold those."""
    return not any(
        not is_a_signature(node) for node in source.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
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


def is_part_of_a_tested_folder(source: Source, tests: list[Source]) -> bool:
    """Whether a module in a folder of its package is imported by a test file in the mirrored folder, or of its name."""
    package, *folders, module = source.path.removesuffix(".py").split("/")
    if not folders:
        return False
    mirrored = (f"tests/{package}/{'/'.join(folders)}/", f"tests/{package}/test_{folders[-1]}.py")
    parent, name = ".".join([package, *folders]), ".".join([package, *folders, module])
    return any(
        imported_module == name or (imported_module == parent and module in names)
        for test in tests
        if test.is_in(*mirrored)
        for imported_module, names in imports_of(test)
    )


def imports_of(source: Source) -> list[tuple[str, list[str]]]:
    """Each imported module with the names taken from it."""
    return [
        (node.module or "", [alias.name for alias in node.names])
        for node in source.nodes
        if isinstance(node, ast.ImportFrom)
    ] + [(alias.name, []) for node in source.nodes if isinstance(node, ast.Import) for alias in node.names]


def test_a_part_of_a_folder_may_be_held_by_a_theme() -> None:
    part = Source("adapters/journal/record.py", "x")
    theme = "from adapters.journal import record"

    assert is_part_of_a_tested_folder(part, [Source("tests/adapters/journal/test_damage.py", theme)])
    assert not is_part_of_a_tested_folder(part, [Source("tests/adapters/journal/test_damage.py", "import json")])
    assert not is_part_of_a_tested_folder(part, [Source("tests/bot/test_why.py", theme)])
    assert not is_part_of_a_tested_folder(Source("runtime/bus.py", "x"), [Source("tests/runtime/test_x.py", theme)])


def test_every_module_has_a_test_file_of_its_name() -> None:
    product = [source for source in sources(*PRODUCT) if not source.path.endswith("/__init__.py")]
    named = Counter((source.package, source.path.rsplit("/", 1)[-1]) for source in product)
    tests = sources("tests")
    untested = []
    for source in product:
        places = places_of_tests(source, named[source.package, source.path.rsplit("/", 1)[-1]])
        if any((REPOSITORY / place).exists() for place in places):
            continue
        excused = (
            source.path in ratchet.NO_TEST_FILE or only_declares(source) or is_part_of_a_tested_folder(source, tests)
        )
        if not excused:
            untested.append(f"{source.path}: expected {places[0]}")

    assert not untested, "\n" + "\n".join(untested)


def test_a_module_is_tested_under_its_name() -> None:
    orders = Source("actors/execution/orders.py", "x")

    assert places_of_tests(Source("bot/__main__.py", "x")) == ["tests/bot/test_main.py"] * 2
    assert places_of_tests(orders, namesakes=2) == [
        "tests/actors/execution/test_orders.py",
        "tests/actors/test_execution_orders.py",
    ]
    assert "tests/actors/test_orders.py" in places_of_tests(orders, namesakes=1)
