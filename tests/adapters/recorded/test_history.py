"""Candles of a recording are history: closed, oldest first, and only of the length that was recorded."""

import json

import numpy as np

from adapters.recorded.feed import RecordedFeed
from adapters.recorded.history import candle_history
from contracts.quantities import SECOND_NS
from runtime.clock import FixedClock
from tests.kit.feeds import coinbase_universe
from tests.kit.recordings import COINBASE, SPOT_2021, recording

START = 1_786_279_500


def candles(*rows):
    """Frames of (product, start, close)."""
    made = [
        {
            "start": str(start),
            "open": "1",
            "high": "9",
            "low": "1",
            "close": close,
            "volume": "2",
            "product_id": product,
        }
        for product, start, close in rows
    ]
    return [json.dumps({"channel": "candles", "events": [{"type": "snapshot", "candles": made}]}).encode()]


def history(frames, *, bars=10, before_s=START + 10_000):
    return candle_history(frames, coinbase_universe(), 300, bars, before_s * SECOND_NS)


def test_a_bar_that_one_instrument_lacks_is_absent_there():
    said = history(candles(("ETH-USD", START + 300, "5"), ("BTC-USD", START, "3"), ("ETH-USD", START, "4")))
    np.testing.assert_array_equal(said.close.values, [[3, 4], [np.nan, 5]])
    assert said.close_ns.values.tolist() == [(START + 300) * SECOND_NS, (START + 600) * SECOND_NS]


def test_only_closed_bars_and_the_last_of_them_count():
    frames = candles(*(("BTC-USD", START + 300 * n, str(n + 1)) for n in range(5)))
    assert history(frames, bars=2).close.values[:, 0].tolist() == [4, 5]
    assert history(frames, before_s=START + 600).close.values[:, 0].tolist() == [1, 2]
    assert history(frames, before_s=START) is None
    assert history(frames, bars=0) is None


def test_unreadable_frames_and_numbers_of_no_market_are_left_out():
    bad = candles(("BTC-USD", START, "NaN"), ("BTC-USD", START + 300, "-1"), ("BTC-USD", START + 600, "x"))
    assert history([b"garbage", *bad, *candles(("DOGE-USD", START, "1"))]) is None


def test_candles_of_the_recording_are_closed_history_oldest_first():
    feed = RecordedFeed(recording(COINBASE), FixedClock())

    history = feed.history(300, 20, feed.started_ns)

    assert history is not None
    assert len(history.close_ns) == 20
    assert history.close.values.shape == (20, 2)
    assert history.close_ns.values[-1] <= feed.started_ns
    assert np.all(np.diff(history.close_ns.values) > 0)
    finite = np.isfinite(history.low.values)
    assert finite[-1].all()
    assert np.all(history.low.values[finite] <= history.high.values[finite])


def test_there_is_no_history_of_another_length_or_venue():
    feed = RecordedFeed(recording(COINBASE), FixedClock())
    assert feed.history(60, 20, feed.started_ns) is None
    assert feed.history(300, 20, 0) is None
    assert RecordedFeed(recording(SPOT_2021), FixedClock()).history(300, 20, 2**62) is None
