"""The target gate: targets become intents within every limit, or are refused with all reasons."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from actors.target_gate import TargetGate
from contracts.codec import encode
from contracts.decision import Intent, Refusal, Verdict
from contracts.market import FeedStatus
from contracts.quantities import SECOND_NS
from tests.kit.market import NOON_NS, a_bar_frame, a_beat
from tests.kit.orders import a_gate_state, an_equity, an_order_state, marks_of, of, round_trips
from tests.kit.risk import a_target_frame, a_target_stage, chance, risk_settings

NAN = float("nan")


def controls(said):
    return {reason.control for refusal in of(Refusal, said) for reason in refusal.reasons}


def test_what_is_missing_becomes_an_intent_on_both_grids_that_names_its_targets() -> None:
    stage = a_target_stage()
    said = stage.admit(a_target_frame(0.12345, NAN, decision=2))
    (intent,) = of(Intent, said)
    assert (intent.symbol, intent.side, intent.quantity) == ("BTC-EUR", "buy", Decimal("0.123"))
    assert intent.limit == Decimal("100.11")
    assert (intent.decision, intent.leg, intent.reduce_only) == (2, 0, False)
    targets = [each.seq for each in stage.envelopes if each.payload == a_target_frame(0.12345, NAN, decision=2)]
    assert intent.based_on[0] == targets[0]
    assert 0.0 < intent.cvar_after <= intent.cvar_max == 5.0
    (verdict,) = of(Verdict, said)
    assert (verdict.intents, verdict.refusals, verdict.cvar_after) == (1, 0, intent.cvar_after)
    assert said[-1] is verdict


def test_no_opinion_keeps_what_is_held_and_zero_closes_it() -> None:
    stage = a_target_stage(BTC_EUR="0.5", ETH_EUR="0.25")
    (intent,) = of(Intent, stage.admit(a_target_frame(NAN, 0.0)))
    assert (intent.symbol, intent.side, intent.quantity, intent.reduce_only) == (
        "ETH-EUR", "sell", Decimal("0.25"), True,
    )  # fmt: skip


def test_what_breaks_the_budget_is_reduced_to_what_keeps_it_and_the_rest_refused() -> None:
    kinds = ("order", "symbol", "gross", "net", "cluster", "open")
    limits: dict[str, Any] = {f"{kind}_notional_max": Decimal(10_000) for kind in kinds}
    stage = a_target_stage(**limits)
    said = stage.admit(a_target_frame(4.5, NAN))
    (intent,) = of(Intent, said)
    assert Decimal(1) < intent.quantity < Decimal("4.5")
    assert intent.cvar_after <= 5.0
    assert controls(said) == {"C12"}
    assert of(Verdict, said)[0].refusals == 1


@pytest.mark.parametrize(
    ("change", "control"),
    [
        (a_gate_state("HALTED", "a human said so", latches=("halt",)), "C16"),
        (a_gate_state("REDUCING", "outside of the trading windows"), "C16"),
        (an_equity("485"), "C11"),
        (FeedStatus("test", "stale", 1, ("BTC-EUR",), ""), "C15"),
        (marks_of(NAN, 100.0), "C3"),
        (an_equity(complete=False, missing=("rate of USD is unknown",)), "C14"),
        (an_order_state(symbol="BTC-EUR", open=Decimal("0.1"), quantity=Decimal("0.1")), "I3"),
        (an_order_state("UNKNOWN", symbol="BTC-EUR", open=Decimal("0.1"), quantity=Decimal("0.1")), "I3"),
    ],
)
def test_halts_loss_stops_feeds_marks_and_orders_under_way_close_it(change, control) -> None:
    stage = a_target_stage()
    stage.admit(change)
    said = stage.admit(a_target_frame(0.1, NAN))
    assert of(Intent, said) == []
    assert control in controls(said)


def test_a_stale_mark_closes_it() -> None:
    stage = a_target_stage()
    stage.admit(an_equity(), after_s=6.0)
    said = stage.admit(a_target_frame(0.1, NAN))
    assert of(Intent, said) == []
    assert "C14" in controls(said)


def test_an_open_order_of_another_instrument_counts_as_filled_to_its_worst_side() -> None:
    alone = of(Verdict, a_target_stage().admit(a_target_frame(1.0, NAN)))[0]
    stage = a_target_stage()
    stage.admit(an_order_state("UNKNOWN", symbol="ETH-EUR", open=Decimal("1"), quantity=Decimal("1")))
    beside = of(Verdict, stage.admit(a_target_frame(1.0, NAN)))[0]
    assert beside.cvar_before > 0.0 == alone.cvar_before
    assert beside.cvar_after > alone.cvar_after


def test_a_frame_of_another_universe_wants_nothing() -> None:
    said = a_target_stage().admit(a_target_frame(1.0, 1.0, universe=2))
    assert [type(each) for each in said] == [Verdict]


def test_what_cannot_be_sold_short_is_not() -> None:
    said = a_target_stage(can_short=False).admit(a_target_frame(-0.5, NAN))
    assert (of(Intent, said), controls(said)) == ([], {"C15"})


def test_a_principal_who_wants_to_be_flat_is_obeyed_every_second() -> None:
    stage = a_target_stage(BTC_EUR="0.5")
    stage.admit(a_gate_state("REDUCING", "flattened", latches=("flatten",)))
    (intent,) = of(Intent, stage.admit(a_beat("second")))
    assert (intent.side, intent.quantity, intent.reduce_only) == ("sell", Decimal("0.5"), True)
    assert of(Intent, stage.admit(a_target_frame(1.0, NAN))) == []


def test_its_state_survives_a_restart() -> None:
    stage = a_target_stage(BTC_EUR="0.5")
    stage.admit(a_target_frame(1.0, 0.5))
    round_trips(stage.actors[0], TargetGate(risk_settings(), "EUR", chance))


def test_the_same_targets_are_asked_again_until_they_are_held() -> None:
    stage = a_target_stage()
    first = of(Intent, stage.admit(a_target_frame(0.2, NAN)))[0]
    stage.admit(marks_of(100.0, 100.0, at_ns=NOON_NS + 2 * SECOND_NS), after_s=2.0)
    again = of(Intent, stage.admit(a_target_frame(0.2, NAN, decision=2)))[0]
    assert (again.quantity, again.decision) == (first.quantity, 2)
    assert np.isclose(again.cvar_after, first.cvar_after, rtol=0.2)


def test_a_gate_built_anew_before_every_decision_says_the_same_byte_for_byte() -> None:
    kept, anew = a_target_stage(bars=30, bars_kept=30), a_target_stage(bars=30, bars_kept=30)
    closes = np.random.default_rng(1).uniform(99.5, 100.5, (12, 2))
    for number, close in enumerate(closes):
        for stage in (kept, anew):
            at_ns = stage.now_ns + 60 * SECOND_NS
            stage.admit(a_bar_frame(close=close, close_ns=at_ns), after_s=60.0)
            stage.admit(marks_of(*close, at_ns=at_ns))
            stage.admit(an_equity())
        gate = anew.actors[0]
        anew.actors = (TargetGate(risk_settings(bars_kept=30), "EUR", chance),)
        anew.actors[0].restore(gate.snapshot())
        if number % 3:
            # Draws are shared by the decisions of a stretch: this lies in the third, then in the fourth, and so on.
            frame = a_target_frame(0.1 * (number % 4), 0.05, decision=512 + 200 * number)
            first, second = kept.admit(frame), anew.admit(frame)
            assert of(Verdict, first)
            assert [encode(each) for each in first] == [encode(each) for each in second]
