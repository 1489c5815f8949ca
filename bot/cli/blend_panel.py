"""How the blend came about, as one panel: regime, rung of the ladder, drift, and who weighs how much."""

import numpy as np
from rich.panel import Panel

from contracts.belief import DriftState, Slate

BAR_WIDTH = 10
AGENTS_SHOWN = 6


def blend_panel(slate: Slate | None, drift: DriftState | None) -> Panel:
    """The panel, also before anything was said."""
    lines = ["nothing blended yet"] if slate is None else _lines(slate)
    if drift is not None:
        lines.append(f"drift {drift.level}" + (f": {drift.reasons[0]}" if drift.reasons else ""))
    return Panel("\n".join(lines), title="blend", title_align="left")


def _lines(slate: Slate) -> list[str]:
    model = f", model {slate.model[:8]}" if slate.model else ""
    lines = [f"{slate.rung}{model}   regime {slate.regime or 'unknown'} {_shares(slate.regimes.values)}".rstrip()]
    lines += _ranked(slate.agents, _mean_rows(slate.weights.values))
    if slate.experts and slate.expert_weights.values.size:
        shares = _mean_rows(slate.expert_weights.values.T)
        experts = zip(slate.experts, shares, strict=True)
        lines.append("experts  " + "  ".join(f"{name} {share:.2f}" for name, share in experts))
    return lines


def _ranked(names: tuple[str, ...], shares: list[float]) -> list[str]:
    order = sorted(range(len(names)), key=lambda place: (-shares[place], place))
    shown = [place for place in order if shares[place] > 0.0][:AGENTS_SHOWN]
    return [f"{names[place][:16]:16s} {_bar(shares[place])} {shares[place]:.2f}" for place in shown]


def _mean_rows(table: np.ndarray) -> list[float]:
    """The mean of each row over what is known in it, 0 where nothing is."""
    known = np.isfinite(table)
    count = known.sum(axis=1)
    total = np.where(known, table, 0.0).sum(axis=1)
    means: list[float] = (total / np.maximum(count, 1)).tolist()
    return means


def _shares(probabilities: np.ndarray) -> str:
    return "/".join(f"{each:.2f}" for each in probabilities)


def _bar(share: float) -> str:
    full = round(min(1.0, max(0.0, share)) * BAR_WIDTH)
    return "█" * full + "░" * (BAR_WIDTH - full)
