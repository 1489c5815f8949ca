"""Keel beside NautilusTrader on quotes told one by one: the same quotes, orders and fees, in turns.

vnpy, whose goal is in the design, does not install where these peers do; the others of the bars have no quotes.
"""

import sys
from collections.abc import Callable
from typing import Final

from bench.history.beside import PEERS, PEERS_PYTHON, Engine, Rows, in_turns

OF_ONE: Final[Rows] = {"none": 500_000, "cross": 50_000, "active": 20_000}
OF_MANY: Final[Rows] = {"none": 500_000, "cross": 5_000, "active": 5_000}
"""Quotes in all, of 250 instruments."""

KEEL: Final = (sys.executable, "-m", "bench.history.tick_engine")
ENGINES: Final = (
    Engine("Keel", KEEL, OF_ONE, OF_MANY),
    Engine("Keel, read from disk", (*KEEL, "--from-disk"), {"none": 500_000}, {"none": 500_000}),
    Engine("NautilusTrader", (str(PEERS_PYTHON), str(PEERS / "nautilus_quotes.py")), OF_ONE, OF_MANY),
)


def measure(rounds: int, tell: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Quotes a CPU second by engine, instruments and style, CPU microseconds of an order, and the peak of memory."""
    tell("vnpy is not installed here: left out")
    return in_turns(ENGINES, rounds, tell, same_orders=True)
