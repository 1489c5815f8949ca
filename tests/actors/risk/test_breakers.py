"""Breakers count within their window, and no further than their limit needs."""

from hypothesis import given
from hypothesis import strategies as st

from actors.risk.breakers import Recent, Verdicts
from contracts.quantities import SECOND_NS
from tests.kit.market import at


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 5))
def test_recent_events_are_counted_like_a_plain_count_up_to_one_above_the_limit(gaps, most):
    recent, moments = Recent(), []
    now = 0
    for gap in gaps:
        now += gap
        moments.append(now)
        within = sum(now - moment < 10 for moment in moments)
        assert recent.count(at(now), 10 * SECOND_NS, most) == min(within, most + 1)
        assert len(recent.at_ns) <= most + 1


@given(st.lists(st.booleans(), max_size=60))
def test_rejects_in_a_row_and_their_share_are_those_of_the_list(answers):
    verdicts = Verdicts()
    for answer in answers:
        verdicts.add(answer, 10)
    row = len(answers) - max((place for place, answer in enumerate(answers) if answer), default=-1) - 1
    assert verdicts.in_row == row
    assert verdicts.accepted == answers[-10:]
    tripped = row > 3 or (len(answers) >= 10 and answers[-10:].count(False) > 5)
    assert bool(verdicts.tripped(3, 0.5, 10)) is tripped
