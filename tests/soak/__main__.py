"""The soak: `python -m tests.soak` lives two virtual days and then a minute of real time, both under weather.

`--virtual 2d` or `--real 60s` runs one of them alone. One JSON object on stdout, exit 1 on any problem; what it checks
and what it cannot is in docs/soak.md.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

from tests.soak.real import real
from tests.soak.virtual import virtual

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
INVARIANTS = (*range(1, 15), *range(16, 21), 22, *range(26, 30), 31, 32, 40)
"""Those of docs/invariants.md that one leg or the other would see broken."""


def seconds(text: str) -> float:
    """`60s`, `5m`, `2h` or `2d` in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if match is None or float(match[1]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a time such as 60s, 5m, 2h or 2d")
    return float(match[1]) * UNITS_S[match[2]]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--virtual", type=seconds, help="virtual time under weather, in process")
    parser.add_argument("--real", type=seconds, help="real time under weather, as a process")
    options = parser.parse_args()
    whole = options.virtual is None and options.real is None
    found = {}
    with tempfile.TemporaryDirectory(prefix="keel-soak-") as name:
        for leg, soak, given in (("virtual", virtual, options.virtual), ("real", real, options.real)):
            duration_s = given or {"virtual": seconds("2d"), "real": seconds("60s")}[leg]
            if whole or given:
                directory = Path(name) / leg
                directory.mkdir()
                found[leg] = soak(duration_s, directory)
    problems = [f"{leg}: {problem}" for leg, report in found.items() for problem in report.pop("problems")]
    sys.stdout.write(
        json.dumps({"invariants": [f"I{number}" for number in INVARIANTS], **found, "problems": problems}, default=str)
        + "\n"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
