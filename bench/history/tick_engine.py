"""The quotes on Keel: read from a disk and told one by one to the live desk, gate, ledger and journal."""

import os
import sys
import tempfile
from pathlib import Path

from runtime.fingerprint import pin_processor

pin_processor()  # as a run does, before numpy is
sys.path.append(str(Path(__file__).with_name("peers")))  # as the programs of the peers find what they share

from importlib.metadata import version  # noqa: E402

from bench.history.peers.quotes import Quotes, main  # noqa: E402
from bench.history.peers.workload import Run  # noqa: E402
from bench.history.quoted import quoted  # noqa: E402
from bot.backtest.running import BacktestOptions, run_backtest  # noqa: E402
from bot.profile import load  # noqa: E402

NAMES = {"none": "Nothing", "cross": "Cross", "active": "Active"}


def run(data: Quotes, instruments: int, style: str, told: Run) -> None:
    """The whole backtest is timed: reading the quotes, its directory and its thin journal included."""
    profile = load(
        str(Path(__file__).with_name("tick_engine.toml")),
        os.environ | {"BOT__STRATEGY__NAME": f"bench.history.tick_styles:{NAMES[style]}"},
    )
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as place:
        dataset = quoted(data, instruments, Path(place) / "data")
        span = int(data.at_ns[0]), int(data.at_ns[-1]) + 1
        options = BacktestOptions(Path(place), *span, kinds=frozenset({"quotes"}), decisions_only=True)
        with told.timed():
            result = run_backtest(profile, dataset, options, lambda at_ns: None)
    if result.exit_code or result.summary["refusals"]:
        sys.stderr.write(f"{result.reason}: {result.summary['refusals_by_control']}\n")
    told.orders = result.summary["orders"]


main(f"Keel {version('keel')}", run)
