"""Recorded cases: an outside goes in, decisions come out and are kept as JSON, so that a change of mind is a diff.

The outside is the seeded simulation and is made again by every test. After a change that is meant, look at the diff of

    python -m tests.characterization.cases
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from contracts.decision import Intent, Refusal
from contracts.trade import Execution, OrderState
from tests.characterization.runs import calm, rough
from tests.kit.worlds import Run

DIRECTORY: Final = Path(__file__).parent / "cases"
CASES: Final[dict[str, tuple[Callable[[], Run], float]]] = {
    "a-calm-start": (calm, 6.9),
    "a-rough-half-minute": (rough, 29.9),
}
"""By name: the run, and how many of its seconds are kept."""

ENDS: Final = ("FILLED", "CANCELLED", "REJECTED", "NOT_SENT")


def path_of(case: str) -> Path:
    return DIRECTORY / f"{case}.json"


def decisions(case: str) -> list[dict[str, Any]]:
    """Intents, refusals, executions and ends of orders, in the order said."""
    make, seconds = CASES[case]
    run = make()
    found: list[dict[str, Any]] = []
    for each in run.envelopes:
        at_s = round(run.seconds(each.at_ns), 3)
        row = _row(each.payload) if at_s < seconds else None
        if row is not None:
            found.append({"at_s": at_s} | row)
    return found


def rendered(case: str) -> str:
    """One line per decision, so that a diff is read at a glance."""
    lines = ",\n".join(f"  {json.dumps(row)}" for row in decisions(case))
    return f"[\n{lines}\n]\n"


def _row(said: Any) -> dict[str, Any] | None:
    match said:
        case Intent():
            return {"intent": f"{said.decision}/{said.leg}", **_order(said), "reduce_only": said.reduce_only}
        case Refusal():
            reasons = [f"{reason.control} {reason.text}" for reason in said.reasons]
            return {"refusal": f"{said.decision}/{said.leg}", "symbol": said.symbol, "side": said.side, "why": reasons}
        case Execution():
            return {
                "execution": said.client_id,
                "symbol": said.symbol,
                "side": said.side,
                "quantity": str(said.quantity),
                "price": str(said.price),
            }
        case OrderState() if said.state in ENDS:
            return {"end": said.client_id, "state": said.state, "filled": str(said.filled), "why": said.reason}
    return None


def _order(said: Intent) -> dict[str, Any]:
    return {"symbol": said.symbol, "side": said.side, "quantity": str(said.quantity), "limit": str(said.limit)}


if __name__ == "__main__":
    for name in CASES:
        path_of(name).write_text(rendered(name), encoding="utf-8")
        print(f"wrote {path_of(name).relative_to(Path.cwd())}")
