import asyncio
from itertools import pairwise

import msgspec
import pytest

from adapters.simulated.feed import SimulatedFeed
from adapters.simulated.prices import MarketPrices
from adapters.simulated.stormy_feed import StormyFeed
from adapters.simulated.stormy_venue import StormyVenue
from adapters.simulated.venue import SimulatedVenue
from adapters.simulated.weather import FeedFaults, VenueFaults, WeatherSettings, calm, rough, weather_named
from contracts.market import Tick
from contracts.ports import FeedLost, VenueSilent
from contracts.quantities import SECOND_NS
from contracts.trade import Fill, OrderAccepted, OrderQuery, OrderRejected, OrderUnknown
from contracts.wire import MalformedFrame
from runtime.clock import LoopClock
from tests.kit.venues import MARKET, START_NS, VenueContract, VenueWorld, a_venue_order, broker_settings, collect


def feed_in(weather):
    clock = LoopClock(START_NS)
    return StormyFeed(SimulatedFeed(MARKET, clock), weather, clock)


async def frames_of(feed, count):
    async with feed.connect(1) as frames:
        return [await anext(frames) for _ in range(count)]


def venue_in(weather, **changed):
    clock = LoopClock(START_NS)
    inner = SimulatedVenue(broker_settings(**changed), MARKET.universe, MarketPrices(MARKET), clock)
    return StormyVenue(inner, weather, clock), clock


def always(**kind):
    """A venue struck by one fault at every chance."""
    return WeatherSettings(seed=1, venue=VenueFaults(**kind))


class TestCalm(VenueContract):
    @pytest.fixture
    def world(self):
        venue, clock = venue_in(calm(1))
        return VenueWorld(venue, clock, wait_s=1.0)


async def test_calm_weather_changes_nothing():
    plain, wrapped = SimulatedFeed(MARKET, LoopClock(START_NS)), feed_in(calm(1))
    assert await frames_of(plain, 200) == await frames_of(wrapped, 200)
    assert not any(wrapped.counts.values())


async def struck(kind, count=60):
    """Frames of a feed that one fault strikes in a third of the cases, their parse, and how often it struck."""
    feed = feed_in(WeatherSettings(seed=1, feed=FeedFaults(**{kind: 0.3})))
    frames = await frames_of(feed, count)
    return feed, frames, feed.counts[kind]


async def test_dropped_duplicated_and_swapped_frames_are_counted():
    _, frames, times = await struck("drop")
    assert frames[-1].number - (len(frames) - 1) == times > 5
    _, frames, times = await struck("duplicate")
    again = sum(one == other for one, other in pairwise(frames))
    assert again == times > 5
    _, frames, times = await struck("swap")
    back = sum(one.number > other.number for one, other in pairwise(frames))
    assert back == times > 5


async def test_garbage_does_not_parse():
    feed, frames, times = await struck("garbage")
    parser, malformed = feed.parser(1), 0
    for frame in frames:
        try:
            parser.parse(frame)
        except MalformedFrame:
            malformed += 1
    assert malformed == times > 5


async def test_crossed_and_absurd_quotes_are_forged_and_counted():
    feed, frames, times = await struck("crossed")
    ticks = [row for frame in frames for row in feed.parser(1).parse(frame).rows if isinstance(row, Tick)]
    assert sum(tick.bid >= tick.ask for tick in ticks) == times > 5
    feed, frames, times = await struck("absurd", 90)
    ticks = [row for frame in frames for row in feed.parser(1).parse(frame).rows if isinstance(row, Tick)]
    least = {symbol: min(tick.bid for tick in ticks if tick.symbol == symbol) for symbol in MARKET.universe.symbols}
    assert sum(tick.bid > 5 * least[tick.symbol] for tick in ticks) == times > 5


async def test_a_stall_is_silence_and_then_everything_at_once():
    _, frames, times = await struck("stall")
    pauses = [later.received_ns - sooner.received_ns for sooner, later in pairwise(frames)]
    assert times > 5
    assert max(pauses) > SECOND_NS
    assert [frame.number for frame in frames] == list(range(60))


async def test_a_disconnect_ends_the_connection_and_the_next_one_works():
    feed = feed_in(WeatherSettings(seed=1, feed=FeedFaults(disconnect=0.05)))
    for epoch in range(5):
        async with feed.connect(epoch) as frames:
            with pytest.raises(FeedLost, match="cut"):
                await collect(frames, lambda seen: False)
        assert feed.counts["disconnect"] == epoch + 1


async def test_a_lost_request_is_silence_and_no_order():
    venue, clock = venue_in(always(lost_request=1.0))
    order = a_venue_order(clock, "k1-000001-00-0")
    with pytest.raises(VenueSilent, match="request was lost"):
        await venue.submit(order)
    await asyncio.sleep(10)
    assert venue._venue.broker.records.placed == 0
    assert venue.counts["lost_request"] == 1


async def test_a_lost_answer_is_silence_about_an_order_that_lives():
    venue, clock = venue_in(always(lost_answer=1.0))
    with pytest.raises(VenueSilent, match="answer was lost"):
        await venue.submit(a_venue_order(clock, "k1-000001-00-0"))
    assert venue._venue.broker.records.placed == 1


async def test_a_late_request_arrives_after_its_sender_gave_up():
    venue, clock = venue_in(always(late_request=1.0))
    order = a_venue_order(clock, "k1-000001-00-0")
    with pytest.raises(VenueSilent, match="under way"):
        await venue.submit(order)
    await asyncio.sleep(5)
    report = await venue.query(OrderQuery(order.client_id, order.symbol, 1))
    await asyncio.sleep(1)
    assert venue._venue.broker.records.newest[order.client_id].state == "filled"
    assert not (report.state == "absent" and report.authoritative)


