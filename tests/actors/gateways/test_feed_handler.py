"""The feed handler keeps a feed alive for ever, says what it starts with, and keeps what cannot be read."""

from decimal import Decimal

import numpy as np

from contracts.column import floats, integers
from contracts.market import BarHistory, FeedStatus, FxMark, Tick, UniverseChanged
from contracts.quantities import SECOND_NS
from tests.kit.feed_world import World, said_by, tick
from tests.kit.feeds import START_NS


async def test_on_start_it_says_the_universe_the_history_and_the_rates_and_is_warm():
    one = floats(np.ones((3, 2)))
    history = BarHistory(1, 60, integers([1, 2, 3]), one, one, one, one, one)
    world = await World(([], "finished"), history=history).run()

    assert [type(payload) for _, payload in world.said[:4]] == [UniverseChanged, BarHistory, FxMark, FeedStatus]
    assert world.of(FxMark) == [FxMark("USD", Decimal("0.9"), START_NS)]
    assert world.feed.asked == [(60, 10, START_NS)]
    assert world.warm.is_set()


async def test_silence_is_stale_and_the_connection_is_made_anew():
    world = await World(([(0.0, said_by(0, tick(0)))], "silent"), ([], "finished"), silence_s_max=5.0).run()

    assert world.states()[:5] == [("connecting", 1), ("live", 1), ("stale", 1), ("down", 1), ("connecting", 2)]
    (stale_at,) = [at for at, p in world.said if isinstance(p, FeedStatus) and p.state == "stale"]
    assert 4.6 <= stale_at <= 5.0
    assert world.counts.silences == 1


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


async def test_rates_are_said_again_every_minute_also_while_there_is_no_connection():
    frames = [(3.0 * n, said_by(n, tick(n))) for n in range(41)]
    world = await World((frames, "lost"), reconnect_s_min=100.0, reconnect_s_max=200.0).run(seconds=245)
    assert [at for at, payload in world.said if isinstance(payload, FxMark)] == [0.0, 60.0, 120.0, 180.0, 240.0]
