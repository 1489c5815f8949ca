"""Explanations for people: the chain behind an order in aligned lines, numbers rounded, nothing said twice."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from bot.why import Explanation, Link
from contracts.codec import encode_json

LEFT_OUT: Final = frozenset(
    {"client_id", "symbol", "universe", "based_on", "blend", "levels", "quantiles", "agents", "schema", "epoch"}
    | {"last_id", "frame", "updates", "stack", "experts", "expert_weights"}
)
"""Fields that are said already, that number messages, or that only a program reads; `--json` has them all."""

LEFT_OUT_ENDINGS: Final = ("_seq", "_ns", "_version")
LONG_FRACTION: Final = re.compile(r"-?\d+\.\d{7,}")
RETURNS: Final = frozenset({"mu", "sigma", "mu_error", "scale", "es_long", "es_short"})
"""Returns, told in hundredths of a percent."""

STEPS: Final = {"Fill": "fill", "Execution": "fill", "Order": "order"}
PRICES_FROM: Final = 100.0
"""From here on five digits would cut the cents off a price."""

INDENT: Final = 54
WIDTH: Final = 120


def told(explanation: Explanation) -> Iterator[str]:
    """The lines of an explanation, last thing first."""
    day = explanation.chain[0].at[:10] if explanation.chain else ""
    yield f"{explanation.client_id} on {explanation.symbol}, {day}, the last thing first"
    before = ""
    for link in explanation.chain:
        if link.at[:10] != day:
            day = link.at[:10]
            yield f"on {day}"
        step = STEPS.get(link.type, link.step)
        head = f"{step if step != before else '':<11} {link.at[11:23]}  seq {link.seq:<8} {link.type}"
        before = step
        yield from _wrapped(head, _facts(link))


def _facts(link: Link) -> list[str]:
    if set(link.says) == {"digest"}:
        return ["derived: kept as a digest, which `bot replay` proves"]
    facts = []
    for name, value in _flat(msgspec.json.decode(encode_json(link.says))):
        if value is None or value is False or value in ("", []):
            continue
        if name in LEFT_OUT or name.endswith(LEFT_OUT_ENDINGS):
            continue
        facts.append(name if value is True else f"{name} {_number(name, value)}")
    return facts


def _flat(says: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Fields in order; those of a nested value stand in its place, weights under their agents' names."""
    for name, value in says.items():
        if not isinstance(value, Mapping):
            yield name, value
            continue
        for inner, part in value.items():
            yield (f"weight of {inner}" if name == "weights" else inner), part


def _number(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"{each:.3g}" if isinstance(each, float) else str(each) for each in value)
    if not isinstance(value, float):
        return f"{float(value):.6f}" if LONG_FRACTION.fullmatch(str(value)) else str(value)
    if name in RETURNS:
        return f"{value * 1e4:.2f} bps"
    if abs(value) >= PRICES_FROM:
        return f"{value:.8g}"
    return f"{value:.5g}" if abs(value) >= 0.01 else f"{value:.3g}"


def _wrapped(head: str, facts: list[str]) -> Iterator[str]:
    """One line, or as many as the facts need below each other."""
    line = f"{head:<{INDENT}}"
    for fact in facts:
        if len(line) > INDENT and len(line) + len(fact) > WIDTH:
            yield line.rstrip()
            line = " " * INDENT
        line += f"{fact}  "
    yield line.rstrip()