async def test_a_late_answer_is_still_the_answer():
    venue, clock = venue_in(always(late_answer=1.0))
    before_ns = clock.now()
    assert isinstance(await venue.submit(a_venue_order(clock, "k1-000001-00-0")), OrderAccepted)
    assert clock.now() - before_ns > 0.4 * SECOND_NS


async def test_a_rejection_by_the_weather_was_never_sent():
    venue, clock = venue_in(always(reject=1.0))
    assert isinstance(await venue.submit(a_venue_order(clock, "k1-000001-00-0")), OrderRejected)
    assert venue._venue.broker.records.placed == 0


async def test_an_ambiguous_answer_hides_orders_that_live_and_orders_that_do_not():
    venue, clock = venue_in(always(unknown=1.0))
    for number in range(20):
        answer = await venue.submit(a_venue_order(clock, f"k1-{number:06d}-00-0", side="buy" if number % 2 else "sell"))
        assert isinstance(answer, OrderUnknown)
    assert 0 < venue._venue.broker.records.placed < 20


async def test_fills_come_first_when_the_answer_waits_for_them():
    venue, clock = venue_in(always(answer_after_fill=1.0), split_rate=0.0)
    order, seen = a_venue_order(clock, "k1-000001-00-0"), []
    async with venue.stream() as events, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(venue.submit(order))
        seen = await collect(events, bool)
        assert not task.done()
    assert isinstance(seen[0], Fill)


async def test_a_venue_that_is_down_says_nothing_and_comes_back():
    venue, _ = venue_in(msgspec.structs.replace(always(down=0.3), down_s_max=30.0))
    silent = answered = 0
    for _ in range(60):
        try:
            await venue.snapshot()
            answered += 1
        except VenueSilent:
            silent += 1
    assert silent > venue.counts["down"] > 1
    assert answered > 1


async def test_a_fill_may_come_twice_or_not_at_all_but_the_drop_copy_is_whole():
    for kind, copies in (("duplicate_fill", 2), ("lost_fill", 0)):
        venue, clock = venue_in(always(**{kind: 1.0}), split_rate=0.0, stream_ms_max=0.0)
        async with venue.stream() as events:
            await venue.submit(a_venue_order(clock, "k1-000001-00-0"))
            await venue.submit(a_venue_order(clock, "k1-000002-00-0", "XRP-EUR", rests=True))
            await venue.cancel_all()
            told = await collect(events, lambda seen: bool(seen) and not isinstance(seen[-1], Fill))
        assert sum(isinstance(each, Fill) for each in told) == copies
        assert venue.counts[kind] == 1
        assert len((await venue.fills_since(0))[0]) == 1


async def test_a_cut_stream_is_lost_with_the_event_it_was_cut_at():
    venue, clock = venue_in(always(disconnect=1.0))
    async with venue.stream() as events:
        await venue.submit(a_venue_order(clock, "k1-000001-00-0"))
        with pytest.raises(FeedLost, match="cut the private stream"):
            await anext(events)
    assert (await venue.fills_since(0))[0]


async def a_rough_day(seed):
    """Orders in rough weather until every fault of the venue has struck."""
    venue, clock = venue_in(rough(seed))
    answers = []
    for number in range(1_500):
        try:
            order = a_venue_order(clock, f"k1-{number:06d}-00-0", side="buy" if number % 2 else "sell")
            answers.append(type(await venue.submit(order)).__name__)
        except VenueSilent as silence:
            answers.append(str(silence))
    return venue, answers


async def test_rough_weather_is_the_same_for_the_same_seed():
    venue, answers = await a_rough_day(3)
    again, answers_again = await a_rough_day(3)
    assert answers == answers_again
    assert venue.counts == again.counts
    on_orders = [kind for kind, times in venue.counts.items() if times]
    assert on_orders == list(VenueFaults.__struct_fields__[:8])
    assert (await a_rough_day(4))[1] != answers


async def test_an_absence_proven_in_rough_weather_stays_true():
    venue, clock = venue_in(msgspec.structs.replace(always(late_request=0.9), seed=5))
    for number in range(60):
        order = a_venue_order(clock, f"k1-{number:06d}-00-0", rests=True)
        try:
            await venue.submit(order)
        except VenueSilent:
            report = None
            while report is None or (report.state == "absent" and not report.authoritative):
                report = await venue.query(OrderQuery(order.client_id, order.symbol, 1))
                await asyncio.sleep(0.3)
            await asyncio.sleep(10)
            later = await venue.query(OrderQuery(order.client_id, order.symbol, 2))
            assert (report.state == "absent") == (later.state == "absent")
        await venue.cancel_all()


@pytest.mark.parametrize("changed", [{"feed": FeedFaults, "drop": 1.5}, {"venue": VenueFaults, "down": -0.1}])
def test_a_share_outside_of_0_to_1_is_refused(changed):
    kind = next(iter(changed.values()))
    shares = {name: value for name, value in changed.items() if isinstance(value, float)}
    with pytest.raises(ValueError, match="expected 0 to 1"):
        kind(**shares)


def test_weather_has_names():
    assert (weather_named("calm", 2), weather_named("rough", 2)) == (calm(2), rough(2))
    assert all(share > 0 for share in msgspec.structs.astuple(rough(1).feed) + msgspec.structs.astuple(rough(1).venue))
    with pytest.raises(ValueError, match="late_s_max was 0"):
        WeatherSettings(seed=1, late_s_max=0.0)
