"""The feed handler keeps a feed alive, says its states, and lets nothing go uncounted."""

import asyncio
import itertools
from decimal import Decimal

import numpy as np
import pytest

from actors.gateways.conflation import Backlog, conflated
from actors.gateways.feed_counts import FeedCounts, Quarantined
from actors.gateways.feed_handler import FeedHandler, FeedSettings
from contracts.column import floats, integers
from contracts.market import BarHistory, BookDelta, BookSnapshot, FeedStatus, FxMark, Tick, Trade, UniverseChanged
from contracts.quantities import SECOND_NS
from contracts.wire import Parsed, Sequence
from quant.order_book import OrderBook
from runtime.clock import LoopClock
from tests.kit.feeds import START_NS, ScriptedFeed, coinbase_universe, meaning

BTC = "BTC-USD"


def settings(**changed):
    return FeedSettings(bar_s=60, warmup_bars=10, fx={"USD": Decimal("0.9")}, **changed)


def tick(number, *, bid=100, symbol=BTC):
    return Tick(symbol, bid, bid + 1, 5, 5, START_NS, 1, number)


def trade(number, lots=1):
    return Trade(BTC, 100, lots, "buy", number, START_NS, 1, number)


def delta(number, *levels, symbol=BTC):
    bids = integers([ticks for ticks, _ in levels]), integers([lots for _, lots in levels])
    return BookDelta(symbol, *bids, integers([]), integers([]), number, START_NS, 1, number)


def snapshot(number, *levels, symbol=BTC):
    bids = integers([ticks for ticks, _ in levels]), integers([lots for _, lots in levels])
    return BookSnapshot(symbol, *bids, integers([]), integers([]), number, START_NS, 1, number)


def said_by(number, *rows, kind="data"):
    return meaning(Parsed(kind, rows, Sequence("*", "consecutive", 0, number)))


async def nothing():
    """An inbox to which nobody writes."""
    await asyncio.Event().wait()
    yield


