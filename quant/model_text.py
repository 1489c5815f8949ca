"""The text of a booster, read without LightGBM: only what it would have written itself comes through.

LightGBM trusts what it loads: a child out of range ends the process, a cycle makes `predict` run for ever. So every
line must stand where LightGBM puts it, every number must be one, every tree must be a tree, and nothing may be left
over. What is checked here is structure; that the numbers are the right ones is for hashes and golden vectors.
"""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple

TREES_MAX: Final = 1000
LEAVES_MAX: Final = 64
INPUTS_MAX: Final = 1024
BYTES_MAX: Final = 8_000_000
VALUE_MAX: Final = 100.0
"""Targets are winsorised at 8 deviations, so no leaf and no sum of leaves is near this."""

_NUMBER: Final = r"-?\d{1,24}(?:\.\d{1,24})?(?:e[+-]\d{1,3})?"
_COUNT: Final = r"-?\d{1,10}"
_FLOATS: Final = re.compile(rf"(?:{_NUMBER}(?: {_NUMBER})*)?")
_COUNTS: Final = re.compile(rf"(?:{_COUNT}(?: {_COUNT})*)?")
_RANGE: Final = re.compile(rf"none|\[{_NUMBER}:{_NUMBER}\]")

_HEADER: Final = ("tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0")
_DECISIONS: Final = frozenset({0, 2, 4, 6, 8, 10})
"""Numerical splits only: default to the right or left, and no, zero or NaN as what is absent."""


class BadModelText(ValueError):
    """Text that no booster of ours would have; says where and what."""


class Examined(NamedTuple):
    """How many trees there are, and how many leaves on all of them."""

    trees: int
    leaves: int


class _Tree(NamedTuple):
    inputs: list[int]
    thresholds: list[float]
    decisions: list[int]
    left: list[int]
    right: list[int]
    values: list[float]
    leaf_counts: list[int]
    counts: list[int]


def examine(text: str, inputs: int) -> Examined:
    """Check a booster's canonical text for that many inputs; raises BadModelText."""
    if not 0 < inputs <= INPUTS_MAX:
        raise BadModelText(f"{inputs} inputs, expected 1 to {INPUTS_MAX}")
    if len(text) > BYTES_MAX or not text.isascii():
        raise BadModelText(f"{len(text)} letters, expected at most {BYTES_MAX} and ASCII alone")
    head, gap, body = text.partition("\n\n")
    if not gap:
        raise BadModelText("the header has no end")
    sizes = _sizes(head.split("\n"), inputs)
    if body[sum(sizes) :] != "end of trees\n":
        raise BadModelText("after the trees comes something else than their end")
    place, leaves = 0, 0
    for number, size in enumerate(sizes):
        leaves += len(_tree(body[place : place + size], number, inputs).values)
        place += size
    return Examined(len(sizes), leaves)


def first_trees(text: str, rounds: int) -> str:
    """The same booster with its first trees alone; all of them where it has fewer. `text` is canonical."""
    head, _, body = text.partition("\n\n")
    start, _, sizes = head.rpartition("=")
    kept = sizes.split(" ")[:rounds]
    return f"{start}={' '.join(kept)}\n\n{body[: sum(int(each) for each in kept)]}end of trees\n"


def _sizes(lines: list[str], inputs: int) -> list[int]:
    names = " ".join(f"Column_{number}" for number in range(inputs))
    expected = (*_HEADER, f"max_feature_idx={inputs - 1}", "objective=quantile", f"feature_names={names}")
    for line, wanted in zip(lines, expected):
        if line != wanted:
            raise BadModelText(f"header line was {line[:60]!r}, expected {wanted[:60]!r}")
    if len(lines) != len(expected) + 2:
        raise BadModelText(f"the header has {len(lines)} lines, expected {len(expected) + 2}")
    ranges = _after("feature_infos=", lines[-2]).split(" ")
    if len(ranges) != inputs or not all(_RANGE.fullmatch(each) for each in ranges):
        raise BadModelText(f"feature_infos has {len(ranges)} entries or one that is no range, expected {inputs} ranges")
    sizes = _counts("tree_sizes", _after("tree_sizes=", lines[-1]))
    if not 1 <= len(sizes) <= TREES_MAX or min(sizes) < 1:
        raise BadModelText(f"{len(sizes)} trees, expected 1 to {TREES_MAX}, each of some size")
    return sizes


