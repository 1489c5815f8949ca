"""The auditor writes one record of each decision, by the seqs of its parts."""

from decimal import Decimal

from actors.auditor import Auditor
from contracts.decision import DecisionLog, Refusal, Verdict
from tests.kit.beliefs import a_pick, a_selection, a_slate
from tests.kit.orders import Stage, a_gate_state, an_equity, an_intent, round_trips


def a_verdict(decision=1):
    return Verdict(
        decision=decision,
        intents=1,
        refusals=1,
        cvar_before=0.0,
        cvar_after=1.0,
        cvar_max=5.0,
        var_after=0.5,
        scenarios=2_053,
        multiplier=1.0,
        based_on=(3, 4),
    )


def a_refusal():
    return Refusal(decision=1, leg=1, symbol="ETH-EUR", side="buy", reasons=(), based_on=(4,))


def test_a_verdict_closes_the_record_of_its_decision():
    stage = Stage(Auditor())
    for message in (
        a_gate_state("TRADING"),
        an_equity("501"),
        a_slate(),
        a_selection(a_pick()),
        an_intent(),
        a_refusal(),
    ):
        stage.admit(message)
    assert stage.admit(a_verdict()) == [
        DecisionLog(
            decision=1,
            state="TRADING",
            slate_seq=3,
            selection_seq=4,
            intent_seqs=(5,),
            refusal_seqs=(6,),
            verdict_seq=7,
            equity=Decimal(501),
            cvar_after=1.0,
            cvar_max=5.0,
            based_on=(3, 4),
        )
    ]


def test_parts_of_one_decision_are_not_counted_in_the_next():
    stage = Stage(Auditor())
    for message in (an_intent(), a_verdict(), an_intent(decision=2)):
        stage.admit(message)
    assert stage.admit(a_verdict(2))[0].intent_seqs == (4,)


def test_a_snapshot_of_the_auditor_makes_an_equal_twin():
    stage = Stage(Auditor())
    stage.admit(an_intent())
    round_trips(stage.actors[0], Auditor())
