"""The context of an order: what was last said before it, and why there was an intent at all."""

import pytest

from bot.records.known import Known, share
from contracts.column import floats
from contracts.decision import TargetFrame
from contracts.envelope import Envelope
from tests.kit.beliefs import a_pick, a_selection, a_slate
from tests.kit.market import a_universe_changed
from tests.kit.orders import a_gate_state, an_intent


def decided(intent, *before):
    known = Known()
    for seq, said in enumerate([a_universe_changed("BTC-EUR", "ETH-EUR"), *before, intent], 1):
        known.hear(Envelope(seq, seq, 0, 0, "test", said))
    found = known.decided(seq, "k1")
    assert found is not None
    return found.context


@pytest.mark.parametrize(
    ("intent", "selection", "cause"),
    [
        (an_intent(), a_selection(a_pick()), "selected"),
        (an_intent(side="sell", reduce_only=True), a_selection(a_pick(side="sell")), "turned"),
        (an_intent(side="sell", reduce_only=True), a_selection(a_pick(side="buy")), "cut"),
        (an_intent(side="sell", reduce_only=True), a_selection(a_pick(symbol="ETH-EUR")), "let go"),
        (an_intent(), a_selection(), None),
        (an_intent(), TargetFrame(1, 1, floats([1.0, 0.0]), (1,)), "strategy"),
        (an_intent(side="sell", reduce_only=True), TargetFrame(1, 1, floats([1.0, 0.0]), (1,)), "strategy"),
        (an_intent(side="sell", reduce_only=True), a_gate_state(latches=("flatten",)), "flatten"),
    ],
)
def test_the_cause_of_an_intent_is_told_in_one_word(intent, selection, cause) -> None:
    assert decided(intent, selection).cause == cause


def test_a_rank_of_another_decision_is_no_rank() -> None:
    assert decided(an_intent(decision=2), a_selection(a_pick())).rank is None


def test_beliefs_of_another_universe_are_not_mixed_in() -> None:
    context = decided(an_intent(), a_slate(confidence=0.7), a_universe_changed("ETH-EUR", "BTC-EUR", version=2))
    assert context.confidence is None
    assert decided(an_intent(), a_slate(confidence=0.7)).confidence == 0.7


def test_an_intent_is_carried_out_once() -> None:
    known = Known()
    known.hear(Envelope(1, 1, 0, 0, "test", an_intent()))
    assert known.decided(1, "k1") is not None
    assert known.decided(1, "k1") is None


def test_a_share_of_no_budget_is_unknown() -> None:
    assert share(1.0, 0.0) is None and share(1.0, float("nan")) is None and share(1.0, 4.0) == 0.25
