"""The runs that several themes look at: each is simulated once, the first time somebody asks for it."""

from functools import cache
from typing import Any

from bot.profile import Profile
from tests.kit.worlds import Run, a_profile, simulate

QUICK: dict[str, Any] = {
    **{f"{section}__bar_s": 10 for section in ("bars", "features", "feed", "risk")},
    "simulated__market__drift_per_sigma": 1.0,
    "agents__reversion__horizon_s": 5,
    "agents__reversion__label_s": 1,
    "process__on_stop": "keep",
}
"""A canary with much to trade on, bars of ten seconds, and one agent whose beliefs come true within the run."""


def a_quick_profile(base: str = "canary", **changed: Any) -> Profile:
    """That canary; name a value to change as `section__key=value`."""
    return a_profile(base, **(QUICK | changed))


@cache
def calm() -> Run:
    """Twenty-one seconds in which nothing goes wrong, every actor checked after every message."""
    return simulate(a_quick_profile(), seconds=20.9, checked=True)
