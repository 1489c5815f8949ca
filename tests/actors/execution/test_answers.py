"""Every answer to an order in every state: no step that the table forbids, and no exposure that vanishes unproved."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.execution import answers
from actors.execution.orders import ALIVE, LEGAL, sending
from contracts.quantities import SECOND_NS
from tests.kit.market import NOON_NS
from tests.kit.orders import a_report, an_order

amounts = st.sampled_from([Decimal(0), Decimal("0.4"), Decimal(1)])
moments = st.integers(0, 20).map(lambda second: NOON_NS + second * SECOND_NS)
reports = st.builds(
    lambda state, filled, asked_ns, sure: a_report(state, filled=str(filled), asked_ns=asked_ns, authoritative=sure),
    st.sampled_from(["open", "filled", "cancelled", "rejected", "absent"]),
    amounts,
    moments,
    st.booleans(),
)
events = st.one_of(
    st.tuples(st.just("accepted"), st.sampled_from(["v1", "v2"])),
    st.tuples(st.sampled_from(["rejected", "not_sent", "silent", "cancel_refused"]), st.just("no")),
    st.tuples(st.just("cancelled"), amounts),
    st.tuples(st.just("reported"), reports),
    st.tuples(st.just("filled"), st.integers(0, 3)),
)


@given(st.lists(events, max_size=12))
def test_any_sequence_of_answers_keeps_the_graph_and_the_invariants(sequence):
    tracked, now_ns = sending(an_order(), NOON_NS), NOON_NS
    for kind, detail in sequence:
        now_ns += SECOND_NS
        before, filled = tracked.state, tracked.filled
        if kind == "filled":
            if f"t{detail}" in tracked.trades:
                continue
            answers.filled(tracked, f"t{detail}", Decimal("0.3"), now_ns)
        else:
            getattr(answers, kind)(tracked, detail, now_ns)
        assert tracked.state == before or tracked.state in LEGAL[before]
        assert tracked.filled >= filled, "what was filled stays filled"
        assert tracked.open >= 0
        tracked.check()


@given(st.lists(st.tuples(st.sampled_from(["silent", "cancel_refused"]), st.just("no")), max_size=8))
def test_i8_words_that_prove_nothing_never_end_an_order(sequence):
    tracked = sending(an_order(), NOON_NS)
    for kind, detail in sequence:
        getattr(answers, kind)(tracked, detail, NOON_NS)
    assert tracked.state in ALIVE
    assert tracked.open == 1


def test_a_second_name_at_the_venue_is_remembered_as_a_reason():
    tracked = sending(an_order(), NOON_NS)
    answers.accepted(tracked, "v1", NOON_NS)
    answers.accepted(tracked, "v1", NOON_NS)
    assert tracked.reason == ""
    answers.accepted(tracked, "v2", NOON_NS)
    assert tracked.reason.startswith(answers.TWICE)
