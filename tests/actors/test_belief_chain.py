"""The laws of the chain as a whole: it speaks, it resumes exactly, it never sees later data."""

import numpy as np
import pytest

from contracts import codec
from contracts.belief import FeatureFrame, Outcome, SignalFrame, Slate
from contracts.decision import Selection
from contracts.envelope import Envelope
from contracts.life import ActorFailed
from contracts.market import BarFrame, BookFrame, MarkFrame
from tests.kit.belief_chain import a_chain, a_market, factories, play
from tests.kit.market import a_wide_universe, at
from tests.kit.turns import MemoryJournal, Steps

WIDTH = 4
UNTOLD = ("context_keeper",)
"""This market has no perpetuals and no world around it."""


@pytest.fixture(scope="module")
def journal() -> MemoryJournal:
    """150 seconds of a market that warms up, closes bars and outcomes."""
    kept, clock = MemoryJournal(), Steps(at(0))
    play(a_chain(journal=kept, clock=clock), clock, a_market(a_wide_universe(width=WIDTH), seconds=150))
    return kept


def said(journal: MemoryJournal, kind: type) -> list[Envelope]:
    return [envelope for envelope in journal.envelopes if isinstance(envelope.payload, kind)]


def test_nobody_fails_on_an_ordinary_market(journal):
    assert said(journal, ActorFailed) == []


def test_every_signal_beat_is_believed_and_every_decide_beat_decided(journal):
    assert len(said(journal, BookFrame)) == len(said(journal, FeatureFrame)) == 150
    assert len(said(journal, SignalFrame)) == 3 * 150
    assert len(said(journal, Slate)) == len(said(journal, Selection)) == 150
    assert len(said(journal, BarFrame)) == 2
    assert {each.payload.author for each in said(journal, Outcome)} == {"momentum", "reversion", "order_flow", "blend"}


def test_the_frames_of_the_market_come_before_the_book_frame_of_their_beat(journal):
    for book in said(journal, BookFrame):
        turn = [type(each.payload) for each in journal.envelopes if each.turn == book.turn]
        market = [kind for kind in turn if kind in (MarkFrame, BarFrame, BookFrame)]
        assert market[0] is MarkFrame
        assert market[-1] is BookFrame


def test_decisions_are_counted_and_beliefs_are_finite_once_warm(journal):
    assert [each.payload.decision for each in said(journal, Selection)] == list(range(1, 151))
    slate = said(journal, Slate)[-1].payload
    assert np.isfinite(slate.mu.values).all()
    assert (slate.sigma.values > 0).all()
    assert said(journal, FeatureFrame)[-1].payload.cold == ()


def test_everything_derived_names_earlier_messages_it_came_from(journal):
    for envelope in journal.envelopes:
        based_on = getattr(envelope.payload, "based_on", None)
        if based_on is not None:
            assert based_on, f"{type(envelope.payload).__name__} is based on nothing"
            assert all(0 < seq < envelope.seq for seq in based_on)


@pytest.mark.parametrize("name", list(factories()))
@pytest.mark.parametrize("cut", [0.35, 0.8])
def test_an_actor_that_was_stored_and_restored_says_the_same_from_then_on(journal, name, cut):
    _, factory = factories()[name]
    actor = factory()
    heard = [each for each in journal.envelopes if isinstance(each.payload, actor.inputs)]
    at_cut = int(cut * len(heard))
    for envelope in heard[:at_cut]:
        tuple(actor.receive(envelope))
    stored = codec.encode(actor.snapshot())
    expected = [codec.encode(answer) for envelope in heard[at_cut:] for answer in actor.receive(envelope)]

    again = factory()
    again.restore(codec.decode_state(again.state_type(), stored))
    assert codec.encode(again.snapshot()) == stored
    found = [codec.encode(answer) for envelope in heard[at_cut:] for answer in again.receive(envelope)]
    assert found == expected
    assert codec.encode(again.snapshot()) == codec.encode(actor.snapshot())


@pytest.mark.parametrize("name", list(factories()))
def test_a_snapshot_shares_nothing_that_changes_later(journal, name):
    _, factory = factories()[name]
    actor = factory()
    heard = [each for each in journal.envelopes if isinstance(each.payload, actor.inputs)]
    half = len(heard) // 2
    for envelope in heard[:half]:
        tuple(actor.receive(envelope))
    snapshot = actor.snapshot()
    before = codec.encode(snapshot)
    for envelope in heard[half:]:
        tuple(actor.receive(envelope))
    assert codec.encode(snapshot) == before
    assert name in UNTOLD or codec.encode(actor.snapshot()) != before


def test_a_prefix_of_the_market_gives_a_prefix_of_what_is_said(journal):
    kept, clock = MemoryJournal(), Steps(at(0))
    play(a_chain(journal=kept, clock=clock), clock, a_market(a_wide_universe(width=WIDTH), seconds=40))
    assert kept.records == journal.records[: len(kept.records)]


def test_a_short_recording_without_history_has_finite_order_flow_beliefs_within_seconds():
    kept, clock = MemoryJournal(), Steps(at(0))
    market = a_market(a_wide_universe(width=1), seconds=24, history_bars=0)
    play(a_chain(journal=kept, clock=clock), clock, market)
    flows = [each.payload for each in said(kept, SignalFrame) if each.payload.agent == "order_flow"]
    believed = [bool(np.isfinite(flow.mu[0]) and flow.sigma[0] > 0) for flow in flows]
    assert all(believed[8:])
    slates = said(kept, Slate)
    assert np.isfinite(slates[-1].payload.mu.values).all()
    assert "ret_60" in said(kept, FeatureFrame)[-1].payload.cold
