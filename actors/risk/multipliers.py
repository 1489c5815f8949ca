"""What makes the budget smaller for a while: the drawdown, a changed regime, drifted beliefs, inputs that are old."""

from typing import Final, NamedTuple

from actors.risk.settings import RiskSettings
from contracts.account import Equity
from contracts.belief import DriftState, RegimeState
from quant.drawdown import drawdown, multiplier


class Multipliers(NamedTuple):
    """Shares, each in [0, 1]; 0 opens nothing, and no multiplier closes anything by force."""

    drawdown: float
    regime: float
    drift: float
    data: float
    why: str = ""

    @property
    def budget(self) -> float:
        """What is left of the budget."""
        return self.drawdown * self.regime * self.drift * self.data

    @property
    def size(self) -> float:
        """What is left of sizes where the budget is not what limits them; one of nothing does by itself."""
        return self.regime * self.drift or 1.0

    def by_name(self) -> dict[str, float]:
        """Each share by its name."""
        return {"drawdown": self.drawdown, "regime": self.regime, "drift": self.drift, "data": self.data}

    def told(self) -> str:
        """What of the budget is gone and why, as a clause behind a number; empty when nothing is."""
        less = [f"{name} {share:.2f}" for name, share in self.by_name().items() if share < 1.0]
        if not less:
            return ""
        return f" ({self.budget:.2f} of the budget: {', '.join(less)}{self.why})"


WHOLE: Final = Multipliers(1.0, 1.0, 1.0, 1.0)
"""Nothing is taken away."""


def multipliers_of(
    equity: Equity | None,
    regime: RegimeState | None,
    drift: DriftState | None,
    stale: tuple[str, ...],
    settings: RiskSettings,
) -> Multipliers:
    """The shares as they stand; what was never heard of regime and drift takes nothing away.

    `stale` names what is too old or missing: while there is anything the joint book is not known well enough to add
    to it.
    """
    return Multipliers(
        drawdown=multiplier(drawdown(float(equity.peak), float(equity.equity))) if equity is not None else 0.0,
        regime=settings.flip_multiplier if regime is not None and regime.flipped else 1.0,
        drift=min(1.0, max(0.0, drift.size_factor)) if drift is not None else 1.0,
        data=0.0 if stale else 1.0,
        why=f"; old or missing: {', '.join(stale)}" if stale else "",
    )
