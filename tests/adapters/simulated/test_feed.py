import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulated.feed import SimulatedFeed
from adapters.simulated.frames import SimulatedParser, absurd, crossed
from adapters.simulated.market import LEVELS, Market
from adapters.simulated.settings import MarketSettings
from contracts.market import BookDelta, BookSnapshot, Tick, Trade
from contracts.quantities import SECOND_NS
from contracts.wire import MalformedFrame, RawFrame
from runtime.clock import LoopClock
from tests.kit.venues import MARKET, START_NS

SYMBOLS = MARKET.universe.symbols
QUOTE = b'{"k":"book","n":4,"s":"ETH-EUR","t":9,"q":[99,5,101,7],"b":[[99,5],[98,0]],"a":[[101,7]]}'


def a_frame(data):
    return RawFrame(data, START_NS, 3, 17)


def parsed(data):
    return SimulatedParser(SYMBOLS).parse(a_frame(data))


async def frames_of(feed, seconds, epoch=1):
    frames: list[RawFrame] = []
    clock = feed._clock
    until_ns = clock.now() + seconds * SECOND_NS
    async with feed.connect(epoch) as stream:
        async for frame in stream:
            if frame.received_ns > until_ns:
                return frames
            frames.append(frame)
    return frames


def test_a_book_frame_is_a_delta_and_the_tick_it_leads_to():
    result = parsed(QUOTE)
    delta, tick = result.rows
    assert isinstance(delta, BookDelta)
    assert (delta.bid_ticks.values.tolist(), delta.bid_lots.values.tolist()) == ([99, 98], [5, 0])
    assert tick == Tick("ETH-EUR", 99, 101, 5, 7, 9, 3, 17)
    assert (result.kind, result.sequence.rule, result.sequence.last) == ("book", "consecutive", 4)


def test_a_trade_frame_names_the_aggressor():
    result = parsed(b'{"k":"trade","n":5,"s":"ETH-EUR","t":9,"price":101,"lots":2,"buy":false,"id":8}')
    assert result.rows == (Trade("ETH-EUR", 101, 2, "sell", 8, 9, 3, 17),)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 5_000,
        b'{"k":"new","n":1}',
        QUOTE.replace(b'"n":4', b'"n":-4'),
        QUOTE.replace(b"[99,5,101,7]", b"[99,5,0,7]"),
        QUOTE.replace(b"[99,5,101,7]", b"[NaN,5,101,7]"),
        QUOTE.replace(b"[[99,5]", b"[[99.5,5]"),
        QUOTE.replace(b"[[99,5]", b"[[99,1e999]"),
        QUOTE.replace(b"ETH-EUR", b"ETH-USD"),
    ],
)
def test_what_is_no_frame_is_malformed(data):
    with pytest.raises(MalformedFrame):
        parsed(data)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_fail_otherwise(data):
    with contextlib.suppress(MalformedFrame):
        assert parsed(data).kind


def test_forged_quotes_are_still_frames():
    _, cross = parsed(crossed(QUOTE)).rows
    assert (cross.bid, cross.ask) == (101, 99)
    _, far = parsed(absurd(QUOTE)).rows
    assert (far.bid, far.ask) == (990, 1010)
    assert crossed(b"junk") is None
    assert absurd(b'{"k":"trade","n":5,"s":"ETH-EUR","t":9,"price":101,"lots":2,"buy":false,"id":8}') is None


async def test_a_connection_numbers_its_frames_and_begins_with_every_book():
    feed = SimulatedFeed(MARKET, LoopClock(START_NS))
    for epoch in (1, 2):
        parser = feed.parser(epoch)
        results = [parser.parse(frame) for frame in await frames_of(feed, 5, epoch)]
        assert [result.sequence.last for result in results if result.sequence] == list(range(len(results)))
        snapshots = [row.symbol for result in results for row in result.rows if isinstance(row, BookSnapshot)]
        assert snapshots == list(SYMBOLS)
    assert all(isinstance(result.rows[0], BookSnapshot) for result in results[:3])


async def test_frames_are_numbered_over_the_life_of_the_feed():
    feed = SimulatedFeed(MARKET, LoopClock(START_NS))
    frames = [*await frames_of(feed, 3, 1), *await frames_of(feed, 3, 2)]
    numbers = [frame.number for frame in frames]
    assert numbers[0] == 0
    assert len(dict.fromkeys(numbers)) == len(numbers)
    assert numbers == sorted(numbers)


async def test_each_instrument_speaks_three_times_a_second_when_it_is_time():
    clock = LoopClock(START_NS)
    feed = SimulatedFeed(MARKET, clock)
    parser = feed.parser(1)
    frames = await frames_of(feed, 20)
    assert 2.8 * 3 * 20 < len(frames) < 3.2 * 3 * 20
    for frame in frames:
        for row in parser.parse(frame).rows:
            assert row.event_ns == frame.received_ns


async def test_deltas_rebuild_the_books_of_the_market():
    clock = LoopClock(START_NS + 123_456_789)
    feed = SimulatedFeed(MARKET, clock)
    parser = feed.parser(1)
    books: dict[str, tuple[dict[int, int], dict[int, int]]] = {}
    for frame in await frames_of(feed, 30):
        for row in parser.parse(frame).rows:
            if isinstance(row, BookSnapshot):
                books[row.symbol] = ({}, {})
            if isinstance(row, BookSnapshot | BookDelta):
                for side, ticks, lots in zip(
                    books[row.symbol], (row.bid_ticks, row.ask_ticks), (row.bid_lots, row.ask_lots), strict=True
                ):
                    side.update(zip(ticks.values.tolist(), lots.values.tolist(), strict=True))
                    for gone in [tick for tick, lot in side.items() if lot == 0]:
                        del side[gone]
            if isinstance(row, Tick):
                bids, asks = books[row.symbol]
                assert (max(bids), bids[max(bids)]) == (row.bid, row.bid_lots)
                assert (min(asks), asks[min(asks)]) == (row.ask, row.ask_lots)
                assert (len(bids), len(asks)) == (LEVELS, LEVELS)
                column = MARKET.universe.positions[row.symbol]
                truth = MARKET.ladder(column, MARKET.step_at(column, row.event_ns))
                assert sorted(bids, reverse=True) == truth.bid_ticks.tolist()
                assert sorted(asks) == truth.ask_ticks.tolist()


async def test_whoever_falls_behind_misses_nothing():
    clock = LoopClock(START_NS)
    feed = SimulatedFeed(Market(MarketSettings(seed=7, symbols=SYMBOLS)), clock)
    async with feed.connect(1) as stream:
        first = await anext(stream)
        await asyncio.sleep(10)
        late = [await anext(stream) for _ in range(50)]
    assert [frame.number for frame in (first, *late)] == list(range(51))
    assert all(frame.received_ns >= START_NS + 10 * SECOND_NS for frame in late)


def test_history_comes_from_the_same_market():
    feed = SimulatedFeed(MARKET, LoopClock(START_NS))
    assert feed.history(60.0, 10, START_NS) == MARKET.bars(START_NS, 60.0, 10)