def _tree(block: str, number: int, inputs: int) -> _Tree:
    lines = block.split("\n")
    if len(lines) != 20 or lines[0] != f"Tree={number}" or lines[17:] != ["", "", ""]:
        raise BadModelText(f"tree {number} does not have its 17 lines where its size says")
    (leaves,) = _counts("num_leaves", _after("num_leaves=", lines[1]), 1)
    if not 1 <= leaves <= LEAVES_MAX:
        raise BadModelText(f"tree {number} has {leaves} leaves, expected 1 to {LEAVES_MAX}")
    if lines[2] != "num_cat=0" or lines[15] != "is_linear=0":
        raise BadModelText(f"tree {number} is categorical or linear: {lines[2][:20]!r}, {lines[15][:20]!r}")
    splits = leaves - 1
    tree = _Tree(
        inputs=_counts("split_feature", _after("split_feature=", lines[3]), splits),
        thresholds=_thresholds(_after("threshold=", lines[5]), splits),
        decisions=_counts("decision_type", _after("decision_type=", lines[6]), splits),
        left=_counts("left_child", _after("left_child=", lines[7]), splits),
        right=_counts("right_child", _after("right_child=", lines[8]), splits),
        values=_floats("leaf_value", _after("leaf_value=", lines[9]), leaves),
        leaf_counts=_counts("leaf_count", _after("leaf_count=", lines[11]), leaves),
        counts=_counts("internal_count", _after("internal_count=", lines[14]), splits),
    )
    _floats("split_gain", _after("split_gain=", lines[4]), splits)
    _floats("leaf_weight", _after("leaf_weight=", lines[10]), leaves)
    _floats("internal_value", _after("internal_value=", lines[12]), splits)
    _floats("internal_weight", _after("internal_weight=", lines[13]), splits)
    (shrinkage,) = _floats("shrinkage", _after("shrinkage=", lines[16]), 1)
    if not 0.0 < shrinkage <= 1.0:
        raise BadModelText(f"tree {number} has shrinkage {shrinkage}, expected above 0 and at most 1")
    _raise_what_is_no_tree(tree, number, inputs)
    return tree


def _raise_what_is_no_tree(tree: _Tree, number: int, inputs: int) -> None:
    if not all(0 <= each < inputs for each in tree.inputs):
        raise BadModelText(f"tree {number} splits on an input outside 0 to {inputs - 1}")
    if not all(each in _DECISIONS for each in tree.decisions):
        raise BadModelText(f"tree {number} has a split that is none of ours")
    if not all(abs(each) <= VALUE_MAX for each in tree.values):
        raise BadModelText(f"tree {number} has a leaf beyond {VALUE_MAX}")
    if min(tree.leaf_counts) < 0:
        raise BadModelText(f"tree {number} has a leaf of fewer than no rows")
    splits, leaves = len(tree.left), len(tree.values)
    children = sorted(tree.left + tree.right)
    if splits and children != [*range(-leaves, 0), *range(1, splits)]:
        raise BadModelText(f"tree {number} has a child out of range, twice or never")
    if splits and _rows_below_root(tree, number) != tree.counts[0]:
        raise BadModelText(f"tree {number} does not have the rows of its leaves at the root")


def _rows_below_root(tree: _Tree, number: int) -> int:
    """Walk from the root; every split has one parent, so what is not reached lies on a cycle."""
    waiting, reached, rows = [0], 0, 0
    while waiting:
        split = waiting.pop()
        reached += 1
        below = 0
        for child in (tree.left[split], tree.right[split]):
            if child < 0:
                rows += tree.leaf_counts[~child]
                below += tree.leaf_counts[~child]
            else:
                waiting.append(child)
                below += tree.counts[child]
        if below != tree.counts[split]:
            raise BadModelText(f"tree {number} counts {tree.counts[split]} rows at split {split}, below it {below}")
    if reached != len(tree.left):
        raise BadModelText(f"tree {number} goes round: {len(tree.left) - reached} of its splits are never reached")
    return rows


def _thresholds(text: str, count: int) -> list[float]:
    """Finite, or `inf`, by which LightGBM parts what is known from what is absent."""
    numbers = text.split(" ") if text else []
    known = _floats("threshold", " ".join("0" if each == "inf" else each for each in numbers), count)
    return [math.inf if said == "inf" else number for said, number in zip(numbers, known)]


def _after(key: str, line: str) -> str:
    if not line.startswith(key):
        raise BadModelText(f"a line was {line[:40]!r}, expected {key}...")
    return line[len(key) :]


def _counts(name: str, text: str, count: int | None = None) -> list[int]:
    if not _COUNTS.fullmatch(text):
        raise BadModelText(f"{name} was {text[:60]!r}, expected whole numbers")
    numbers = [int(each) for each in text.split()]
    if count is not None and len(numbers) != count:
        raise BadModelText(f"{name} has {len(numbers)} entries, expected {count}")
    return numbers


def _floats(name: str, text: str, count: int) -> list[float]:
    if not _FLOATS.fullmatch(text):
        raise BadModelText(f"{name} was {text[:60]!r}, expected numbers")
    numbers = [float(each) for each in text.split()]
    if len(numbers) != count or not all(math.isfinite(each) for each in numbers):
        raise BadModelText(f"{name} has {len(numbers)} entries or one beyond all bounds, expected {count} finite ones")
    return numbers
