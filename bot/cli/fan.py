"""A belief as one line of text: the fan of its quantiles around zero, darker where it is likelier, the mean marked."""

import math
from collections.abc import Sequence
from typing import Final

from rich.text import Text

WIDTH: Final = 21
SHADES: Final = ("·", "░", "▒", "▓")
"""From the outermost pair of quantiles inwards; pairs beyond the shades share the darkest."""


def widest(quantiles: Sequence[Sequence[float]]) -> float:
    """The largest distance from zero among the outer quantiles of several beliefs, so that their fans compare."""
    outer = [abs(value) for each in quantiles for value in (each[0], each[-1]) if math.isfinite(value)]
    return max(outer, default=0.0) or 1.0


def fan(quantiles: Sequence[float], mu: float, reach: float, width: int = WIDTH) -> Text:
    """The line from -reach to +reach; rising `quantiles`, symmetric pairs from the outside in. Green above zero."""
    if not all(math.isfinite(each) for each in (*quantiles, mu)):
        return Text("no belief", "dim")
    half = width // 2

    def place(value: float) -> int:
        return half + round(max(-1.0, min(1.0, value / reach)) * half)

    cells = [" "] * width
    for pair in range(len(quantiles) // 2):
        shade = SHADES[min(pair, len(SHADES) - 1)]
        for index in range(place(quantiles[pair]), place(quantiles[-1 - pair]) + 1):
            cells[index] = shade
    cells[half] = "│"
    cells[place(mu)] = "●"
    return Text("".join(cells), "green" if mu > 0 else "red")
