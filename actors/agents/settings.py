"""Who believes, over which horizon, and what its score is worth before any outcome is known."""

import msgspec

from actors.settings import more_than_zero, within
from contracts.quantities import Seconds
from quant.calibration import COEFFICIENT_MAX


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that every agent has.

    `prior` is the expected standardised outcome per unit of score; `label_s` the time between two of its outcomes, so
    that overlapping ones are not counted in full: the cadence, or the horizon over the overlaps that outcomes keep,
    whichever is longer. `age_s_max` is for an agent that runs elsewhere: how old a belief of it may be to be said
    again, 0 for as old as its horizon is long.

    Raises:
        ValueError: no name, a time that is not positive, an age beyond the horizon, or a prior beyond what any agent
            may ever earn.
    """

    name: str
    horizon_s: Seconds
    prior: float
    label_s: Seconds
    bar_s: Seconds = 60.0
    age_s_max: Seconds = 0.0

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("agent: name was empty, expected the name of its signals")
        owner = f"agent {self.name}"
        more_than_zero(owner, horizon_s=self.horizon_s, label_s=self.label_s, bar_s=self.bar_s)
        within(owner, -COEFFICIENT_MAX, COEFFICIENT_MAX, prior=self.prior)
        within(owner, 0.0, self.horizon_s, age_s_max=self.age_s_max)
