"""`python -m tests.mutation --count 50 --seed 1`: small bugs in gate, desk, ledger and journal, and who notices.

Prints one JSON object: how many were killed, by group, and the diff of each survivor. Exit 1 below `--least`.
"""

import argparse
import json
import queue
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.mutation.mutants import Mutant, chosen
from tests.mutation.trial import SOURCES, Tree, Verdict, sources

ROOT = Path(__file__).parent.parent.parent
WORKERS_MAX = 2
PATIENCE = 3

Task = tuple[str, Mutant]


def main() -> int:
    options = _options()
    tasks = chosen(ROOT, sources(ROOT), options.count, options.seed)
    if options.list:
        for group, mutant in tasks:
            print(f"{group}: {mutant.kind}\n{mutant.diff(ROOT)}\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        verdicts = _tried(tasks, Path(directory), options.timeout, options.workers)
    report = _report(tasks, verdicts, options.seed)
    print(json.dumps(report, indent=1))
    return 0 if report["killed"] >= options.least else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one mutant")
    parser.add_argument("--workers", type=int, default=WORKERS_MAX, choices=range(1, WORKERS_MAX + 1))
    parser.add_argument("--least", type=int, default=0, help="exit 1 if fewer are killed")
    parser.add_argument("--list", action="store_true", help="show the mutants and run nothing")
    return parser.parse_args()


def _tried(tasks: list[Task], directory: Path, timeout_s: float, workers: int) -> dict[int, Verdict]:
    """Every mutant in the order of the list, so many at a time, each worker in a tree of its own."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(len(tasks)):
        waiting.put(number)
    trees = [Tree(ROOT, directory / str(number)) for number in range(workers)]
    for group in SOURCES:
        print(f"{group}: green in {trees[0].baseline(group, timeout_s):.1f} s without a mutant", file=sys.stderr)
    verdicts: dict[int, Verdict] = {}

    def work(tree: Tree) -> None:
        while not waiting.empty():
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            group, mutant = tasks[number]
            verdicts[number] = tree.tried(group, mutant, timeout_s)
            print(f"{number + 1:3} {verdicts[number]:8} {mutant.path}:{mutant.line} {mutant.kind}", file=sys.stderr)

    threads = [threading.Thread(target=work, args=(tree,)) for tree in trees]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in [number for number in sorted(verdicts) if verdicts[number] == "timeout"]:
        # Once more, alone and with patience: on a busy machine slow tests are no verdict.
        verdicts[number] = trees[0].tried(*tasks[number], PATIENCE * timeout_s)
    return verdicts


def _report(tasks: list[Task], verdicts: dict[int, Verdict], seed: int) -> dict[str, Any]:
    """A mutant that never ends is noticed: it counts as killed and is named besides."""
    noticed = [number for number in verdicts if verdicts[number] != "survived"]
    survivors = [number for number in sorted(verdicts) if verdicts[number] == "survived"]
    return {
        "seed": seed,
        "mutants": len(verdicts),
        "killed": len(noticed),
        "survived": len(survivors),
        "timeouts": sum(verdict == "timeout" for verdict in verdicts.values()),
        "by_group": {
            group: {
                "mutants": sum(tasks[number][0] == group for number in verdicts),
                "killed": sum(tasks[number][0] == group for number in noticed),
            }
            for group in SOURCES
        },
        "survivors": [
            {"group": tasks[number][0], "kind": tasks[number][1].kind, "diff": tasks[number][1].diff(ROOT)}
            for number in survivors
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
