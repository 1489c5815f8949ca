"""What a run was: the facts of its directory that a review tells and measures by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from contracts.quantities import Seconds


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The profile's name and seed, the history that was told ("" for none), and the tail that the gate budgets for.

    `without_funding` are the instruments that could be sold short and whose funding that history does not tell.

    `risk_horizon_s` and `alpha` are None where the profile of the run does not say them any more.
    """

    run: str
    path: str
    profile: str
    seed: int | None
    data: str
    risk_horizon_s: Seconds | None
    alpha: float | None
    without_funding: tuple[str, ...] = ()


def facts_of(run: Path) -> RunFacts:
    """The facts of a run, of any version: what is not in its files is left open."""
    profile, backtest = _said(run / "profile.json"), _said(run / "backtest.json")
    risk = profile.get("risk", {})
    horizons = [each for each in (profile.get("horizon_s"), risk.get("risk_horizon_s_min")) if each is not None]
    return RunFacts(
        run=run.name,
        path=str(run),
        profile=str(profile.get("name", "")),
        seed=profile.get("seed"),
        data=str(backtest.get("data", "")),
        risk_horizon_s=float(max(horizons)) if len(horizons) == 2 else None,
        alpha=risk.get("cvar_alpha"),
        without_funding=tuple(map(str, backtest.get("without_funding", ()))),
    )


def _said(path: Path) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}
