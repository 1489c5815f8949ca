"""A recording plays at its own times, once, with instruments and history out of itself."""

import json
from decimal import Decimal

import pytest
import zstandard

from adapters.recorded.feed import RecordedFeed
from adapters.recorded.universe import held_by, last_decimal, shared_step
from contracts.ports import FeedFinished, FeedLost
from contracts.quantities import SECOND_NS
from contracts.wire import Parsed
from runtime.clock import FixedClock, LoopClock
from tests.kit.recordings import COINBASE, SPOT_2021, SPOT_BTC, USDM_2021, USDM_BTC, recording

BEST = '{"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT","b":"1.00","B":"2.0","a":"1.01","A":"3.0"}}'
DEPTH = (
    '{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":1,"b":[["1.00","2.5"]],"a":[]}}'
)


def written(path, *records):
    entries = [{"t": "header", "format": 2}, *records]
    path.write_bytes(zstandard.compress("\n".join(map(json.dumps, entries)).encode()))
    return path


def recv(ts, data, conn="ws.1"):
    return {"t": "recv", "conn": conn, "ts": ts, "data": data}


async def played(feed, clock, epoch=1, most=10**9):
    frames = []
    try:
        async with feed.connect(epoch) as stream:
            async for frame in stream:
                assert clock.now() >= frame.received_ns
                frames.append((frame.number, round((clock.now() - feed.started_ns) / SECOND_NS, 6)))
                if len(frames) == most:
                    return frames, "left"
    except FeedFinished:
        return frames, "finished"
    except FeedLost:
        return frames, "lost"


async def test_each_frame_comes_at_its_own_time_of_receipt(tmp_path):
    path = written(tmp_path / "a.zst", recv(100.0, DEPTH), recv(100.5, BEST % 1), recv(107.25, BEST % 2))
    clock = LoopClock(100 * SECOND_NS)
    feed = RecordedFeed(path, clock)

    assert feed.started_ns == 100 * SECOND_NS
    assert await played(feed, clock) == ([(0, 0.0), (1, 0.5), (2, 7.25)], "finished")
    assert await played(feed, clock, epoch=2) == ([], "finished"), "nothing more will ever come"


async def test_what_was_recorded_while_nobody_listened_is_lost_and_counted(tmp_path):
    path = written(tmp_path / "a.zst", recv(100.0, DEPTH), *(recv(100.0 + n, BEST % n) for n in range(1, 9)))
    clock = LoopClock(100 * SECOND_NS)
    feed = RecordedFeed(path, clock)

    await played(feed, clock, most=2)
    await clock.sleep_until(105 * SECOND_NS)

    assert await played(feed, clock, epoch=2) == ([(5, 5.0), (6, 6.0), (7, 7.0), (8, 8.0)], "finished")
    assert feed.missed == 3


async def test_a_connection_that_ends_in_the_recording_is_lost_and_the_next_is_another_epoch(tmp_path):
    path = written(tmp_path / "a.zst", recv(1, DEPTH), recv(2, BEST % 1), recv(3, BEST % 2, "ws.2"))
    clock = LoopClock(SECOND_NS)
    feed = RecordedFeed(path, clock)

    assert await played(feed, clock) == ([(0, 0.0), (1, 1.0)], "lost")
    assert await played(feed, clock, epoch=2) == ([(2, 2.0)], "finished")
    assert [(frame.number, frame.epoch) for frame in feed.frames()] == [(0, 1), (1, 1), (2, 2)]


async def test_a_recording_in_virtual_time_plays_as_fast_as_it_can_be_read():
    clock = LoopClock(0)
    feed = RecordedFeed(recording(COINBASE), clock)
    clock = feed._clock = LoopClock(feed.started_ns)
    frames, end = await played(feed, clock)
    assert (len(frames), end, frames[-1][1]) == (1030, "finished", pytest.approx(24.247, abs=0.001))


def instruments(name):
    feed = RecordedFeed(recording(name), FixedClock())
    return {instrument.symbol: instrument for instrument in feed.universe.instruments}


def test_coinbase_products_are_the_universe():
    btc = instruments(COINBASE)["BTC-USD"]
    assert (btc.base, btc.quote, btc.venue) == ("BTC", "USD", "Coinbase Advanced Trade")
    assert (btc.tick, btc.lot, btc.notional_min, btc.quantity_max) == (
        Decimal("0.01"), Decimal("0.00000001"), Decimal(1), Decimal(3400),
    )  # fmt: skip
    assert (btc.fee_taker_bps, btc.fee_maker_bps, btc.can_short) == (60.0, 40.0, False)


def test_exchange_info_is_the_universe_and_the_grid_holds_every_resting_order():
    spot = instruments(SPOT_2021)
    assert list(spot) == sorted(spot) == ["BLZETH", "LRCBTC", "NKNUSDT", "RUNEEUR"]
    assert spot["RUNEEUR"].tick == Decimal("0.001")
    assert spot["NKNUSDT"].tick == Decimal("0.00001"), "the rule says 0.0001, an old order rests at 0.25974"
    assert spot["NKNUSDT"].notional_min == 10
    assert instruments(USDM_2021)["SUSHIUSDT"].can_short


def test_without_rules_the_grid_comes_from_the_texts():
    spot, futures = instruments(SPOT_BTC)["BTCUSDT"], instruments(USDM_BTC)["BTCUSDT"]
    assert (spot.tick, spot.lot, spot.base, spot.quote) == (Decimal("0.01"), Decimal("0.00000001"), "BTC", "USDT")
    assert (futures.tick, futures.lot) == (Decimal("0.1"), Decimal("0.001"))
    assert str(futures.price(616597)) == "61659.70", "prices keep the decimals of the wire"
    assert (spot.leverage_max, futures.leverage_max) == (1, 20)


def test_steps_are_what_texts_share():
    assert shared_step(["1.50", "2.00", "10.00"]) == Decimal("0.10")
    assert shared_step(["100", "2000"]) == Decimal(100)
    assert last_decimal(["1.500", "2"]) == Decimal("0.001")
    assert held_by(Decimal("0.5"), ["1.50", "2.00"]) == Decimal("0.5")
    assert held_by(Decimal("0.01"), ["1.505"]) == Decimal("0.001")


def test_marks_of_both_products_exist_in_the_first_second():
    feed = RecordedFeed(recording(COINBASE), FixedClock())
    parser = feed.parser(1)
    early = [frame for frame in feed.frames() if frame.received_ns < feed.started_ns + SECOND_NS]
    said: list[Parsed] = [parser.parse(frame) for frame in early if b'"ticker"' in frame.data[:30]]
    assert {row.symbol for parsed in said for row in parsed.rows} == {"BTC-USD", "ETH-USD"}
