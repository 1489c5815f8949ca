"""`python -m bench.history`: backtests measured, a line a figure; `--json` for programs, names to choose.

`beside` is Keel beside its peers on bars (`requirements/peers.sh` installs them), `ticks` on quotes, `orders` whether
an order costs the same after a hundred thousand others, `length` whether cost grows with length alone, `year` a year of
minutes of 250 instruments through the whole chain: a quarter of an hour and more.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from typing import Any, Final

from bench.history import beside, chain, piled, ticks

PARTS: Final[dict[str, Callable[[int, Callable[[str], None]], dict[str, Any]]]] = {
    "beside": beside.measure,
    "ticks": ticks.measure,
    "orders": piled.measure,
    "length": chain.lengths,
    "year": lambda rounds, tell: chain.year(tell),
}
ROUNDS: Final = 5


def main() -> int:
    """Measure the parts asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of which the median is shown")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown or options.rounds < 1:
        parser.error(f"expected some of {', '.join(PARTS)}, and at least one round")
    figures: dict[str, Any] = {}
    for part in options.parts or PARTS:
        figures[part] = PARTS[part](options.rounds, _tell)
        if not options.json:
            _print(part, figures[part])
    if options.json:
        machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
        sys.stdout.write(json.dumps({"machine": machine, **figures}) + "\n")
    return 0


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _print(part: str, figures: dict[str, Any]) -> None:
    sys.stdout.write(f"\n{part} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)\n")
    for name, value in figures.items():
        of_engine = value if isinstance(value, dict) else {"": value}
        for figure, number in of_engine.items():
            sys.stdout.write(f"  {f'{name} {figure}'.strip():<48} {number:>16,.3f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
