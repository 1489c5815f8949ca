"""Whether an order costs the same however many came before it: `bench.history.lengths` as programs, medians."""

import statistics
import sys
from collections.abc import Callable
from typing import Final

from bench.history.children import Child, run

PILES: Final = ((100_000, 250), (10_000, 1))
"""Orders of one backtest, and over how many instruments."""

LIMIT_S: Final = 600.0


def measure(rounds: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Microseconds of CPU an order in the first and in the last tenth, and the last against the first, by width."""
    figures: dict[str, float] = {}
    for orders, instruments in PILES:
        children: list[Child] = []
        for number in range(rounds):
            child = run([sys.executable, "-m", "bench.history.lengths", str(orders), str(instruments)], limit_s=LIMIT_S)
            if child is None:
                raise RuntimeError(f"a backtest of {orders} orders over {instruments} instruments failed")
            children.append(child)
            tell(f"{orders:,} orders over {instruments} instruments: round {number + 1} of {rounds}")
        for name, tenth in (("first", 0), ("last", -1)):
            figures[f"us_per_order_{name}_tenth_{instruments}"] = statistics.median(
                child.said["us_an_order"][tenth] for child in children
            )
        figures[f"last_to_first_{instruments}"] = statistics.median(child.said["last_to_first"] for child in children)
    return figures
