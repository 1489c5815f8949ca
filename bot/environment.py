"""Variables that override a profile: `BOT__SECTION__KEY`, one TOML value each, or plain text that needs no quotes."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

ENVIRONMENT_PREFIX: Final = "BOT__"
OF_A_VERB: Final = frozenset({"BOT__SINK__DSN", "BOT__SINK__PASSWORD"})
"""What `bot sink` and `bot doctor` read, and no profile has."""


class Override(NamedTuple):
    """One variable: the keys it leads through, its value as TOML reads it, and its text as it was written."""

    name: str
    path: tuple[str, ...]
    value: Any
    text: str


def overrides(
    environment: Mapping[str, str], values: Mapping[str, Any], number: Callable[[str], float]
) -> Iterator[Override]:
    """Every override in alphabetical order; `values` says how the keys are spelled that are there already.

    `number` reads a fraction. A name with an empty step, such as `BOT__`, has an empty key in its path.
    """
    for name in sorted(environment):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in OF_A_VERB:
            path = _path(name.removeprefix(ENVIRONMENT_PREFIX).split("__"), values)
            yield Override(name, path, _value(environment[name], number), environment[name])


def _path(steps: list[str], values: Mapping[str, Any]) -> tuple[str, ...]:
    table: Any = values
    path = []
    for step in steps:
        path.append(_spelled(step, table if isinstance(table, Mapping) else {}))
        table = table.get(path[-1]) if isinstance(table, Mapping) else None
    return tuple(path)


def _spelled(step: str, table: Mapping[str, Any]) -> str:
    """The key that a step means: one that is there in any case, else spelled as its neighbours, else in small letters.

    Variables are written in capitals, and so are currencies: `BOT__FEED__FX__USD` is `feed.fx.USD`.
    """
    known = next((key for key in table if key.lower() == step.lower()), None)
    if known is not None:
        return known
    return step.upper() if table and all(key.isupper() for key in table) else step.lower()


def _value(text: str, number: Callable[[str], float]) -> Any:
    try:
        read = tomllib.loads(f"value = {text}", parse_float=number)
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return read["value"] if len(read) == 1 else text
