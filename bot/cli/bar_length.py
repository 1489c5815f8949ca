"""`--bar`: a profile in bars of another length than its own, and what to do where a data set has none of its length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.cli.errors import BAD_CONFIGURATION, Fail
from bot.cli.evaluate import UNITS_S, a_duration

SECTIONS: Final = ("feed", "bars", "features", "regime", "risk")
"""The sections that say how long a bar is; where they differ a profile is refused."""

Bar = Annotated[
    float | None,
    typer.Option("--bar", metavar="TIME", parser=a_duration, help="Bars of this length, not of the profile's: 1h."),
]


def in_bars_of(bar_s: float | None, profile: str, environment: Mapping[str, str]) -> list[str]:
    """The `key=value` pairs that tell a profile in bars of this length; none where no length is given.

    Every section gets the length. Nothing is asked or said of less than a bar: a cadence, a horizon or the pace of an
    agent's labels that is shorter becomes one bar. Raises BadConfiguration for a profile that cannot be read.
    """
    if bar_s is None:
        return []
    from bot.configuration import layers

    values = layers(profile, environment).values
    horizon_s = max(bar_s, _number(values.get("horizon_s")))
    pairs: dict[str, float] = {f"{section}.bar_s": bar_s for section in SECTIONS}
    pairs |= {"features.horizon_bars": max(1, round(horizon_s / bar_s))}
    pairs |= {path: bar_s for path, seconds in _spans(values) if seconds < bar_s}
    return [f"{path}={value:.15g}" for path, value in pairs.items()]


def check_length(data: Path, bar_s: float) -> None:
    """Raise Fail where a data set has bars, and none of this length, with what to do about it."""
    from adapters.catalog.manifest import read_manifest

    manifest = read_manifest(data)
    lengths = manifest.bar_lengths()
    if bar_s in lengths or not lengths:
        return
    there, asked = ", ".join(told(each) for each in lengths), told(bar_s)
    raise Fail(
        f"data set {manifest.name} has bars of {there}, the profile asks for {asked}; "
        f"take those that are there with --bar {told(lengths[0])}"
        + (f", or make others with: bot data resample {data} --bar {asked}" if min(lengths) < bar_s else ""),
        BAD_CONFIGURATION,
    )


def told(seconds: float) -> str:
    """Seconds as an option takes them: `1h`, `5m`, `90s`."""
    units = [(unit, each) for unit, each in UNITS_S.items() if unit in ("d", "h", "m") and seconds % each == 0]
    unit, length = max(units, key=lambda each: each[1], default=("s", 1.0))
    return f"{seconds / length:g}{unit}"


def _spans(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every duration of a profile that bars bound from below, by its path."""
    yield "horizon_s", _number(values.get("horizon_s"))
    yield "cadence.decide_s", _number(_section(values, "cadence").get("decide_s"))
    for name, agent in _section(values, "agents").items():
        if isinstance(agent, Mapping):
            yield from ((f"agents.{name}.{key}", _number(agent.get(key))) for key in ("horizon_s", "label_s"))


def _section(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> float:
    """A number of the profile; what is none is refused when the profile is checked, so that no bar is longer."""
    return float(value) if isinstance(value, int | float) else float("inf")
