"""The allocator's worker: `python -m bot.allocating` reads one question on stdin and prints the best book as JSON."""

from __future__ import annotations

import sys

import msgspec
import numpy as np

from contracts import codec
from contracts.decision import AllocationAsked
from contracts.quantities import sign
from quant.allocation import Unsolvable, allocate


def answer(asked: AllocationAsked) -> dict[str, object]:
    """The signed notionals to hold, what their additions earn, the tail of the book; a reason where there is none."""
    sides = np.array([sign(side) for side in asked.sides], dtype=np.float64)
    mixed = len(set(asked.sides)) > 1
    try:
        found = allocate(
            asked.unit_losses.values,
            asked.held.values,
            asked.edge.values,
            asked.room.values,
            budget=asked.budget,
            gross_max=asked.gross_max,
            alpha=asked.alpha,
            parts=(sides > 0.0, sides < 0.0) if mixed else (),
        )
    except Unsolvable as error:
        return {"notional": [], "edge": 0.0, "cvar": 0.0, "shadow_price": 0.0, "reason": str(error)}
    return {
        "notional": (asked.position.values + sides * found.notional).tolist(),
        "edge": found.edge_eur,
        "cvar": found.cvar,
        "shadow_price": found.shadow_price,
        "reason": "",
    }


def main() -> None:
    """Numbers in, a plan out; raises where the question is none."""
    asked = codec.decode_state(AllocationAsked, sys.stdin.buffer.read())
    sys.stdout.buffer.write(msgspec.json.encode(answer(asked)))


if __name__ == "__main__":
    main()
