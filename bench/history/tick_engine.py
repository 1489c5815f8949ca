"""The quotes on Keel, told one by one to the live desk, gate, ledger and journal.

They are messages in memory before the time is taken, as those of peers are; with `--from-disk` they are read from
Parquet within it, as a user has it.
"""

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
from bench.history.quoted import loaded, quoted  # noqa: E402
from bot.backtest.running import BacktestOptions, run_backtest  # noqa: E402
from bot.profile import load  # noqa: E402

FROM_DISK = sys.argv[1] == "--from-disk"
if FROM_DISK:
    del sys.argv[1]
NAMES = {"none": "Nothing", "cross": "Cross", "active": "Active"}


def run(data: Quotes, instruments: int, style: str, told: Run) -> None:
    """The whole backtest is timed, its directory and its thin journal included."""
    profile = load(
        str(Path(__file__).with_name("tick_engine.toml")),
        os.environ | {"BOT__STRATEGY__NAME": f"bench.history.tick_styles:{NAMES[style]}"},
    )
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as place:
        on_disk = quoted(data, instruments, Path(place) / "data")
        dataset = on_disk if FROM_DISK else loaded(on_disk)
        span = int(data.at_ns[0]), int(data.at_ns[-1]) + 1
        options = BacktestOptions(Path(place), *span, kinds=frozenset({"quotes"}), decisions_only=True)
        with told.timed():
            result = run_backtest(profile, dataset, options, lambda at_ns: None)
    if result.exit_code or result.summary["refusals"]:
        sys.stderr.write(f"{result.reason}: {result.summary['refusals_by_control']}\n")
    told.orders = result.summary["orders"]


main(f"Keel {version('keel')}", run)
