"""Real frames look exactly as the layouts say, so that the fast way is the usual one."""

import itertools
from typing import Any

import msgspec
import pytest

from adapters.binance import layout
from adapters.recorded.feed import RecordedFeed
from runtime.clock import FixedClock
from tests.kit.recordings import SPOT_2021, SPOT_BTC, USDM_2021, USDM_BTC, recording

FORMS: dict[str, dict[bytes, type]] = {
    "spot": {
        b"@depth@": layout.Depth,
        b"@bookTicker": layout.BookTicker,
        b"@trade": layout.SpotTrade,
        b"@aggTrade": layout.SpotAggregateTrade,
    },
    "usdm": {
        b"@depth@": layout.UsdmDepth,
        b"@bookTicker": layout.UsdmBookTicker,
        b"@trade": layout.UsdmTrade,
        b"@aggTrade": layout.UsdmAggregateTrade,
    },
}


@pytest.mark.parametrize(
    ("name", "market"), [(SPOT_2021, "spot"), (SPOT_BTC, "spot"), (USDM_2021, "usdm"), (USDM_BTC, "usdm")]
)
def test_every_recorded_frame_with_rows_has_exactly_the_quotation_marks_of_its_content(name, market):
    feed = RecordedFeed(recording(name), FixedClock())
    seen = 0
    for frame in itertools.islice(feed.frames(), 3000):
        form = next((form for mark, form in FORMS[market].items() if mark in frame.data[:50]), None)
        if form is not None:
            said: Any = msgspec.json.decode(frame.data, type=layout.Wrapped[form])  # type: ignore[valid-type]
            assert said.data.marks() == frame.data.count(b'"')
            seen += 1
    assert seen > 200
