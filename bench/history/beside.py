"""Keel beside its peers: the same bars and strategies, in turns, five rounds; medians of CPU time."""

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench.history.children import ROOT, Child, run
from bench.history.peers.workload import STYLES

PEERS_PYTHON: Final = ROOT / ".venv-peers" / "bin" / "python"
PEERS: Final = Path(__file__).parent / "peers"
KEEL: Final = (sys.executable, "-m", "bench.history.engine")
LIMIT_S: Final = 240.0


Rows = Mapping[str, int]
"""How many rows of each instrument an engine is given, by style."""

BARS_1: Final[Rows] = dict.fromkeys(STYLES, 20_000)


class Engine(NamedTuple):
    """An engine: its command, and what it is given of one and of 250 instruments, None for never."""

    name: str
    command: tuple[str, ...]
    rows_1: Rows
    rows_250: Rows | None


ENGINES: Final = (
    Engine(
        "Keel", (sys.executable, "-m", "bench.history.engine"), BARS_1, {"none": 2_000, "cross": 400, "active": 400}
    ),
    Engine("NautilusTrader", (str(PEERS_PYTHON), str(PEERS / "nautilus.py")), BARS_1, dict.fromkeys(STYLES, 400)),
    Engine("backtrader", (str(PEERS_PYTHON), str(PEERS / "backtrader_engine.py")), BARS_1, dict.fromkeys(STYLES, 400)),
    Engine("backtesting.py", (str(PEERS_PYTHON), str(PEERS / "backtesting_engine.py")), BARS_1, None),
    Engine("vectorbt", (str(PEERS_PYTHON), str(PEERS / "vectorbt_engine.py")), BARS_1, dict.fromkeys(STYLES, 2_000)),
)


def measure(rounds: int, tell: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Keel beside its peers on bars."""
    return in_turns(ENGINES, rounds, tell)


def in_turns(
    engines: Sequence[Engine], rounds: int, tell: Callable[[str], None], *, same_orders: bool = False
) -> dict[str, dict[str, float]]:
    """Events a CPU second by engine, instruments and style, CPU microseconds of an order, and the peak of memory.

    Raises RuntimeError where engines that must make the `same_orders` did not.
    """
    found: dict[str, list[Child]] = {}
    gone: list[str] = []
    for number in range(rounds):
        for instruments in (1, 250):
            for style in STYLES:
                for engine in engines:
                    child = _one(engine, style, instruments) if engine.name not in gone else None
                    if child is not None:
                        found.setdefault(f"{engine.name} {instruments} {style}", []).append(child)
                if same_orders:
                    _hold(found, f"{instruments} {style}")
        if number == 0:
            gone = [engine.name for engine in engines if f"{engine.name} 1 none" not in found]
            for name in gone:
                tell(f"{name} is not installed here, or failed: left out")
        tell(f"round {number + 1} of {rounds}")
    return {engine.name: _figures(engine, found) for engine in engines if engine.name not in gone}


def _hold(found: Mapping[str, Sequence[Child]], what: str) -> None:
    orders = {name: children[-1].said["orders"] for name, children in found.items() if name.endswith(f" {what}")}
    if len(set(orders.values())) > 1:
        raise RuntimeError(f"orders were {orders}, expected as many of each")


def _one(engine: Engine, style: str, instruments: int) -> Child | None:
    count = (engine.rows_1 if instruments == 1 else engine.rows_250 or {}).get(style)
    if count is None:
        return None
    return run([*engine.command, style, str(count), str(instruments)], limit_s=LIMIT_S)


def _figures(engine: Engine, found: dict[str, list[Child]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for instruments in (1, 250):
        of_event: dict[str, float] = {}
        for style in STYLES:
            children = found.get(f"{engine.name} {instruments} {style}", [])
            if not children:
                continue
            of_event[style] = statistics.median(child.said["cpu_s"] / child.said["events"] for child in children)
            figures[f"events_per_s_{style}_{instruments}"] = 1.0 / of_event[style]
            if style == "active" and "none" in of_event:
                orders = children[0].said["orders"] / children[0].said["events"]
                figures[f"us_per_order_{instruments}"] = 1e6 * (of_event[style] - of_event["none"]) / orders
                figures[f"peak_mb_{instruments}"] = statistics.median(child.peak_mb for child in children)
    return figures
