"""The whole chain over history: whether its cost grows with the length alone, and a year of minutes of 250 instruments.

A month is 8,190 session minutes, of which five make a bar of the `backtest` profile.
"""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.history.children import Child, bot

MONTH_BARS: Final = 1_638
MONTHS: Final = (1, 3, 12)
YEAR_MINUTES: Final = 98_280
INSTRUMENTS: Final = 250
YEAR: Final = Path(__file__).with_name("year.toml")
LIMIT_S: Final = 7_200.0


def lengths(rounds: int, tell: Callable[[str], None]) -> dict[str, float]:
    """CPU milliseconds a stamp of five instruments over 1, 3 and 12 months, start-up taken off, and peaks of memory."""
    costs: dict[int, list[float]] = {months: [] for months in MONTHS}
    peaks: dict[int, list[float]] = {months: [] for months in MONTHS}
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as place:
        data = {months: _made(place, 5, months * MONTH_BARS, "5m") for months in MONTHS}
        shortest = _made(place, 5, 2, "5m")
        for number in range(rounds):
            start_s = _told(place, shortest, "backtest").cpu_s
            for months in MONTHS:
                child = _told(place, data[months], "backtest")
                costs[months].append(1e3 * (child.cpu_s - start_s) / (months * MONTH_BARS))
                peaks[months].append(child.peak_mb)
            tell(f"round {number + 1} of {rounds}")
    cost = {months: statistics.median(each) for months, each in costs.items()}
    return {
        **{f"ms_per_stamp_{months}_months": cost[months] for months in MONTHS},
        "dearest_to_cheapest": max(cost.values()) / min(cost.values()),
        **{f"peak_mb_{months}_months": statistics.median(peaks[months]) for months in MONTHS},
    }


def year(tell: Callable[[str], None]) -> dict[str, float]:
    """A year of minutes of 250 instruments, a decision every quarter of an hour, the journal of decisions on."""
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as place:
        data = _made(place, INSTRUMENTS, YEAR_MINUTES, "1m")
        tell(f"{INSTRUMENTS * YEAR_MINUTES:,} bars are made")
        child = _told(place, data, str(YEAR))
    return {
        "cpu_s": child.cpu_s,
        "wall_s": child.wall_s,
        "ms_per_minute": 1e3 * child.cpu_s / YEAR_MINUTES,
        "bars_per_cpu_s": INSTRUMENTS * YEAR_MINUTES / child.cpu_s,
        "peak_mb": child.peak_mb,
        "decisions": float(child.said["decisions"]),
        "orders": float(child.said["orders"]),
    }


def _made(place: str, instruments: int, bars: int, bar: str) -> str:
    path = f"{place}/made-{instruments}-{bars}"
    sizes = ("--instruments", str(instruments), "--bars", str(bars), "--bar", bar)
    bot("data", "make", "--into", path, "--seed", "7", *sizes, limit_s=LIMIT_S)
    return path


def _told(place: str, data: str, profile: str) -> Child:
    told = ("backtest", "--data", data, "--profile", profile, "--decisions-only", "--runs", f"{place}/runs")
    return bot(*told, limit_s=LIMIT_S)
