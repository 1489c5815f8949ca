"""Restarts: a crash costs budget, old crashes are forgiven, and the wait doubles up to its end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.quantities import SECOND_NS
from runtime.restarts import ACTOR_BUDGETS, Budget, Failures


def a_budget(**changed) -> Budget:
    facts = {"failures_max": 3, "period_s": 60.0, "backoff_s": 0.5, "backoff_s_max": 4.0}
    return Budget(**(facts | changed))


def waits(budget: Budget, count: int) -> list[float]:
    """How many seconds each of that many crashes at one instant has to wait."""
    failures = Failures(budget)
    found = []
    for _ in range(count):
        failures.add(0)
        found.append(failures.retry_ns(0) / SECOND_NS)
    return found


def test_the_budget_is_spent_by_one_crash_more_than_it_allows() -> None:
    failures = Failures(a_budget())
    assert [failures.add(second * SECOND_NS) for second in range(4)] == [False, False, False, True]


def test_crashes_beyond_the_period_no_longer_count() -> None:
    failures = Failures(a_budget())
    assert not any(failures.add(minute * 61 * SECOND_NS) for minute in range(50))
    assert failures.times == (49 * 61 * SECOND_NS,)


def test_a_crash_just_within_the_period_counts() -> None:
    failures = Failures(a_budget(failures_max=1))
    failures.add(0)
    assert failures.add(60 * SECOND_NS)


def test_the_wait_doubles_with_every_crash_up_to_its_end() -> None:
    assert waits(a_budget(failures_max=10), 6) == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_the_desk_is_rebuilt_at_once_and_together() -> None:
    desk = ACTOR_BUDGETS["desk"]
    assert waits(desk, 1) == [0.0]
    assert desk.one_for_all
    assert [name for name, budget in ACTOR_BUDGETS.items() if budget.one_for_all] == ["desk"]


@pytest.mark.parametrize("group", ACTOR_BUDGETS)
def test_every_group_of_actors_may_crash_once_and_not_for_ever(group) -> None:
    failures = Failures(ACTOR_BUDGETS[group])
    spent = [failures.add(0) for _ in range(20)]
    assert not spent[0]
    assert spent[-1]


@given(st.lists(st.integers(0, 120 * SECOND_NS), max_size=12).map(sorted))
def test_what_is_restored_decides_as_what_it_was_taken_from(times) -> None:
    lived = Failures(a_budget())
    for at_ns in times:
        lived.add(at_ns)
    again = Failures(a_budget())
    again.restore(lived.times)
    assert again.add(121 * SECOND_NS) == lived.add(121 * SECOND_NS)
    assert again.times == lived.times
