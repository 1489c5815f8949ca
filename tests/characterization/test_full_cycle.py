"""Full cycle: the life of a tick and the life of an order, step by step, with causes, turns and exact money."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from contracts.account import Equity, Position
from contracts.belief import FeatureFrame, Outcome, SignalFrame, Slate
from contracts.decision import DecisionLog, Intent, Refusal, Selection, Verdict
from contracts.envelope import Envelope
from contracts.identity import OrderIdentity, client_order_id
from contracts.instrument import Instrument
from contracts.life import Beat
from contracts.market import BookFrame, MarkFrame, Tick, UniverseChanged
from contracts.quantities import SECOND_NS
from contracts.trade import Execution, Fill, Order, OrderAccepted, OrderState, VenueSnapshot
from tests.characterization.runs import calm

ROWS = {"Tick", "Trade", "BookDelta", "BookSnapshot"}


def names(envelopes: list[Envelope[Any]]) -> list[str]:
    return [type(each.payload).__name__ for each in envelopes]


def a_filled_order() -> Envelope[Order]:
    """The first order of the run that filled in one piece."""
    run = calm()
    fills = [each.payload.client_id for each in run.of(Fill)]
    return next(each for each in run.of(Order) if fills.count(each.payload.client_id) == 1)


def instruments() -> dict[str, Instrument]:
    return {each.symbol: each for each in calm().of(UniverseChanged)[0].payload.universe.instruments}


def test_a_row_of_the_market_is_a_turn_of_its_own_in_which_nobody_speaks() -> None:
    run = calm()
    rows = [each for each in run.envelopes if type(each.payload).__name__ in ROWS]
    turns = [each.turn for each in run.envelopes]
    assert len(rows) > 200
    assert [each.turn for each in rows if turns.count(each.turn) > 1] == []


def test_a_tick_reaches_the_mark_of_its_own_instrument_by_its_seq() -> None:
    run = calm()
    marks = run.of(MarkFrame)[-1]
    symbols = list(instruments())
    for column, seq in enumerate(marks.payload.tick_seq.values.tolist()):
        tick: Tick = run.at(seq).payload
        assert tick.symbol == symbols[column]
        assert marks.payload.bid[column] == float(instruments()[tick.symbol].price(tick.bid))
        assert marks.payload.tick_ns[column] == run.at(seq).at_ns
    assert marks.payload.valid.values.all()


def test_a_turn_has_one_instant_and_seqs_without_a_hole() -> None:
    run = calm()
    assert [each.seq for each in run.envelopes] == list(range(1, len(run.envelopes) + 1))
    instants: dict[int, set[int]] = {}
    for each in run.envelopes:
        instants.setdefault(each.turn, set()).add(each.at_ns)
    assert all(len(each) == 1 for each in instants.values())
    assert list(instants) == list(range(1, len(instants) + 1))
    ordered = [each.at_ns for each in run.envelopes]
    assert ordered == sorted(ordered)


def test_the_journal_sees_a_message_before_anybody_answers_it() -> None:
    assert all(each.cause < each.seq for each in calm().envelopes)


def test_a_cause_lies_in_the_same_turn() -> None:
    run = calm()
    assert [each for each in run.envelopes if each.cause and run.at(each.cause).turn != each.turn] == []


def test_a_signal_beat_is_answered_by_marks_then_trades_then_books_then_features_then_every_agent() -> None:
    run = calm()
    beat = next(each for each in run.of(Beat) if each.payload.kind == "signal" and each.payload.number == 3)
    assert names(run.turn(beat.turn)) == [
        "Beat", "MarkFrame", "TradeFrame", "BookFrame", "FeatureFrame", "SignalFrame", "SignalFrame", "SignalFrame",
    ]  # fmt: skip
    chain = run.turn(beat.turn)
    assert [each.cause for each in chain[1:4]] == [beat.seq, beat.seq, beat.seq]
    assert chain[4].cause == chain[3].seq
    assert {each.cause for each in chain[5:]} == {chain[4].seq}


def test_bars_that_closed_are_said_between_marks_and_books() -> None:
    run = calm()
    turn = next(each.turn for each in run.envelopes if type(each.payload).__name__ == "BarFrame")
    market = [name for name in names(run.turn(turn)) if name not in ("Outcome", "RegimeState")]
    assert market[:6] == ["Beat", "MarkFrame", "BarFrame", "TradeFrame", "BookFrame", "FeatureFrame"]


def test_the_decide_beat_follows_the_signal_beat_with_nothing_between_them() -> None:
    run = calm()
    beats = [each for each in run.of(Beat) if each.payload.kind != "second"]
    assert [each.payload.kind for each in beats] == ["signal", "decide"] * 20
    for signal, decide in zip(beats[::2], beats[1::2], strict=True):
        assert decide.turn == signal.turn + 1
        assert decide.at_ns == signal.at_ns
        assert decide.at_ns % SECOND_NS == 0


def test_a_decision_is_slate_equity_selection_verdict_and_log_in_one_turn() -> None:
    run = calm()
    for log in run.of(DecisionLog):
        said = names(run.turn(log.turn))
        assert said[:4] == ["Beat", "Slate", "Equity", "Selection"]
        assert said.count("Verdict") == said.count("DecisionLog") == 1
        spoken = [each for each in said[4:] if each in ("Intent", "Refusal", "Verdict")]
        assert spoken[-1] == "Verdict"


def test_the_log_names_the_seqs_of_every_part_of_its_decision() -> None:
    run = calm()
    for log in (each.payload for each in run.of(DecisionLog)):
        assert isinstance(run.at(log.slate_seq).payload, Slate)
        assert isinstance(run.at(log.selection_seq).payload, Selection)
        assert isinstance(run.at(log.verdict_seq).payload, Verdict)
        turn = run.turn(run.at(log.verdict_seq).turn)
        assert log.intent_seqs == tuple(each.seq for each in turn if isinstance(each.payload, Intent))
        assert log.refusal_seqs == tuple(each.seq for each in turn if isinstance(each.payload, Refusal))
        verdict = run.at(log.verdict_seq).payload
        assert (verdict.intents, verdict.refusals) == (len(log.intent_seqs), len(log.refusal_seqs))


def test_an_order_leads_back_to_the_ticks_it_was_decided_on() -> None:
    run = calm()
    order = a_filled_order()
    intent = run.at(order.payload.intent_seq)
    assert isinstance(intent.payload, Intent)
    assert order.cause == intent.seq
    selection = run.at(intent.cause)
    assert isinstance(selection.payload, Selection)
    assert order.payload.symbol in [pick.symbol for pick in selection.payload.picks]
    slate = run.at(selection.payload.slate_seq)
    assert isinstance(slate.payload, Slate)
    signals = [run.at(seq) for seq in slate.payload.based_on if isinstance(run.at(seq).payload, SignalFrame)]
    assert [each.payload.agent for each in signals] == list(slate.payload.agents)
    features = {
        seq for each in signals for seq in each.payload.based_on if isinstance(run.at(seq).payload, FeatureFrame)
    }
    assert len(features) == 1
    bases = [run.at(seq).payload for seq in run.at(features.pop()).payload.based_on]
    assert any(isinstance(each, BookFrame) for each in bases)
    marks = run.at(intent.payload.mark_seq)
    assert isinstance(marks.payload, MarkFrame)
    column = list(instruments()).index(order.payload.symbol)
    tick = run.at(int(marks.payload.tick_seq[column]))
    assert tick.payload.symbol == order.payload.symbol
    assert tick.seq < marks.seq < selection.seq < intent.seq < order.seq


def test_an_intent_carries_the_numbers_it_was_judged_by() -> None:
    run = calm()
    for envelope in run.of(Intent):
        intent = envelope.payload
        marks, slate = run.at(intent.mark_seq).payload, run.turn(envelope.turn)[1].payload
        column = list(instruments()).index(intent.symbol)
        assert intent.mark == pytest.approx(marks.mid[column], rel=1e-15)
        assert intent.mark_age_s == (envelope.at_ns - int(marks.tick_ns[column])) / SECOND_NS
        assert (intent.mu, intent.sigma) == (slate.mu[column], slate.sigma[column])
        assert intent.notional == intent.quantity * intent.limit
        assert intent.cvar_after <= intent.cvar_max or intent.reduce_only
        assert instruments()[intent.symbol].lots(intent.quantity) > 0
        assert instruments()[intent.symbol].ticks(intent.limit) > 0
        assert intent.expires_ns == envelope.at_ns + 3 * SECOND_NS


def test_an_order_is_its_intent_under_a_derived_name() -> None:
    run = calm()
    for order in (each.payload for each in run.of(Order)):
        intent = run.at(order.intent_seq).payload
        assert order.client_id == client_order_id(OrderIdentity(1, intent.decision, intent.leg, 0))
        for field in ("decision", "leg", "symbol", "side", "quantity", "limit", "reduce_only", "expires_ns"):
            assert getattr(order, field) == getattr(intent, field)


def test_an_order_is_sending_before_the_venue_says_anything_of_it() -> None:
    run = calm()
    for order in run.of(Order):
        life = [each for each in run.of(OrderState) if each.payload.client_id == order.payload.client_id]
        assert (life[0].payload.state, life[0].turn, life[0].cause) == ("SENDING", order.turn, order.cause)
        assert life[0].payload.open == order.payload.quantity
        assert life[-1].payload.state in ("FILLED", "OPEN")


def test_the_venue_answers_in_turns_of_its_own_after_the_order() -> None:
    run = calm()
    sent = {each.payload.client_id: each.turn for each in run.of(Order)}
    answers = [*run.of(OrderAccepted), *run.of(Fill)]
    assert len(answers) == len(sent) + len(run.of(Fill))
    assert all(each.cause == 0 and each.turn > sent[each.payload.client_id] for each in answers)


def test_a_fill_is_booked_in_its_own_turn_as_execution_position_and_equity() -> None:
    run = calm()
    fill = run.of(Fill)[0]
    assert names(run.turn(fill.turn)) == ["Fill", "Execution", "OrderState", "Position", "Equity"]
    _, execution, state, position, equity = run.turn(fill.turn)
    assert (execution.cause, state.cause) == (fill.seq, fill.seq)
    assert (position.cause, equity.cause) == (execution.seq, execution.seq)
    assert execution.payload.fill_seq == fill.seq
    assert position.payload.execution_seq == execution.seq


def test_positions_are_the_sum_of_signed_fills_to_the_last_digit() -> None:
    run = calm()
    held: dict[str, Decimal] = {}
    for fill in (each.payload for each in run.of(Fill)):
        signed = fill.quantity if fill.side == "buy" else -fill.quantity
        held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + signed
    said = {each.payload.symbol: each.payload.quantity for each in run.of(Position)}
    assert said == held
    assert any(quantity < 0 for quantity in held.values())


def test_cash_is_the_opening_less_what_was_paid_and_the_fees() -> None:
    run = calm()
    cash = run.of(VenueSnapshot)[0].payload.balances["EUR"]
    for fill in (each.payload for each in run.of(Fill)):
        signed = fill.quantity if fill.side == "buy" else -fill.quantity
        cash -= signed * fill.price + fill.fee
    assert run.of(Equity)[-1].payload.cash == cash.quantize(Decimal("1E-8"))


def test_equity_is_cash_plus_positions_at_the_last_marks() -> None:
    run = calm()
    equity = run.of(Equity)[-1]
    marks = [each for each in run.of(MarkFrame) if each.seq < equity.seq][-1].payload
    worth = Decimal(0)
    for column, symbol in enumerate(instruments()):
        held = [each.payload.quantity for each in run.of(Position) if each.payload.symbol == symbol][-1:]
        worth += (held[0] if held else Decimal(0)) * Decimal(repr(float(marks.mid[column])))
    assert float(equity.payload.net) == float(worth.quantize(Decimal("1E-8")))
    assert equity.payload.equity == equity.payload.cash + equity.payload.net
    assert equity.payload.complete


def test_every_fill_became_one_execution_that_was_neither_late_nor_foreign() -> None:
    run = calm()
    fills, executions = run.of(Fill), run.of(Execution)
    assert [each.payload.fill_seq for each in executions] == [each.seq for each in fills]
    assert not any(each.payload.late or each.payload.external for each in executions)


def test_when_a_horizon_is_over_what_came_true_is_said_of_the_belief() -> None:
    run = calm()
    outcomes = run.of(Outcome)
    assert {each.payload.author for each in outcomes} == {"reversion"}
    for outcome in outcomes:
        signal = run.at(outcome.payload.said_seq)
        assert signal.payload.agent == "reversion"
        assert signal.at_ns == outcome.payload.said_ns
        assert outcome.at_ns - signal.at_ns == 5 * SECOND_NS
        then = [each for each in run.of(MarkFrame) if each.at_ns == signal.at_ns][-1].payload.mid.values
        now = [each for each in run.of(MarkFrame) if each.at_ns == outcome.at_ns][-1].payload.mid.values
        np.testing.assert_allclose(outcome.payload.realised.values, np.log(now / then), rtol=1e-12, atol=1e-15)
