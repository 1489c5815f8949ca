"""What a feature is: a declaration whose hash changes exactly when its numbers may.

A kernel takes the named windows, shape (..., window) with time last and oldest first, and the values (...,) of the
features it depends on, and reduces the last axis. Leading axes are free: a stream passes (instruments, window), a
batch passes (instruments, times, window), and both run the same code. Instruments are always the first axis.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import CodeType, FunctionType

from quant.rolling import Floats

Kernel = Callable[..., Floats]
Reduce = Callable[..., tuple[Floats, ...]]
Reduction = tuple[Reduce, tuple[str, ...], int]
"""What is reduced: how, of which columns, over how many rows."""

RULES = {
    "R1": "the last closed bar only",
    "R2": "quotes and trades by local receive time",
    "R3": "funding as predicted and as received; the settled rate after settlement",
    "R4": "the cross-section of one instant, no price staler than two bars",
    "R5": "the calendar, in UTC",
    "R6": "macro figures by the release of that vintage",
    "R7": "texts by the time they were fetched",
    "R8": "every normaliser from what was known by then",
    "R9": "outcomes from closed labels only",
}
GRIDS = ("clock", "bar", "hour", "trade", "book", "perp_minute", "perp_hour", "context_hour", "context_day")
"""What the rows of a window are: every push of clock, bar, trade or book; an hour of bars (or one bar where bars are
longer); or the last value said in each minute, hour or day, the newest row being the value now."""
DAY_ROWS = {"bar": 1440, "hour": 24}
"""Rows a day for which the windows of features given in days are declared."""


@dataclass(frozen=True)
class Feature:
    """One feature: `kernel(*windows of inputs, *values of deps, **params)`.

    `window` rows of every input are handed to the kernel; the first value appears with row `warmup` of the stream
    when none is absent. What several features take of the same windows is a `reduce`: it is given the windows, and the
    kernel is given its answers (a tuple of arrays) in their place, so that the work is done once for all of them.
    `rule` names the availability rules of RULES, `grid` the kind of rows it lives on (GRIDS). A feature with `rows_min`
    is defined over days: where a day has fewer rows than DAY_ROWS its window and warm-up shrink in proportion, down to
    `rows_min`. `cross` features see all instruments at once, on the first axis.
    """

    name: str
    formula: str
    kernel: Kernel
    window: int
    warmup: int
    grid: str
    inputs: tuple[str, ...]
    rule: str
    version: int = 1
    deps: tuple[str, ...] = ()
    params: tuple[tuple[str, float], ...] = ()
    rows_min: int = 0
    cross: bool = False
    reduce: Reduce | None = None

    def __post_init__(self) -> None:
        if unknown := [rule for rule in self.rule.split() if rule not in RULES]:
            raise ValueError(f"feature {self.name}: rule {unknown[0]!r}, expected some of {', '.join(RULES)}")
        if self.grid not in GRIDS:
            raise ValueError(f"feature {self.name}: grid {self.grid!r}, expected one of {', '.join(GRIDS)}")
        if self.window < 1 or self.warmup < 1:
            raise ValueError(f"feature {self.name}: window {self.window}, warm-up {self.warmup}, expected 1 or more")

    def rows(self, bar_s: float, rows: int | None = None) -> int:
        """How many rows `rows` (its window for None) are with bars of `bar_s`."""
        declared = self.window if rows is None else rows
        if not self.rows_min:
            return declared
        day_rows = min(DAY_ROWS[self.grid], 86_400.0 / bar_s)
        return max(min(self.rows_min, declared), 1 + round((declared - 1) * day_rows / DAY_ROWS[self.grid]))

    def __call__(self, windows: Iterable[Floats], values: Mapping[str, Floats]) -> Floats:
        return self.finish(windows if self.reduce is None else self.reduce(*windows), values)

    def finish(self, reduced: Iterable[Floats], values: Mapping[str, Floats]) -> Floats:
        """The value from what `reduce` answered (from the windows where there is none)."""
        return self.kernel(*reduced, *[values[name] for name in self.deps], **self.named_params)

    @cached_property
    def named_params(self) -> dict[str, float]:
        return dict(self.params)


def of_bars(
    name: str,
    formula: str,
    kernel: Kernel,
    window: int,
    inputs: tuple[str, ...],
    warmup: int,
    deps: tuple[str, ...] = (),
    params: tuple[tuple[str, float], ...] = (),
    reduce: Reduce | None = None,
    rule: str = "R1",
) -> Feature:
    """A feature of closed bars, one row each."""
    return Feature(name, formula, kernel, window, warmup, "bar", inputs, rule, deps=deps, params=params, reduce=reduce)


class Registry:
    """Features in their order, each after those it depends on. Raises ValueError naming what does not fit."""

    def __init__(self, features: Iterable[Feature]) -> None:
        self.features = tuple(features)
        self.index: dict[str, int] = {}
        for position, feature in enumerate(self.features):
            if feature.name in self.index:
                raise ValueError(f"feature {feature.name} is declared twice")
            if missing := [dep for dep in feature.deps if dep not in self.index]:
                raise ValueError(f"feature {feature.name} comes before what it depends on: {', '.join(missing)}")
            self.index[feature.name] = position

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, name: str) -> Feature:
        return self.features[self.index[name]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.index)

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """SHA-256 of each feature: kernel source, parameters, inputs, and the hashes of its dependencies."""
        hashes: dict[str, str] = {}
        for feature in self.features:
            hashes[feature.name] = _feature_hash(feature, [hashes[dep] for dep in feature.deps])
        return hashes

    @cached_property
    def schema_hash(self) -> str:
        """SHA-256 of the ordered features: what a model was trained on and what it is served."""
        return _sha256(f"{name}:{digest}" for name, digest in self.hashes.items())


def _feature_hash(feature: Feature, dependencies: list[str]) -> str:
    facts = [
        feature.name,
        str(feature.version),
        f"{feature.window}/{feature.warmup}/{feature.rows_min}/{feature.grid}/{feature.rule}",
        ",".join(feature.inputs),
        repr(sorted(feature.params)),
        *dependencies,
        *code_of(feature.kernel),
        *(code_of(feature.reduce) if feature.reduce is not None else ()),
    ]
    return _sha256(facts)


@cache
def code_of(kernel: Kernel | Reduce) -> tuple[str, ...]:
    """The source, without docstrings and layout, of a kernel and of every function of this package it reaches.

    Plain constants it reaches by name are part of it too, so that a changed decay changes the hash.
    """
    seen: dict[str, str] = {}
    _collect(kernel, seen)
    return tuple(f"{name}={code}" for name, code in sorted(seen.items()))


def _collect(function: Kernel | Reduce, seen: dict[str, str]) -> None:
    if not isinstance(function, FunctionType):
        raise TypeError(f"kernel {function!r} is not a plain function, so its source cannot be hashed")
    name = f"{function.__module__}.{function.__qualname__}"
    if name in seen:
        return
    seen[name] = _tree_of(function)
    for reached in sorted(_names(function.__code__)):
        value = inspect.unwrap(function.__globals__.get(reached))  # type: ignore[arg-type]
        if isinstance(value, FunctionType) and value.__module__.startswith("quant."):
            _collect(value, seen)
        elif isinstance(value, int | float | str | tuple):
            seen[f"{function.__module__}.{reached}"] = repr(value)


def _names(code: CodeType) -> set[str]:
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


@cache
def _tree_of(function: FunctionType) -> str:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    if isinstance(definition, ast.FunctionDef) and ast.get_docstring(definition) is not None:
        definition.body = definition.body[1:]
    return ast.unparse(tree)


def _sha256(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