class World:
    """A handler over a scripted feed in virtual time, and what it said."""

    def __init__(self, *connections, history=None, **changed):
        self.clock = LoopClock(START_NS)
        self.said = []
        self.quarantined: list[Quarantined] = []
        self.finished = asyncio.Event()
        self.warm = asyncio.Event()
        self.feed = ScriptedFeed(self.clock, coinbase_universe(), *connections, history=history)
        self.counts = FeedCounts()
        self.handler = FeedHandler(
            self.feed,
            self.clock,
            settings(**changed),
            chance=np.random.default_rng(7),
            epochs=itertools.count(1),
            counts=self.counts,
            quarantine=self.quarantined.append,
            on_warm=self.warm.set,
            on_finished=self.finished.set,
        )

    def admit(self, payload):
        self.said.append((round((self.clock.now() - START_NS) / SECOND_NS, 3), payload))

    async def run(self, seconds=None):
        task = asyncio.get_running_loop().create_task(self.handler.run(nothing(), self.admit))
        if seconds is None:
            await self.finished.wait()
            await asyncio.sleep(1)
            assert not task.done(), "a finished feed serves on until it is cancelled"
        else:
            await asyncio.sleep(seconds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return self

    def of(self, *types):
        return [payload for _, payload in self.said if isinstance(payload, types)]

    def states(self):
        return [(payload.state, payload.epoch) for payload in self.of(FeedStatus)]


async def test_on_start_it_says_the_universe_the_history_and_the_rates_and_is_warm():
    one = floats(np.ones((3, 2)))
    history = BarHistory(1, 60, integers([1, 2, 3]), one, one, one, one, one)
    world = await World(([], "finished"), history=history).run()

    assert [type(payload) for _, payload in world.said[:4]] == [UniverseChanged, BarHistory, FxMark, FeedStatus]
    assert world.of(FxMark) == [FxMark("USD", Decimal("0.9"), START_NS)]
    assert world.feed.asked == [(60, 10, START_NS)]
    assert world.warm.is_set()


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


async def test_silence_is_stale_and_the_connection_is_made_anew():
    world = await World(([(0.0, said_by(0, tick(0)))], "silent"), ([], "finished"), silence_s_max=5.0).run()

    assert world.states()[:5] == [("connecting", 1), ("live", 1), ("stale", 1), ("down", 1), ("connecting", 2)]
    (stale_at,) = [at for at, p in world.said if isinstance(p, FeedStatus) and p.state == "stale"]
    assert 4.6 <= stale_at <= 5.0
    assert world.counts.silences == 1


async def test_frames_within_the_deadline_keep_a_slow_feed_alive():
    frames = [(4.5 * n, said_by(n, tick(n))) for n in range(20)]
    world = await World((frames, "finished"), silence_s_max=5.0).run()
    assert world.counts.silences == 0


async def test_the_delay_between_attempts_doubles_to_its_bound_jittered():
    world = await World(reconnect_s_min=1.0, reconnect_s_max=8.0).run(seconds=200)

    delays = np.diff(world.feed.connected_ns) / SECOND_NS
    bounds = np.minimum(8.0, 2.0 ** np.arange(len(delays)))
    assert np.all((delays >= bounds / 2 - 1e-6) & (delays <= bounds + 1e-6))
    assert len(np.unique(np.round(delays / bounds, 6))) > len(delays) // 2, "no two of a storm march in step"
    assert world.counts.reconnects == len(delays) + 1


async def test_a_connection_that_lasted_starts_the_delays_anew_and_one_that_flaps_does_not():
    flapping = [([(0.5, said_by(0, tick(0)))], "lost")] * 5
    world = await World(*flapping, reconnect_s_min=1.0, reconnect_s_max=8.0).run(seconds=60)
    assert np.diff(world.feed.connected_ns)[4] / SECOND_NS > 4

    lasting = [([(3.0 * n, said_by(n, tick(n))) for n in range(5)], "lost")] * 3
    world = await World(*lasting, reconnect_s_min=1.0, reconnect_s_max=8.0).run(seconds=60)
    assert np.all(np.diff(world.feed.connected_ns)[:3] / SECOND_NS <= 13.01)


async def test_an_unreadable_frame_is_counted_kept_raw_and_ends_nothing():
    frames = [(0.1, said_by(0, tick(0))), (0.2, b"\xff\xfe{"), (0.3, b"garbage"), (0.4, said_by(1, tick(1)))]
    world = await World((frames, "finished"), quarantine_max=1).run()

    assert world.counts.malformed == 2
    assert [kept.data for kept in world.quarantined] == [b"\xff\xfe{", b"garbage"]
    assert [kept.data for kept in world.handler.malformed] == [b"garbage"], "the ring is bounded"
    assert len(world.of(Tick)) == 2


async def test_duplicates_and_late_frames_are_counted_and_not_admitted():
    numbers = [0, 1, 1, 3, 2, 4]
    world = await World(([(0.1 * n, said_by(n, tick(n))) for n in numbers], "finished")).run()

    assert [row.frame for row in world.of(Tick)] == [0, 1, 3, 4]
    assert (world.counts.duplicates, world.counts.late, world.counts.gaps) == (1, 1, 1)
    assert world.counts.ignored == {"duplicate": 1, "late": 1}


async def test_rates_are_said_again_every_minute_also_while_there_is_no_connection():
    frames = [(3.0 * n, said_by(n, tick(n))) for n in range(41)]
    world = await World((frames, "lost"), reconnect_s_min=100.0, reconnect_s_max=200.0).run(seconds=245)
    assert [at for at, payload in world.said if isinstance(payload, FxMark)] == [0.0, 60.0, 120.0, 180.0, 240.0]


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


def test_conflated_rows_have_the_same_trades_the_same_book_and_the_same_last_quote():
    rows = [
        delta(1, (99, 5)), tick(2), trade(3), snapshot(4, (90, 1), (91, 2)), delta(5, (91, 0)), tick(6),
        delta(7, (92, 3)), delta(8, (92, 4), (90, 0)), trade(9), tick(10),
    ]  # fmt: skip
    few = conflated(rows)

    def book_after(changes):
        book = OrderBook()
        for row in changes:
            if isinstance(row, BookDelta | BookSnapshot):
                apply = book.apply_snapshot if isinstance(row, BookSnapshot) else book.apply_delta
                apply(row.bid_ticks.values, row.bid_lots.values, row.ask_ticks.values, row.ask_lots.values)
        return book.depth().bid_ticks.tolist(), book.depth().bid_lots.tolist()

    assert book_after(few) == book_after(rows)
    assert [type(row) for row in few] == [Trade, Trade, BookSnapshot, BookDelta, Tick]
    assert few[-1] == tick(10)


def test_only_a_crowded_instrument_is_conflated():
    backlog = Backlog(2)
    backlog.add([tick(n) for n in range(5)])
    backlog.add([tick(n, symbol="ETH-USD") for n in range(2)])
    rows, saved = backlog.drain()
    assert (sorted((row.symbol, row.frame) for row in rows), saved) == ([(BTC, 4), ("ETH-USD", 0), ("ETH-USD", 1)], 4)
    assert (len(backlog), backlog.full) == (0, False)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"silence_s_max": 0.0}, "silence_s_max was 0.0"),
        ({"reconnect_s_min": 9.0, "reconnect_s_max": 1.0}, "reconnect_s_max was 1.0, expected at least 9.0"),
        ({"conflate_after": 0}, "conflate_after was 0"),
        ({"resync_s_max": float("nan")}, "resync_s_max was nan"),
    ],
)
def test_settings_without_sense_are_refused_by_name(changed, why):
    with pytest.raises(ValueError, match=why):
        settings(**changed)


def test_a_rate_that_is_no_rate_is_refused():
    with pytest.raises(ValueError, match="rate of USD was -1"):
        FeedSettings(bar_s=60, warmup_bars=1, fx={"USD": Decimal(-1)})
