"""What a feed costs: bytes to messages to book, per recording and per kind of frame.

Goals (P7): a ticker in at most 1.5 us, an l2 update of about 100 rows with its book in at most 40 us.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from actors.gateways.intake import Intake
from adapters.coinbase.frames import CoinbaseParser
from adapters.recorded.feed import RecordedFeed
from contracts.market import BookDelta, BookSnapshot
from contracts.wire import RawFrame
from quant.order_book import OrderBook
from runtime.clock import FixedClock
from tests.kit.recordings import (
    COINBASE,
    RECORDINGS,
    SPOT_2021,
    SPOT_BTC,
    SPOT_ETH,
    SPOT_TEXT_2021,
    USDM_2021,
    USDM_BTC,
)

FILES = (COINBASE, SPOT_2021, USDM_2021, SPOT_TEXT_2021, SPOT_BTC, SPOT_ETH, USDM_BTC)
REPEATS = 5
ROWS = 100

Figures = dict[str, float]


def measure(files: Iterable[str] = FILES) -> Figures:
    """MB/s and frames/s per recording, microseconds per kind of frame; empty where no recording is at hand."""
    figures: Figures = {}
    for name in files:
        path = RECORDINGS / name
        if path.exists():
            figures |= {f"{path.name}: {figure}": value for figure, value in _whole(path).items()}
    if (RECORDINGS / COINBASE).exists():
        figures |= _coinbase_kinds(RECORDINGS / COINBASE)
    if (RECORDINGS / SPOT_BTC).exists():
        figures |= _binance_kinds(RECORDINGS / SPOT_BTC)
    return figures


def _whole(path: Path) -> Figures:
    feed = RecordedFeed(path, FixedClock())
    frames = list(feed.frames())
    size = sum(len(frame.data) for frame in frames)

    def once() -> None:
        intake = Intake(feed.parser(1), 4096)
        books = {symbol: OrderBook() for symbol in feed.universe.symbols}
        for frame in frames:
            for row in intake.take(frame).rows:
                if isinstance(row, BookDelta | BookSnapshot):
                    _apply(books[row.symbol], row)

    spent_s = min(_timed(once) for _ in range(3))
    return {
        "MB/s": size / spent_s / 1e6,
        "frames/s": len(frames) / spent_s,
        "us per frame": spent_s / len(frames) * 1e6,
    }


def _coinbase_kinds(path: Path) -> Figures:
    feed = RecordedFeed(path, FixedClock())
    frames = list(feed.frames())
    parser = feed.parser(1)
    (snapshot, *_) = (frame for frame in frames if len(frame.data) > 1_000_000)
    tickers = [frame for frame in frames if frame.data.startswith(b'{"channel":"ticker"')]
    updates = _updates_of(frames, snapshot, ROWS)
    (first,) = parser.parse(snapshot).rows
    assert isinstance(first, BookSnapshot)
    book = OrderBook()
    _apply(book, first)

    def changed(frame: RawFrame) -> None:
        for row in parser.parse(frame).rows:
            assert isinstance(row, BookDelta)
            _apply(book, row)

    return {
        "coinbase ticker, us": _each(parser.parse, tickers),
        f"coinbase l2 of {ROWS}, us": _each(parser.parse, updates),
        f"coinbase l2 of {ROWS} with its book, us": _each(changed, updates),
        f"coinbase l2 of {ROWS}, never seen before, us": _fresh(feed, updates),
        "coinbase snapshot of 46,000 levels, ms": _each(parser.parse, [snapshot]) / 1e3,
    }


def _updates_of(frames: Sequence[RawFrame], snapshot: RawFrame, rows: int) -> list[RawFrame]:
    """Real update rows of one product put together to frames of that many rows."""
    found: list[dict[str, Any]] = []
    for frame in frames:
        if frame.data.startswith(b'{"channel":"l2_data"') and frame is not snapshot and len(frame.data) < 1_000_000:
            (event,) = msgspec.json.decode(frame.data)["events"]
            found += event["updates"] if event["product_id"] == "BTC-USD" else []
    built = []
    for at in range(0, len(found) - rows, rows):
        event = {"type": "update", "product_id": "BTC-USD", "updates": found[at : at + rows]}
        said = {"channel": "l2_data", "timestamp": "2026-08-09T21:05:48.5Z", "sequence_num": at, "events": [event]}
        built.append(msgspec.structs.replace(snapshot, data=msgspec.json.encode(said)))
    return built


def _fresh(feed: RecordedFeed, frames: Sequence[RawFrame]) -> float:
    """Microseconds per frame of a parser that has seen no number before."""

    def once() -> None:
        parser = CoinbaseParser(feed.universe)
        for frame in frames:
            parser.parse(frame)

    return min(_timed(once) for _ in range(REPEATS)) / len(frames) * 1e6


def _binance_kinds(path: Path) -> Figures:
    feed = RecordedFeed(path, FixedClock())
    frames = [frame for frame, _ in zip(feed.frames(), range(5000))]
    parser = feed.parser(1)
    return {
        f"binance {kind}, us": _each(parser.parse, [f for f in frames if b"@" + kind.encode() in f.data[:40]])
        for kind in ("bookTicker", "trade", "depth@")
    }


def _apply(book: OrderBook, row: BookDelta | BookSnapshot) -> None:
    apply = book.apply_snapshot if isinstance(row, BookSnapshot) else book.apply_delta
    apply(row.bid_ticks.values, row.bid_lots.values, row.ask_ticks.values, row.ask_lots.values)


def _each(act: Callable[[RawFrame], object], frames: Sequence[RawFrame]) -> float:
    """Microseconds per frame, the best of some rounds."""

    def once() -> None:
        for frame in frames:
            act(frame)

    return min(_timed(once) for _ in range(REPEATS)) / len(frames) * 1e6


def _timed(act: Callable[[], None]) -> float:
    """Seconds of this thread on a processor: others on the machine do not count."""
    started = time.thread_time()
    act()
    return time.thread_time() - started


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<60}{value:>14,.2f}")
