r"""A book as text and as a hash, so that two reconstructions can be compared without either of them at hand.

The hash is sha256 over lines "b <price> <qty>\n", best first, then "a <price> <qty>\n", in plain decimals without an
exponent and without zeros at their end.
"""

import hashlib
from decimal import Decimal
from typing import Any, Final

from contracts.instrument import Instrument
from quant.order_book import Depth, OrderBook

RULE: Final = (
    'sha256 over lines "b <price> <qty>\\n" (best first) then "a <price> <qty>\\n", decimals normalised, no exponent'
)
TOP_LEVELS: Final = 50


class _Plain(dict[int, str]):
    """Whole steps as plain decimal text, remembered: most levels stand unchanged from one checkpoint to the next."""

    def __init__(self, step: Decimal) -> None:
        super().__init__()
        self._step = step

    def __missing__(self, count: int) -> str:
        self[count] = text = format((self._step * count).normalize(), "f")
        return text


class BookPrinter:
    """Prints the books of one instrument."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._prices = _Plain(instrument.tick)
        self._quantities = _Plain(instrument.lot)

    def checkpoint(self, book: OrderBook) -> dict[str, Any]:
        """Best prices (None where a side is empty), level counts, and both hashes."""
        bid, ask = book.best_bid(), book.best_ask()
        bids, asks = book.level_counts()
        return {
            "best_bid": None if bid is None else self._prices[bid[0]],
            "best_ask": None if ask is None else self._prices[ask[0]],
            "bids": bids,
            "asks": asks,
            "sha256_top50": self._hash(book.depth(TOP_LEVELS)),
            "sha256_full": self._hash(book.depth()),
        }

    def best(self, book: OrderBook) -> list[str | None]:
        """Best bid and offer with the decimals of the wire; None where a side is empty."""
        return [
            None if level is None else format(self._instrument.price(level[0]), "f")
            for level in (book.best_bid(), book.best_ask())
        ]

    def _hash(self, depth: Depth) -> str:
        digest = hashlib.sha256()
        for side, ticks, lots in (("b", depth.bid_ticks, depth.bid_lots), ("a", depth.ask_ticks, depth.ask_lots)):
            rows = zip(ticks.tolist(), lots.tolist())
            digest.update("".join(f"{side} {self._prices[t]} {self._quantities[n]}\n" for t, n in rows).encode())
        return digest.hexdigest()
