"""Mark updates: where a mark comes from, how old it is, and that one bad quote closes one instrument and no other."""

from functools import cache
from typing import Any

import msgspec
import numpy as np

from contracts.belief import SignalFrame
from contracts.decision import GateState, Intent, Refusal
from contracts.market import MarkFrame, Tick
from contracts.quantities import SECOND_NS
from contracts.trade import Order
from tests.characterization.outsides import requoted, silent_after
from tests.characterization.runs import a_quick_profile, calm
from tests.kit.worlds import Run, TestWorld, said, simulate

BTC, ETH, SOL = 0, 1, 2


def requote(seconds: float, tick: Tick) -> Tick | None:
    """SOL is silent from 4 to 12 s, ETH crossed from 6 to 9 s, BTC absurd at 2.5 s and without offer from 9 to 11 s."""
    if tick.symbol == "BTC-EUR" and 2.45 <= seconds < 2.55:
        return msgspec.structs.replace(tick, bid=10 * tick.bid, ask=10 * tick.ask)
    if tick.symbol == "SOL-EUR" and 4 <= seconds < 12:
        return None
    if tick.symbol == "ETH-EUR" and 6 <= seconds < 9:
        return msgspec.structs.replace(tick, bid=tick.ask, ask=tick.bid)
    if tick.symbol == "BTC-EUR" and 9 <= seconds < 11:
        return msgspec.structs.replace(tick, ask=0, ask_lots=0)
    return tick


@cache
def requoted_run() -> Run:
    world = TestWorld(a_quick_profile(), feed_of=requoted(requote))
    return simulate(world=world, seconds=13.9, checked=False)


def marks_at(second: int) -> MarkFrame:
    """The marks of a decision, by the second after the start."""
    frames: list[MarkFrame] = said(requoted_run(), MarkFrame, after_s=second, before_s=second + 0.5)
    return frames[0]


def controls(symbol: str, after_s: float, before_s: float) -> set[str]:
    """The controls that refused an instrument in a time."""
    refusals = said(requoted_run(), Refusal, after_s=after_s, before_s=before_s)
    return {reason.control for each in refusals if each.symbol == symbol for reason in each.reasons}


def intents(symbol: str, after_s: float, before_s: float) -> list[Intent]:
    return [each for each in said(requoted_run(), Intent, after_s=after_s, before_s=before_s) if each.symbol == symbol]


def test_a_stale_mark_closes_the_gate() -> None:
    profile = a_quick_profile(risk__mark_age_s_max=5.0, feed__silence_s_max=60.0)
    run = simulate(world=TestWorld(profile, feed_of=silent_after(3.0)), seconds=9.5, checked=False)

    assert said(run, Order, after_s=8) == []
    ages = {"BTC-EUR": 6.5, "ETH-EUR": 6.4, "SOL-EUR": 6.3}
    refusals = said(run, Refusal, after_s=9)
    texts = [reason.text for each in refusals for reason in each.reasons if reason.control == "C14"]
    assert texts == [
        f"mark of {each.symbol} is {ages[each.symbol]} s old, at most 5.0 s"
        for each in refusals
        if "C14" in [reason.control for reason in each.reasons]
    ]
    assert texts != []


def test_marks_are_of_the_last_quote_before_the_beat() -> None:
    run = calm()
    for frame in run.of(MarkFrame):
        for column, seq in enumerate(frame.payload.tick_seq.values.tolist()):
            symbol = run.at(seq).payload.symbol
            ticks = [each for each in run.of(Tick) if each.payload.symbol == symbol and each.seq < frame.seq]
            assert ticks[-1].seq == seq
            assert frame.payload.tick_ns[column] == ticks[-1].at_ns


def test_the_mid_lies_halfway_between_bid_and_ask() -> None:
    for frame in said(calm(), MarkFrame):
        np.testing.assert_allclose(frame.mid.values, (frame.bid.values + frame.ask.values) / 2, rtol=1e-15)
        assert (frame.bid.values < frame.ask.values).all()


