"""`python -m bench`: every figure this machine has to show, a line each; `--json` for programs, names to choose."""

import argparse
import importlib
import json
import os
import platform
import sys

from runtime.fingerprint import pin_processor

pin_processor()  # as a run does: the figures are of the numeric paths that a run takes

PARTS = (
    "turns", "beliefs", "features", "sources", "boosters", "journal", "parse", "loop", "process", "store", "sink",
    "mirror", "roles",
)  # fmt: skip
GOALS = {
    "ms_9_quantiles_64_60_rounds_p50": "at most 3 of CPU",
    "ms_9_quantiles_64_80_rounds_p50": "at most 3 of CPU",
    "us_per_tick_turn_journaled": "P4: at most 2.5",
    "us_per_signal_and_decision_10": "P5: at most 6,000 with twelve agents",
    "us_per_signal_and_decision_64": "P5: at most 15,000 with twelve agents",
    "us_per_signal_and_decision_250": "P5: at most 40,000 with twelve agents",
    "ms_per_bar_and_decision_10": "P5: at most 6",
    "ms_per_bar_and_decision_64": "P5: at most 15",
    "ms_per_bar_and_decision_250": "P5: at most 40",
    "ms_values_bar_64": "at most 1.5",
    "ms_values_bar_250": "at most 4",
    "s_year_of_days": "at most .05 cold",
    "finite_share_candles": "at least .95",
    "us_per_trade": "at most 3",
    "ms_year_of_days_cached": "P11: at most 1",
    "times_faster_candles": "P11: at least 260",
    "json: mirror, records/s": "at least 50,000",
    "json: mirror / bare": "at least 0.8",
    "msgpack: mirror / bare": "at least 0.8",
    "catching up / stopped": "at most 1.1",
    "help_s": "P8: at most 0.3",
    "start_to_trading_s": "P8: at most 2",
    "resident_mb": "P9: at most 220",
    "us_read_unix_p50": "P14: below 1,000",
    "us_read_tcp_p50": "P14: below 1,000",
    "read_to_bare_mget_unix": "P14: at most 1.5",
    "read_to_bare_mget_tcp": "P14: at most 1.5",
    "running_cpu_percent": "P10: at most 1 at one quote a second and instrument",
}


def main() -> int:
    """Measure the parts asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"unknown part {unknown[0]!r}, expected some of {', '.join(PARTS)}")
    figures: dict[str, dict[str, float]] = {}
    for part in options.parts or PARTS:
        module = importlib.import_module(f"bench.{part}")
        figures[part] = module.measure()
        if not options.json:
            _print(part, figures[part])
    if options.json:
        machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
        sys.stdout.write(json.dumps({"machine": machine, **figures}) + "\n")
    return 0


def _print(part: str, figures: dict[str, float]) -> None:
    sys.stdout.write(f"\n{part} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)\n")
    for name, value in figures.items():
        sys.stdout.write(f"  {name:<44} {value:>14,.3f}   {GOALS.get(name, '')}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
