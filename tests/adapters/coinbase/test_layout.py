"""Real frames look exactly as the layouts say, so that the fast way is the usual one."""

import itertools

import msgspec

from adapters.coinbase import layout
from adapters.recorded.feed import RecordedFeed
from runtime.clock import FixedClock
from tests.kit.recordings import COINBASE, recording


def test_every_recorded_frame_with_rows_has_exactly_the_quotation_marks_of_its_content():
    decode = msgspec.json.Decoder(layout.Exact).decode
    feed = RecordedFeed(recording(COINBASE), FixedClock())
    channels = (b'{"channel":"l2_data"', b'{"channel":"market_trades"', b'{"channel":"ticker"')
    frames = [frame.data for frame in itertools.islice(feed.frames(), 400) if frame.data.startswith(channels)]
    assert len(frames) > 300
    assert all(decode(data).quotes() == data.count(b'"') for data in frames)
