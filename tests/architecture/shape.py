"""Rules about the shape of code: who awaits, who catches everything, sizes, names, docstrings, third-party imports."""

import ast
import re
import sys
from collections.abc import Iterator

from tests.architecture import ratchet
from tests.architecture.calls import imported
from tests.architecture.source import PRODUCT, Source

FILE_LINES_MAX = 250
FUNCTION_LINES_MAX = 50

AWAITING = ("actors/gateways/", "adapters/", "bot/", "contracts/ports.py", *ratchet.RUNTIME_SHELLS)
CATCH_ALL = ("runtime/cell.py", "runtime/supervisor.py")
BANNED_WORDS = {"manager", "managers", "helper", "helpers", "util", "utils", "impl", "misc"}

THIRD_PARTY = {
    "contracts": {"msgspec", "numpy"},
    "quant": {"numpy", "lightgbm", "scipy", "sklearn"},
    "runtime": {"msgspec", "numpy", "prometheus_client", "opentelemetry"},
    "actors": {"msgspec", "numpy"},
    "adapters": {"msgspec", "numpy", "zstandard", "aiokafka", "asyncpg", "redis", "polars", "mlflow"},
    "bot": {"msgspec", "numpy", "typer", "click", "rich", "structlog", "uvloop"},
}
"""What a package may import beside the standard library and the house; import-linter narrows it to one home each."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
AWAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef)


def only_the_shells_await(source: Source) -> Iterator[str]:
    """Nothing can change under a decision that has no await in it."""
    if source.is_in(*AWAITING):
        return
    for node in source.nodes:
        if isinstance(node, AWAITS):
            yield source.at(node, "awaits: only gateways, adapters, the runtime's shells and bot may")


def only_the_supervision_catches_everything(source: Source) -> Iterator[str]:
    """Whoever else catches everything hides a defect from who would restart; tidying up and raising on is fine."""
    if source.is_in(*CATCH_ALL):
        return
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            raises_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if not raises_on and any(
                one is None or ast.unparse(one) in {"Exception", "BaseException"} for one in caught
            ):
                yield source.at(node, "catches everything: name what may happen, let the cell catch the rest")


def files_are_short(source: Source) -> Iterator[str]:
    """Lines of code, without blank lines, comments and docstrings."""
    allowed = ratchet.FILE_LINES.get(source.path, FILE_LINES_MAX)
    lines = code_lines(source, source.tree)
    if lines > allowed:
        yield source.at(source.tree, f"has {lines} lines of code, at most {allowed}: which two promises does it make?")


def functions_fit_a_screen(source: Source) -> Iterator[str]:
    """Lines of code of one function, with its signature, without its docstring."""
    for node in source.nodes:
        if isinstance(node, FUNCTIONS):
            allowed = ratchet.FUNCTION_LINES.get(f"{source.path}:{node.name}", FUNCTION_LINES_MAX)
            lines = code_lines(source, node)
            if lines > allowed:
                yield source.at(node, f"{node.name} has {lines} lines of code, at most {allowed}")


def code_lines(source: Source, scope: ast.AST) -> int:
    """How many lines of this file or function carry code."""
    first, last = getattr(scope, "lineno", 1), getattr(scope, "end_lineno", None)
    lines = source.text.splitlines()
    wanted = set(range(first, (last or len(lines)) + 1))
    for node in ast.walk(scope):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            wanted -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sum(1 for number in wanted if lines[number - 1].strip() and not lines[number - 1].strip().startswith("#"))


def every_module_says_its_promise(source: Source) -> Iterator[str]:
    """The first paragraph of the docstring is the promise."""
    docstring = ast.get_docstring(source.tree)
    if not docstring:
        yield source.at(source.tree, "has no docstring: say its one promise")
    elif not docstring.split("\n\n")[0].rstrip().endswith((".", ":", "?")):
        yield source.at(source.tree, "its promise is no sentence: end it with a full stop")


def names_say_something(source: Source) -> Iterator[str]:
    """manager, helper and utils say nothing; the field has words."""
    for node, name in _defined_names(source):
        banned = BANNED_WORDS & set(words(name))
        if banned:
            yield source.at(node, f"the name {name} says nothing with {min(banned)!r}: use the field's word")


def words(name: str) -> list[str]:
    """The words of snake_case and CamelCase names, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def _defined_names(source: Source) -> Iterator[tuple[ast.AST, str]]:
    yield source.tree, source.path.rsplit("/", 1)[-1].removesuffix(".py")
    for node in source.nodes:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node, node.name
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node, node.attr


def third_parties_are_few(source: Source) -> Iterator[str]:
    """Nothing is imported that its package was not given."""
    allowed = THIRD_PARTY.get(source.package, set())
    for node, module in imported(source):
        root = module.split(".")[0]
        if root not in sys.stdlib_module_names and root not in PRODUCT and root not in allowed:
            yield source.at(node, f"imports {root}: {source.package} may have {', '.join(sorted(allowed))}")
