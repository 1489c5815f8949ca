"""The rule that nothing in the core walks over a set: its order differs between two processes."""

import ast
from collections.abc import Iterator

from tests.architecture.calls import CORE
from tests.architecture.source import Source

SET_MAKERS = {"set", "frozenset"}
SET_TYPES = {"set", "frozenset", "Set", "AbstractSet", "MutableSet", "FrozenSet"}
SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}
WALKERS = {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "dict", "deque", "join", "extend"}
SET_OPERATORS = (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)


def no_walk_over_a_set(source: Source) -> Iterator[str]:
    """`sorted(...)` first; asking whether something is in a set stays fine."""
    if not source.is_in(*CORE):
        return
    names = _names_of_sets(source.tree)
    for node in source.nodes:
        for walked in _walked(node):
            if _is_a_set(walked, names):
                yield source.at(walked, f"walks over a set ({ast.unparse(walked)[:60]}): sort it first")


def _walked(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.iter
    elif isinstance(node, ast.Starred):
        yield node.value
    elif isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in WALKERS:
            yield from node.args


def _is_a_set(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Name):
            return called.id in SET_MAKERS
        return isinstance(called, ast.Attribute) and called.attr in SET_METHODS and _is_a_set(called.value, names)
    if isinstance(node, ast.BinOp) and isinstance(node.op, SET_OPERATORS):
        return _is_a_set(node.left, names) or _is_a_set(node.right, names)
    return ast.unparse(node) in names if isinstance(node, ast.Name | ast.Attribute) else False


def _names_of_sets(tree: ast.Module) -> set[str]:
    """Names and attributes that this file annotates as sets or makes sets of."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and _is_a_set_type(node.annotation):
            names |= _both_spellings(node.target)
        elif isinstance(node, ast.arg) and node.annotation is not None and _is_a_set_type(node.annotation):
            names.add(node.arg)
        elif isinstance(node, ast.Assign) and _is_a_set(node.value, names):
            for target in node.targets:
                names |= _both_spellings(target)
    return names


def _both_spellings(target: ast.expr) -> set[str]:
    """A field annotated in a class body is read as `self.field`, or of some other object, later."""
    text = ast.unparse(target)
    return {text} if "." in text else {text, f"self.{text}", f"self.state.{text}"}


def _is_a_set_type(annotation: ast.expr) -> bool:
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    if isinstance(base, ast.Name) and base.id in {"Final", "ClassVar"} and isinstance(annotation, ast.Subscript):
        return _is_a_set_type(annotation.slice)
    return ast.unparse(base).split(".")[-1] in SET_TYPES
