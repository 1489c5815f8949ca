"""Names of columns, and whose bars a file holds that does not say so: what is left of its name without the rest."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from adapters.tables.errors import BadTable

_ENDINGS: Final = re.compile(
    r"[-_ .](?:\d+(?:s|m|min|h|d|w|mo)|\d{4}-?\d{2}(?:-?\d{2})?|to|bars|candles|klines|ohlcv?|trades|quotes|ticks)$",
    re.IGNORECASE,
)


def symbol_of(path: Path) -> str:
    """`BTCUSDT_2022-08-01_2023-04-01.parquet` and `BTCUSDT-5m-2024-01.csv` are BTCUSDT; slashes are not guessed."""
    name = path.name.partition(".")[0]
    while (shorter := _ENDINGS.sub("", name)) not in ("", name):
        name = shorter
    return name


def plain_names(path: Path, columns: Iterable[str]) -> dict[str, str]:
    """The columns of a file by plain names, small and with `_` between words; raises BadTable where two are alike."""
    names: dict[str, str] = {}
    for column in columns:
        plain = re.sub(r"[ .-]+", "_", column.lower())
        if plain in names:
            raise BadTable(f"{path}: columns {names[plain]!r} and {column!r} are alike, expected one of them")
        names[plain] = column
    return names
