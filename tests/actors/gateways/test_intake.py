"""What may be believed of a frame: books are valid from a snapshot to the next gap on the stream that carries them."""

from typing import Any

import pytest

from actors.gateways.intake import Intake
from contracts.wire import MalformedFrame, Parsed, Sequence
from tests.kit.feed_world import BTC, delta, snapshot, tick, trade
from tests.kit.feeds import ScriptedParser, meaning, raw

ETH = "ETH-USD"


def take(intake, *rows, rule="consecutive", stream="*", first=0, last, previous=-1) -> Any:
    return intake.take(raw(meaning(Parsed("data", rows, Sequence(stream, rule, first, last, previous)))))


def an_intake():
    return Intake(ScriptedParser(), 10)


def test_changes_before_any_snapshot_are_refused_and_other_rows_are_not():
    taken = take(an_intake(), tick(0), delta(0, (9, 1)), last=0)
    assert (taken.rows, taken.refused, taken.voided) == ((tick(0),), 1, ())


def test_a_gap_of_a_stream_voids_every_book_it_carries_and_a_snapshot_brings_one_back():
    intake = an_intake()
    take(intake, snapshot(0, (9, 1)), snapshot(0, (9, 1), symbol=ETH), last=0)

    lost = take(intake, delta(2, (9, 2)), trade(2), last=2)
    again = take(intake, snapshot(3, (8, 1)), last=3)

    assert (lost.voided, lost.rows, lost.refused) == ((BTC, ETH), (trade(2),), 1)
    assert again.regained == (BTC,)
    assert list(intake.void) == [ETH]
    assert take(intake, delta(4, (8, 2)), delta(4, (8, 2), symbol=ETH), last=4).rows == (delta(4, (8, 2)),)


def test_a_gap_of_a_stream_without_books_voids_none():
    intake = an_intake()
    take(intake, snapshot(0, (9, 1)), last=0)
    take(intake, trade(1), stream="t", first=5, last=5)
    taken = take(intake, trade(2), stream="t", first=9, last=9)
    assert (taken.verdict.answer, taken.voided, taken.rows) == ("gap", (), (trade(2),))
    assert take(intake, delta(1, (9, 3)), last=1).rows == (delta(1, (9, 3)),)


def test_what_waited_comes_after_the_snapshot_it_continues():
    intake = an_intake()
    early, late = delta(1, (9, 1)), delta(2, (9, 2))
    assert take(intake, early, rule="chain", first=4, last=5).rows == ()
    assert take(intake, late, rule="chain", first=6, last=7).rows == ()
    assert intake.waiting() == 2

    taken = take(intake, snapshot(5, (9, 5)), rule="snapshot", first=5, last=5)

    assert taken.rows == (snapshot(5, (9, 5)), late)
    assert intake.waiting() == 0


def test_the_frame_that_shows_a_gap_in_a_chain_waits_with_the_others():
    intake = an_intake()
    take(intake, snapshot(5, (9, 5)), rule="snapshot", first=5, last=5)
    take(intake, delta(6, (9, 5)), rule="chain", first=6, last=6)
    taken = take(intake, delta(9, (9, 5)), rule="chain", first=9, last=9)
    assert (taken.rows, taken.voided, intake.waiting()) == ((), (BTC,), 1)


def test_frames_without_a_sequence_are_believed_and_unreadable_ones_are_not():
    intake = an_intake()
    assert intake.take(raw(meaning(Parsed("ack")))).rows == ()
    with pytest.raises(MalformedFrame):
        intake.take(raw(b"garbage"))
