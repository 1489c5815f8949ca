"""Streaming: what goes wrong on the wire closes the gate, is counted, and opens it again once it is mended."""

from functools import cache
from typing import Any

from actors.gateways.feed_counts import FeedCounts
from contracts.decision import GateState, Intent, Refusal
from contracts.envelope import Envelope
from contracts.market import BookDelta, BookSnapshot, FeedStatus, MarkFrame, Tick
from contracts.ports import FeedLost
from contracts.trade import Order
from contracts.wire import RawFrame
from tests.characterization.outsides import meddled
from tests.characterization.runs import a_quick_profile
from tests.kit.worlds import Run, TestWorld, said, simulate

SYMBOLS = ("BTC-EUR", "ETH-EUR", "SOL-EUR")


class Once:
    """Garbage at 2 s, a frame twice at 3 s, one lost at 5 s, the connection cut at 9 s; each exactly once."""

    def __init__(self) -> None:
        self._done: list[str] = []

    def __call__(self, seconds: float, frame: RawFrame) -> tuple[RawFrame, ...]:
        if self._due("garbage", seconds, 2.0):
            return (RawFrame(b"\x00 no frame", frame.received_ns, frame.epoch, frame.number), frame)
        if self._due("duplicate", seconds, 3.0):
            return (frame, frame)
        if self._due("gap", seconds, 5.0):
            return ()
        if self._due("cut", seconds, 9.0):
            raise FeedLost("cut by the test")
        return (frame,)

    def _due(self, what: str, seconds: float, at_s: float) -> bool:
        if seconds < at_s or what in self._done:
            return False
        self._done.append(what)
        return True


@cache
def stormy() -> Run:
    """With all of these, and the wire silent from 13 s to 19.5 s."""
    profile = a_quick_profile(feed__resync_s_max=1.0)
    return simulate(world=TestWorld(profile, feed_of=meddled(Once(), (13.0, 19.5))), seconds=21.5, checked=False)


def counts() -> FeedCounts:
    gateway: Any = stormy().system.gateways["feed"]
    found: FeedCounts = gateway.counts
    return found


def statuses(after_s: float, before_s: float) -> list[str]:
    return [each.state for each in said(stormy(), FeedStatus, after_s=after_s, before_s=before_s)]


def states(after_s: float, before_s: float) -> list[str]:
    return [each.state for each in said(stormy(), GateState, after_s=after_s, before_s=before_s)]


def closed_turns() -> list[Envelope[Any]]:
    """Every order that was said while the feed was not live."""
    live, found = False, []
    for each in stormy().envelopes:
        if isinstance(each.payload, FeedStatus):
            live = each.payload.state == "live"
        elif isinstance(each.payload, Order) and not live:
            found.append(each)
    return found


def test_an_unreadable_frame_is_counted_and_kept_raw_and_closes_nothing() -> None:
    gateway: Any = stormy().system.gateways["feed"]
    assert counts().malformed == 1
    assert [each.data for each in gateway.malformed] == [b"\x00 no frame"]
    assert statuses(1.0, 3.0) == states(1.0, 3.0) == []


def test_a_frame_that_came_twice_is_counted_and_heard_once() -> None:
    assert counts().duplicates == 1
    assert statuses(3.0, 4.9) == []
    frames = [(each.epoch, each.frame) for each in said(stormy(), Tick)]
    assert len(frames) == len(set(frames))


def test_a_gap_is_named_with_both_numbers_and_the_books_it_voids() -> None:
    gap = next(each for each in said(stormy(), FeedStatus) if each.state == "gap")
    assert gap.symbols == SYMBOLS
    assert gap.detail.startswith("stream connection: expected ")
    assert counts().gaps == 1


def test_a_gap_closes_the_gate_at_once() -> None:
    assert states(5.0, 6.0) == ["REDUCING"]
    reasons = said(stormy(), GateState, after_s=5.0, before_s=6.0)[0].reasons
    assert reasons == ("feed simulated is gap",)


def test_no_change_of_a_void_book_is_heard_but_a_quote_stands_alone() -> None:
    assert said(stormy(), BookDelta, after_s=5.15, before_s=6.4) == []
    assert counts().void_rows > 0
    assert len(said(stormy(), Tick, after_s=5.15, before_s=6.4)) > 0


def test_marks_from_before_a_gap_are_void_until_the_next_quote() -> None:
    gap = next(each for each in stormy().of(FeedStatus) if each.payload.state == "gap")
    for frame in (each for each in stormy().of(MarkFrame) if each.seq > gap.seq):
        seqs = frame.payload.tick_seq.values[frame.payload.valid.values]
        assert (seqs > gap.seq).all()


def test_a_book_that_stays_void_is_reason_enough_to_reconnect() -> None:
    assert statuses(5.0, 8.9) == ["gap", "down", "connecting", "live"]
    down = next(each for each in said(stormy(), FeedStatus) if each.state == "down")
    assert down.detail == "no snapshot for BTC-EUR, ETH-EUR, SOL-EUR in 1.1 s after a gap"


def test_a_new_connection_begins_with_new_books_under_its_own_epoch() -> None:
    run = stormy()
    for epoch in (2, 3, 4):
        snapshots = [each for each in said(run, BookSnapshot) if each.epoch == epoch]
        assert [each.symbol for each in snapshots] == list(SYMBOLS)
    epochs = [each.epoch for each in said(run, Tick)]
    assert epochs == sorted(epochs)


def test_the_gate_opens_again_when_the_books_are_whole() -> None:
    assert states(6.3, 8.9) == ["REDUCING", "TRADING"]
    assert any(said(stormy(), Intent, after_s=10.0, before_s=13.0))


def test_a_lost_connection_closes_the_gate_and_a_new_one_opens_it() -> None:
    assert statuses(9.0, 12.9) == ["down", "connecting", "live"]
    assert states(9.0, 12.9) == ["REDUCING", "REDUCING", "TRADING"]
    assert "cut by the test" in [each.detail for each in said(stormy(), FeedStatus)]


def test_a_silent_wire_is_stale_then_closed_and_sought_again() -> None:
    assert statuses(13.0, 21.0) == ["stale", "down", "connecting", "live"]
    stale = next(each for each in stormy().of(FeedStatus) if each.payload.state == "stale")
    last_tick = [each for each in stormy().of(Tick) if each.seq < stale.seq][-1]
    assert 4.5 < (stale.at_ns - last_tick.at_ns) / 1e9 < 5.5
    assert counts().silences == 1


def test_the_gate_is_open_at_the_end_as_it_was_at_the_beginning() -> None:
    assert states(17.0, 21.4)[-1] == "TRADING"
    assert any(said(stormy(), Intent, after_s=19.5))


def test_no_order_is_said_while_the_feed_is_not_live() -> None:
    assert closed_turns() == []
    assert len(said(stormy(), Order)) > 4


def test_refusals_while_the_feed_was_gone_say_so() -> None:
    refusals = said(stormy(), Refusal, after_s=17.6, before_s=19.4)
    texts = [reason.text for each in refusals for reason in each.reasons if reason.control in ("C15", "C16")]
    assert all("feed" in text or "quote" in text for text in texts)


def test_every_frame_is_accounted_for_by_kind() -> None:
    found = counts()
    assert found.received == sum(found.frames.values()) + found.malformed
    assert found.ignored == {"duplicate": 1}
    assert (found.connections, found.reconnects) == (4, 3)
    assert found.rows["Tick"] == len(said(stormy(), Tick))
