"""The workload on Keel: the live desk, gate, ledger and journal, with a strategy in the place of the blend."""

import os
import sys
import tempfile
from pathlib import Path

from runtime.fingerprint import pin_processor

pin_processor()  # as a run does, before numpy is

from importlib.metadata import version  # noqa: E402

from bench.history.held import Held  # noqa: E402
from bench.history.peers.workload import Bars, Run, main  # noqa: E402
from bot.backtest.running import BacktestOptions, run_backtest  # noqa: E402
from bot.profile import load  # noqa: E402

NAMES = {"none": "Nothing", "cross": "Cross", "active": "Active"}


def run(data: Bars, style: str, told: Run) -> None:
    """The whole backtest is timed, its directory and its thin journal included."""
    profile = load(
        str(Path(__file__).with_name("engine.toml")),
        os.environ | {"BOT__STRATEGY__NAME": f"bench.history.styles:{NAMES[style]}"},
    )
    dataset = Held(data)
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as runs:
        options = BacktestOptions(runs=Path(runs), from_ns=0, to_ns=2**62, decisions_only=True)
        with told.timed():
            result = run_backtest(profile, dataset, options, lambda at_ns: None)
    if result.exit_code or result.summary["refusals"]:
        sys.stderr.write(f"{result.reason}: {result.summary['refusals_by_control']}\n")
    told.orders = result.summary["orders"]


main(f"Keel {version('keel')}", run)