def test_the_age_of_a_mark_is_counted_from_its_admission_not_from_the_venues_clock() -> None:
    run = calm()
    for intent in run.of(Intent):
        frame = run.at(intent.payload.mark_seq).payload
        column = ["BTC-EUR", "ETH-EUR", "SOL-EUR"].index(intent.payload.symbol)
        tick = run.at(int(frame.tick_seq[column]))
        assert intent.payload.mark_age_s == (intent.at_ns - tick.at_ns) / SECOND_NS


def test_an_instrument_that_falls_silent_keeps_its_last_mark_and_grows_old() -> None:
    still = [marks_at(second) for second in range(5, 12)]
    assert len({float(frame.mid[SOL]) for frame in still}) == 1
    assert len({int(frame.tick_ns[SOL]) for frame in still}) == 1
    assert len({float(frame.mid[BTC]) for frame in still[:4]}) == 4


def test_an_old_mark_is_believed_in_less_and_less() -> None:
    signals = [each for each in said(requoted_run(), SignalFrame) if each.agent == "order_flow"]
    confidence = [float(each.confidence[SOL]) for each in signals[4:12]]
    assert confidence == sorted(confidence, reverse=True)
    assert confidence[-1] < 0.5 * confidence[0]
    assert len({float(each.confidence[ETH]) for each in signals[:6]}) == 1


def test_only_the_silent_instrument_is_refused_for_its_age() -> None:
    assert "C14" in controls("SOL-EUR", 9, 12.5)
    assert "C14" not in controls("SOL-EUR", 1, 8.5)
    assert "C14" not in controls("ETH-EUR", 1, 14) | controls("BTC-EUR", 1, 14)
    assert intents("SOL-EUR", 9, 12.5) == []


def test_an_absurd_quote_is_counted_and_the_one_before_it_stays_the_mark() -> None:
    gateway: Any = requoted_run().system.gateways["feed"]
    assert gateway.counts.implausible == 1
    before, after = marks_at(2), marks_at(3)
    assert requoted_run().seconds(int(after.tick_ns[BTC])) == 2.0
    assert abs(float(after.mid[BTC] / before.mid[BTC]) - 1) < 0.01


def test_a_crossed_quote_is_no_mark() -> None:
    assert marks_at(6).valid.values.tolist() == [True, True, True]
    for second in (7, 8, 9):
        frame = marks_at(second)
        assert frame.valid.values.tolist() == [True, False, True]
        assert np.isnan([frame.bid[ETH], frame.ask[ETH], frame.mid[ETH]]).all()
    assert marks_at(10).valid[ETH]


def test_no_agent_believes_anything_of_a_crossed_instrument_and_all_go_on_about_the_others() -> None:
    signals = said(requoted_run(), SignalFrame, after_s=7, before_s=9.5)
    assert len(signals) == 9
    assert all(np.isnan(each.mu[ETH]) for each in signals)
    assert all(np.isfinite([each.mu[BTC], each.mu[SOL]]).all() for each in signals if each.agent == "order_flow")


def test_only_the_crossed_instrument_is_refused_for_its_quote() -> None:
    assert "C15" in controls("ETH-EUR", 7, 9.5)
    assert intents("ETH-EUR", 7, 9.5) == []
    assert "C15" not in controls("SOL-EUR", 1, 14)
    assert len(intents("BTC-EUR", 7, 9.5)) > 0


def test_a_quote_without_an_offer_is_no_mark() -> None:
    for second in (10, 11):
        assert marks_at(second).valid.values.tolist() == [False, True, True]
        assert intents("BTC-EUR", second, second + 0.5) == []
    assert "C15" in controls("BTC-EUR", 10, 11.5)
    assert marks_at(12).valid[BTC]


def test_the_first_good_quote_opens_the_instrument_again() -> None:
    assert len(intents("ETH-EUR", 10, 14)) > 0
    assert len(intents("BTC-EUR", 12, 14)) > 0
    assert len(intents("SOL-EUR", 13, 14)) > 0


def test_one_bad_instrument_does_not_close_the_account() -> None:
    states = {each.state for each in said(requoted_run(), GateState, after_s=1, before_s=13.8)}
    assert states == set()
    trading = [each.state for each in said(requoted_run(), GateState, before_s=1)]
    assert trading[-1] == "TRADING"
