"""How a desk reads its stream: into how many parts the agents are split, and how long it waits for whom."""

from typing import Final

import msgspec

from actors.settings import more_than_zero, within
from contracts.quantities import Seconds

PARTS_MAX: Final = 1024


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same for every role of a book.

    `parts` is how many shards can share the agents at most. At a signal beat the desk waits `barrier_s` for them. A
    stream that says nothing for `silence_s_max`, or is `lag_s_max` behind the clock, is stale: the account reduces.
    Where time is virtual it stands still while the desk waits, and it waits up to `hold_s` for whatever is missing.

    Raises:
        ValueError: a time that is not positive, or a number of parts that cannot be meant.
    """

    parts: int = 1
    barrier_s: Seconds = 0.5
    silence_s_max: Seconds = 3.0
    lag_s_max: Seconds = 2.0
    hold_s: Seconds = 60.0

    def __post_init__(self) -> None:
        within("roles", 1, PARTS_MAX, parts=self.parts)
        more_than_zero(
            "roles",
            barrier_s=self.barrier_s,
            silence_s_max=self.silence_s_max,
            lag_s_max=self.lag_s_max,
            hold_s=self.hold_s,
        )
        if not self.barrier_s < self.lag_s_max <= self.silence_s_max:
            raise ValueError(
                f"roles: barrier_s was {self.barrier_s:g}, lag_s_max {self.lag_s_max:g} and silence_s_max "
                f"{self.silence_s_max:g}, expected barrier_s < lag_s_max <= silence_s_max: a desk that waited for its "
                "shards is not behind yet, and one that hears nothing is not ahead"
            )
