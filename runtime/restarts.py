"""The restart table: who is rebuilt how often, how soon, with whom, and when the budget is spent."""

from collections import deque
from typing import Final

import msgspec

from contracts.quantities import SECOND_NS, Nanos


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """At most `failures_max` crashes per `period_s`; a restart after `backoff_s`, doubling up to `backoff_s_max`.

    `one_for_all` rebuilds the whole group when one member crashes.
    """

    failures_max: int
    period_s: float
    backoff_s: float
    backoff_s_max: float
    one_for_all: bool = False


ACTOR_BUDGETS: Final[dict[str, Budget]] = {
    "market": Budget(failures_max=3, period_s=60, backoff_s=0.5, backoff_s_max=4),
    "beliefs": Budget(failures_max=5, period_s=60, backoff_s=0.5, backoff_s_max=8),
    "choice": Budget(failures_max=3, period_s=60, backoff_s=0.5, backoff_s_max=4),
    # No backoff at the desk: a fill that arrived while it waited would be folded in without being booked.
    "desk": Budget(failures_max=1, period_s=3600, backoff_s=0, backoff_s_max=0, one_for_all=True),
}
"""Budgets of the thinking actors by group; those of gateways are the supervisor's."""


class Failures:
    """Counts crashes against a budget, by the time of the messages and therefore equal on replay."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._times: deque[Nanos] = deque(maxlen=budget.failures_max + 1)

    def restore(self, times: tuple[Nanos, ...]) -> None:
        """Stand where `times` says."""
        self._times = deque(times, maxlen=self.budget.failures_max + 1)

    def add(self, at_ns: Nanos) -> bool:
        """Note a crash; true when the budget is spent by it."""
        self._times.append(at_ns)
        self._forget(at_ns)
        return len(self._times) > self.budget.failures_max

    def retry_ns(self, at_ns: Nanos) -> Nanos:
        """When the actor may be built again."""
        doublings = max(0, len(self._times) - 1)
        wait_s = min(self.budget.backoff_s * float(2**doublings), self.budget.backoff_s_max)
        return at_ns + round(wait_s * SECOND_NS)

    @property
    def times(self) -> tuple[Nanos, ...]:
        """The crashes that still count, oldest first."""
        return tuple(self._times)

    def _forget(self, at_ns: Nanos) -> None:
        horizon_ns = at_ns - round(self.budget.period_s * SECOND_NS)
        while self._times and self._times[0] < horizon_ns:
            self._times.popleft()
