"""The hearing half of the gate keeps the last of everything and forgets what is over."""

from decimal import Decimal

import numpy as np

from contracts.column import floats
from contracts.market import BarFrame, FeedStatus
from tests.kit.market import a_universe_changed, at
from tests.kit.orders import a_start, an_order_state, marks_of
from tests.kit.risk import a_gate, a_gate_stage, a_history

D = Decimal


def state_of(stage):
    return stage.actors[0].state


def a_bar(close):
    history = a_history()
    columns = {
        name: type(history.close)([close, close]) for name in ("open", "high", "low", "close", "volume", "trades")
    }
    return BarFrame(universe=1, bar_s=60.0, close_ns=at(0), tick_seq=type(history.close)([1, 1]), **columns)


def test_bars_are_kept_up_to_their_number_newest_last():
    stage = a_gate_stage(a_gate(bars_kept=61))
    for close in (101.0, 102.0, 103.0):
        stage.admit(a_bar(close))
    closes = state_of(stage).closes
    assert len(closes) == 61
    assert closes[-1] == floats([103.0, 103.0])


def test_a_new_universe_keeps_the_history_of_what_stays_and_drops_quotes_and_slate():
    stage = a_gate_stage()
    last = state_of(stage).closes[-1][1]
    stage.admit(a_universe_changed("SOL-EUR", "ETH-EUR", version=2))
    state = state_of(stage)
    assert state.closes[-1][1] == last
    assert np.isnan(state.closes[-1][0]), "nothing is known of the newcomer"
    assert state.frame is None
    assert state.slate is None


def test_a_frame_of_another_universe_is_not_taken():
    stage = a_gate_stage()
    frame = state_of(stage).frame
    stage.admit(a_universe_changed(version=2))
    stage.admit(marks_of(1.0, 1.0))
    assert state_of(stage).frame is None
    assert frame is not None


def test_a_start_forgets_what_the_dead_process_knew_of_its_feeds():
    stage = a_gate_stage()
    stage.admit(a_start(epoch=2))
    assert state_of(stage).feeds == {}
    stage.admit(FeedStatus("test", "live", 1, ("BTC-EUR",), ""))
    assert state_of(stage).feeds == {"BTC-EUR": "live"}


def test_a_flat_position_takes_all_that_was_remembered_of_it_away():
    stage = a_gate_stage(BTC_EUR="0.1")
    stage.admit(an_order_state("REJECTED", side="sell", open=D(0), reason="no"))
    assert state_of(stage).stuck == {"BTC-EUR": "no"}
    stage.actors[0]._hold("BTC-EUR", D(0), at(1))
    state = state_of(stage)
    assert state.positions == state.since_ns == state.stuck == state.unselected == {}


def test_a_rejected_opening_order_leaves_nothing_stuck():
    stage = a_gate_stage(BTC_EUR="0.1")
    stage.admit(an_order_state("REJECTED", side="buy", open=D(0), reason="no"))
    assert state_of(stage).stuck == {}
