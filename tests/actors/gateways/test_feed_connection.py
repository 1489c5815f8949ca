"""One connection of a feed: its states, its gaps, what is counted, and what waits while the daemon is behind."""

from contracts.market import BookDelta, BookSnapshot, FeedStatus, Tick, Trade
from contracts.wire import Parsed, Sequence
from tests.kit.feed_world import BTC, World, delta, said_by, snapshot, tick, trade
from tests.kit.feeds import meaning


async def test_it_is_live_after_the_first_frame_with_rows_and_down_at_a_recordings_end():
    world = await World(([(0.1, said_by(0, kind="ack")), (0.2, said_by(1, tick(1)))], "finished")).run()

    assert world.states() == [("connecting", 1), ("live", 1), ("down", 1)]
    assert [(at, p.state) for at, p in world.said if isinstance(p, FeedStatus)][1] == (0.2, "live")
    assert "recording finished" in world.of(FeedStatus)[-1].detail
    assert world.counts.ignored == {"ack": 1}
    assert world.counts.rows == {"Tick": 1}


async def test_a_gap_makes_books_void_until_the_next_snapshot_and_says_both():
    frames = [
        said_by(0, snapshot(0, (99, 5))),
        said_by(2, tick(2), delta(2, (98, 1))),
        said_by(3, delta(3, (97, 1))),
        said_by(4, snapshot(4, (96, 5))),
        said_by(5, delta(5, (95, 1))),
    ]
    world = await World(([(0.1 * n, frame) for n, frame in enumerate(frames)], "finished")).run()

    assert world.states() == [("connecting", 1), ("live", 1), ("gap", 1), ("live", 1), ("down", 1)]
    gap = world.of(FeedStatus)[2]
    assert (gap.symbols, gap.detail) == ((BTC,), "stream *: expected 1, was 2")
    assert [row.frame for row in world.of(BookSnapshot, BookDelta, Tick)] == [0, 2, 4, 5]
    assert (world.counts.gaps, world.counts.void_rows) == (1, 2)


async def test_a_book_that_stays_void_too_long_is_reason_to_reconnect():
    frames = [(0.0, said_by(0, snapshot(0, (99, 5)))), (0.1, said_by(2, tick(2))), (2.0, said_by(3, tick(3)))]
    again = [(0.0, said_by(0, snapshot(9, (99, 5))))]
    world = await World((frames, "silent"), (again, "finished"), resync_s_max=1.0).run()

    assert world.states()[-3:] == [("connecting", 2), ("live", 2), ("down", 2)]
    assert "no snapshot for BTC-USD in 1.9 s after a gap" in [status.detail for status in world.of(FeedStatus)]
    assert world.counts.reconnects == 1


async def test_a_gap_in_a_stream_without_books_leaves_the_books_alone():
    def numbered(number):
        return meaning(Parsed("trade", (trade(number),), Sequence("t", "consecutive", number, number)))

    world = await World(([(0.1, numbered(7)), (0.2, numbered(9))], "finished")).run()

    assert world.states() == [("connecting", 1), ("live", 1), ("gap", 1), ("live", 1), ("down", 1)]
    assert world.of(FeedStatus)[2].symbols == ()
    assert len(world.of(Trade)) == 2


async def test_frames_within_the_deadline_keep_a_slow_feed_alive():
    frames = [(4.5 * n, said_by(n, tick(n))) for n in range(20)]
    world = await World((frames, "finished"), silence_s_max=5.0).run()
    assert world.counts.silences == 0


async def test_duplicates_and_late_frames_are_counted_and_not_admitted():
    numbers = [0, 1, 1, 3, 2, 4]
    world = await World(([(0.1 * n, said_by(n, tick(n))) for n in numbers], "finished")).run()

    assert [row.frame for row in world.of(Tick)] == [0, 1, 3, 4]
    assert (world.counts.duplicates, world.counts.late, world.counts.gaps) == (1, 1, 1)
    assert world.counts.ignored == {"duplicate": 1, "late": 1}


async def test_frames_waiting_at_the_end_of_a_connection_are_counted():
    chain = [meaning(Parsed("depth", (delta(n, (9, 1)),), Sequence("d", "chain", n, n))) for n in (1, 2, 3)]
    world = await World(([(0.1 * n, frame) for n, frame in enumerate(chain)], "finished")).run()
    assert (world.counts.waited, world.counts.overflowed, world.of(BookDelta)) == (3, 3, [])


async def test_far_behind_the_frames_rows_wait_and_are_conflated():
    late = [(-10.0, said_by(n, tick(n, bid=100 + n), trade(n))) for n in range(20)]
    world = await World(([*late, (0.0, said_by(20, tick(20)))], "finished"), conflate_after=8).run()

    assert [row.trade_id for row in world.of(Trade)] == list(range(20)), "trades are never left out"
    assert len(world.of(Tick)) + world.counts.conflated == 21
    assert world.counts.conflated > 0
    assert world.of(Tick)[-1] == tick(20)
