"""The runs that several themes look at: each is simulated once, the first time somebody asks for it."""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from bot.profile import Profile
from contracts import codec
from contracts.envelope import Envelope
from contracts.quantities import SECOND_NS
from tests.kit.worlds import Run, a_profile, simulate

QUICK: dict[str, Any] = {
    **{f"{section}__bar_s": 10 for section in ("bars", "features", "feed", "regime", "risk")},
    "features__horizon_bars": 180,
    "agents__momentum__kind": "tests.characterization.users:Weathercock",
    "agents__momentum__prior": 0.1,
    "agents__order_flow__prior": 0.02,
    "selection__caution": 0.0,
    "agents__reversion__horizon_s": 5,
    "agents__reversion__label_s": 1,
    "feed__warmup_bars": 130,
    "risk__cvar_budget_ratio": 0.05,
    "risk__rebalance_ratio": 0.02,
    "risk__min_hold_s": 1,
    "risk__patience": 1,
    "process__on_stop": "keep",
}
"""A canary with bars of ten seconds that changes its mind every four, and one agent whose beliefs come true in time."""

ROUGH: dict[str, Any] = {
    **{
        f"simulated__weather__feed__{fault}": share
        for fault, share in {
            "drop": 0.001, "duplicate": 0.02, "swap": 0.001, "garbage": 0.003, "stall": 0.0, "disconnect": 0.002,
            "crossed": 0.02, "absurd": 0.01,
        }.items()
    },
    **{
        f"simulated__weather__venue__{fault}": share
        for fault, share in {
            "lost_request": 0.03, "lost_answer": 0.05, "late_request": 0.02, "late_answer": 0.1, "reject": 0.05,
            "unknown": 0.05, "answer_after_fill": 0.1, "down": 0.0, "duplicate_fill": 0.2, "lost_fill": 0.1,
            "disconnect": 0.01,
        }.items()
    },
    "feed__resync_s_max": 1.0,
    "feed__reconnect_s_min": 0.2,
    "feed__reconnect_s_max": 0.5,
    "orders__reconcile_s": 10.0,
    "simulated__weather__seed": 6,
    "simulated__broker__seed": 6,
}  # fmt: skip
"""Weather as bad as weeks of it, so that seconds show what weeks would."""


def a_quick_profile(base: str = "canary", **changed: Any) -> Profile:
    """That canary; name a value to change as `section__key=value`."""
    return a_profile(base, **(QUICK | changed))


@cache
def calm() -> Run:
    """Twenty-one seconds in which nothing goes wrong, every actor checked after every message."""
    return simulate(a_quick_profile(), seconds=20.9, checked=True)


@cache
def rough() -> Run:
    """Half a minute in which every fault of feed and venue may strike at any moment."""
    return simulate(a_quick_profile("soak", **ROUGH), seconds=30.0, checked=False)


@cache
def shuffled() -> Run:
    """The first decision of the calm run, with tasks that are ready at once taken in another order."""
    return simulate(a_quick_profile(), seconds=1.5, seed=11, checked=False)


def digest(envelopes: Iterable[Envelope[Any]], before_s: float) -> str:
    """A hash over every byte that was said in the first seconds."""
    end_ns = a_quick_profile().simulated.start_ns + round(before_s * SECOND_NS)
    found = hashlib.blake2b(digest_size=16)
    for each in envelopes:
        if each.at_ns < end_ns:
            found.update(repr((each.seq, each.turn, each.cause, each.at_ns, each.source)).encode())
            found.update(type(each.payload).__name__.encode() + codec.encode(each.payload))
    return found.hexdigest()


if __name__ == "__main__":
    print(digest(simulate(a_quick_profile(), seconds=3.5, checked=False).envelopes, 3.0))
