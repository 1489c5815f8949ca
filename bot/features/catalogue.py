"""Every feature as a row for people: what it is called, made of, looks back on, and by which hash it is known."""

import difflib
import functools
from collections.abc import Iterable
from typing import Final

import msgspec

from quant.features.book import BOOK
from quant.features.calendar import CALENDAR
from quant.features.context import CONTEXT
from quant.features.cross_section import CROSS_SECTION
from quant.features.engine import REGISTRY
from quant.features.perp import PERP
from quant.features.registry import RULES, Feature, code_of
from quant.features.reversion import REVERSION
from quant.features.trend import TREND
from quant.features.variance import VARIANCE
from quant.features.volume import VOLUME

GROUPS: Final = {
    "A trend": TREND,
    "B mean reversion": REVERSION,
    "C volatility": VARIANCE,
    "D trades and volume": VOLUME,
    "E order book": BOOK,
    "F perpetuals": PERP,
    "G cross-section": CROSS_SECTION,
    "H calendar": CALENDAR,
    "I macro and texts": CONTEXT,
}
MARKDOWN_HEAD: Final = "| name | formula | inputs | window | warm-up | rule | version |\n|---|---|---|---|---|---|---|"


class NotThere(Exception):
    """No feature or instrument of that name; exit code 3."""


class FeatureNotFound(NotThere):
    """No feature of that name."""


class Row(msgspec.Struct, frozen=True):
    """One feature; `window` and `warmup` count rows of its `grid`, `source` is where those come from."""

    name: str
    group: str
    formula: str
    source: str
    grid: str
    inputs: tuple[str, ...]
    window: int
    warmup: int
    rule: str
    version: int
    hash: str


class Description(msgspec.Struct, frozen=True):
    """One feature in full: its row, the rules it obeys, what it depends on, and the code that is hashed."""

    row: Row
    rules: dict[str, str]
    deps: tuple[str, ...]
    parameters: dict[str, float]
    cross: bool
    code: dict[str, str]


@functools.cache
def rows() -> tuple[Row, ...]:
    """All features in the order of the schema."""
    groups = {feature.name: group for group, features in GROUPS.items() for feature in features}
    return tuple(_row(feature, groups[feature.name]) for feature in REGISTRY)


def described(name: str) -> Description:
    """Everything about one feature; raises FeatureNotFound naming those that are near."""
    if name not in REGISTRY.index:
        near = difflib.get_close_matches(name, REGISTRY.names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see `bot features list`"
        raise FeatureNotFound(f"no feature {name!r}; {hint}")
    feature = REGISTRY[name]
    code = dict(part.split("=", 1) for part in code_of(feature.kernel))
    return Description(
        row=rows()[REGISTRY.index[name]],
        rules={rule: RULES[rule] for rule in feature.rule.split()},
        deps=feature.deps,
        parameters=dict(feature.params),
        cross=feature.cross,
        code=code,
    )


def markdown(shown: Iterable[Row]) -> str:
    """The rows as one table per group, as `docs/features.md` has them; hashes are left out, because they change with
    every line of a kernel.
    """
    found = list(shown)
    parts = []
    for group in dict.fromkeys(row.group for row in found):
        lines = [_markdown_row(row) for row in found if row.group == group]
        parts.append("\n".join([f"### {group} ({len(lines)})", "", MARKDOWN_HEAD, *lines]))
    return "\n\n".join(parts) + "\n"


def _markdown_row(row: Row) -> str:
    formula = row.formula.replace("|", "\\|")
    inputs = ", ".join(f"`{name}`" for name in row.inputs)
    window = f"{row.window} {row.grid}"
    return f"| `{row.name}` | {formula} | {inputs} | {window} | {row.warmup} | {row.rule} | {row.version} |"


def _row(feature: Feature, group: str) -> Row:
    return Row(
        name=feature.name,
        group=group,
        formula=feature.formula,
        source={"hour": "bar", "clock": "time"}.get(feature.grid, feature.grid.partition("_")[0]),
        grid=feature.grid,
        inputs=feature.inputs or feature.deps,
        window=feature.window,
        warmup=feature.warmup,
        rule=feature.rule,
        version=feature.version,
        hash=REGISTRY.hashes[feature.name],
    )
