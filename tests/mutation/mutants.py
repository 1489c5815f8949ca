"""Mutants: every place in a source where one small thing could be wrong, and the source with that thing wrong."""

import ast
import copy
import difflib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

FLIPS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
BOUNDARIES: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
SIGNS: Final[dict[type[ast.operator], type[ast.operator]]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}
TEXTS: Final = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)


class Mutant(NamedTuple):
    """One small thing wrong: `source` is the whole file with it."""

    path: Path
    line: int
    kind: str
    source: str

    def diff(self, root: Path) -> str:
        """What differs from the file under a root."""
        was = (root / self.path).read_text(encoding="utf-8").splitlines()
        name = str(self.path)
        return "\n".join(difflib.unified_diff(was, self.source.splitlines(), name, name, lineterm="", n=1))


class Site(NamedTuple):
    """A place in a file, and what would be wrong there."""

    path: Path
    text: str
    kind: str
    node: "Place"
    wrong: ast.AST

    def mutant(self) -> Mutant:
        return Mutant(self.path, self.node.lineno, self.kind, _replaced(self.text, self.node, self.wrong))


def chosen(root: Path, groups: dict[str, tuple[Path, ...]], count: int, seed: int) -> list[tuple[str, Mutant]]:
    """So many mutants, as many of each group, of all kinds, no place twice; the same for the same seed and sources."""
    chance = Random(seed)
    found: list[tuple[str, Mutant]] = []
    left = {group: _by_kind(root, paths) for group, paths in groups.items()}
    names = list(groups)
    while len(found) < count and any(left.values()):
        group = names[len(found) % len(names)]
        kind = chance.choice(sorted(left[group]))
        places = left[group][kind]
        found.append((group, places.pop(chance.randrange(len(places))).mutant()))
        if not places:
            del left[group][kind]
    return found


def sites_of(root: Path, path: Path) -> Iterator[Site]:
    """Every site of a file, in the order of the source."""
    text = (root / path).read_text(encoding="utf-8")
    for node, returns in _places(ast.parse(text), None):
        for kind, change in KINDS.items():
            wrong = change(node, returns)
            if wrong is not None:
                yield Site(path, text, kind, node, wrong)


def _by_kind(root: Path, paths: tuple[Path, ...]) -> dict[str, list[Site]]:
    found: dict[str, list[Site]] = {}
    for path in paths:
        for site in sites_of(root, path):
            found.setdefault(site.kind, []).append(site)
    return found


Place = ast.expr | ast.stmt


def _places(node: ast.AST, returns: ast.expr | None) -> Iterator[tuple[Place, ast.expr | None]]:
    """Expressions and statements that can be wrong: no annotations, texts, assertions or imports."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        returns = node.returns
        children: list[ast.AST] = list(node.body)
    elif isinstance(node, ast.JoinedStr | ast.Assert | ast.Import | ast.ImportFrom | ast.Raise):
        children = []
    elif isinstance(node, ast.AnnAssign):
        children = [node.value] if node.value is not None else []
    else:
        children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.expr | ast.stmt):
        yield node, returns
    for child in children:
        yield from _places(child, returns)


def _replaced(text: str, node: Place, wrong: ast.AST) -> str:
    assert node.end_lineno is not None and node.end_col_offset is not None
    lines = text.encode().splitlines(keepends=True)
    before = b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
    after = lines[node.end_lineno - 1][node.end_col_offset :] + b"".join(lines[node.end_lineno :])
    code = ast.unparse(ast.fix_missing_locations(wrong))
    inner = f"({code})" if isinstance(wrong, ast.expr) else code
    return (before + inner.encode() + after).decode()


def _compared(table: dict[type[ast.cmpop], type[ast.cmpop]]) -> "Change":
    def change(node: Place, returns: ast.expr | None) -> ast.AST | None:
        if not isinstance(node, ast.Compare) or type(node.ops[0]) not in table:
            return None
        return ast.Compare(node.left, [table[type(node.ops[0])](), *node.ops[1:]], node.comparators)

    return change


def _constant(node: Place, returns: ast.expr | None) -> ast.AST | None:
    value: Any = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return ast.Constant(_next(value))


def _next(number: float) -> float:
    return number + 1


def _dropped_not(node: Place, returns: ast.expr | None) -> ast.AST | None:
    return node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) else None


def _swapped_sign(node: Place, returns: ast.expr | None) -> ast.AST | None:
    if not isinstance(node, ast.BinOp | ast.AugAssign) or type(node.op) not in SIGNS:
        return None
    if isinstance(node, ast.AugAssign) and isinstance(node.value, ast.Call):
        return None  # most of these join lists or bytes, and would only be a TypeError
    operands = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
    if any(isinstance(each, TEXTS) or isinstance(getattr(each, "value", None), str | bytes) for each in operands):
        return None
    return _with_op(node, SIGNS[type(node.op)]())


def _with_op(node: ast.BinOp | ast.AugAssign, op: ast.operator) -> ast.AST:
    other = copy.copy(node)
    other.op = op
    return other


def _swapped_bool(node: Place, returns: ast.expr | None) -> ast.AST | None:
    if not isinstance(node, ast.BoolOp):
        return None
    return ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _removed(node: Place, returns: ast.expr | None) -> ast.AST | None:
    """A statement that acts on something: removing the birth of a name would only be a NameError."""
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    stored = isinstance(node, ast.Assign | ast.AugAssign) and isinstance(target, ast.Attribute | ast.Subscript)
    return ast.Pass() if called or stored else None


def _constant_return(node: Place, returns: ast.expr | None) -> ast.AST | None:
    if not isinstance(node, ast.Return) or node.value is None or isinstance(node.value, ast.Constant):
        return None
    name = returns.id if isinstance(returns, ast.Name) else ""
    values: dict[str, Any] = {"bool": True, "int": 1, "float": 1.0, "str": "", "bytes": b""}
    return ast.Return(ast.Constant(values.get(name)))


Change = Callable[[Place, ast.expr | None], ast.AST | None]

KINDS: Final[dict[str, Change]] = {
    "comparison flipped": _compared(FLIPS),
    "boundary moved": _compared(BOUNDARIES),
    "constant off by one": _constant,
    "not dropped": _dropped_not,
    "plus and minus swapped": _swapped_sign,
    "and and or swapped": _swapped_bool,
    "statement removed": _removed,
    "constant returned": _constant_return,
}
