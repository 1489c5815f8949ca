"""What an order costs as orders pile up: one backtest of the `active` style, its CPU time by tenths of its orders.

`python -m bench.history.lengths ORDERS INSTRUMENTS`. The stamps between two turns are in the cost: ten of them for an
order of each instrument, the same in every tenth, so that what grows is what remembers orders.
"""

import json
import os
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Final

from runtime.fingerprint import pin_processor

pin_processor()  # as a run does, before numpy is

from bench.history.held import Held  # noqa: E402
from bench.history.peers.workload import FIRST_S, TURN_EVERY, bars  # noqa: E402
from bot.backtest.running import BacktestOptions, run_backtest  # noqa: E402
from bot.profile import load  # noqa: E402
from contracts.quantities import Nanos, nanos  # noqa: E402

TENTHS: Final = 10
SKIPPED: Final = 20
"""Turns before the first tenth: caches fill, and what has no returns yet is refused."""


def main() -> None:
    """One JSON object on stdout: microseconds of CPU an order in each tenth, and the last against the first."""
    orders, instruments = int(sys.argv[1]), int(sys.argv[2])
    turns = -(-orders // (instruments * TENTHS))
    data = bars((SKIPPED + TENTHS * turns) * TURN_EVERY + 1, instruments)
    ends_ns = [nanos(FIRST_S + 60 * TURN_EVERY * (SKIPPED + turns * number)) for number in range(TENTHS + 1)]
    cpu_s: list[float] = []

    def seen(at_ns: Nanos) -> None:
        if len(cpu_s) <= TENTHS and at_ns >= ends_ns[len(cpu_s)]:
            cpu_s.append(time.process_time())

    environment = os.environ | {"BOT__STRATEGY__NAME": "bench.history.styles:Active"}
    profile = load(str(Path(__file__).with_name("engine.toml")), environment)
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as runs:
        options = BacktestOptions(runs=Path(runs), from_ns=0, to_ns=2**62, decisions_only=True)
        result = run_backtest(profile, Held(data), options, seen)
    us = [1e6 * (after - before) / (turns * instruments) for before, after in pairwise(cpu_s)]
    figures = {
        "orders": result.summary["orders"],
        "instruments": instruments,
        "us_an_order": [round(each, 1) for each in us],
        "last_to_first": us[-1] / us[0],
    }
    sys.stdout.write(json.dumps(figures) + "\n")


main()
