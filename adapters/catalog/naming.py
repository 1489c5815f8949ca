"""Whose bars a file holds that does not say so: what is left of its name without the length and the dates."""

import re
from pathlib import Path
from typing import Final

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
