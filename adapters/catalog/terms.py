"""Terms of instruments: how each is said on the command line or in a file, and nothing about money assumed."""

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.catalog.manifest import Terms
from contracts.history import DatasetUnusable

FLAGS: Final = {
    "venue": "--venue",
    "base": "--base",
    "quote": "--quote",
    "settlement": "--settlement",
    "tick": "--tick",
    "lot": "--lot",
    "notional_min": "--min-notional",
    "quantity_max": "--max-quantity",
    "can_short": "--can-short or --no-short",
    "leverage_max": "--leverage-max",
    "fee_taker_bps": "--fee-bps",
    "fee_maker_bps": "--fee-bps",
}
"""The flag that says each term."""

FOR_ALL: Final = "all"
"""The table of a file of terms that holds for every instrument without its own word."""

_SEPARATORS: Final = "-/_:"


def how_to_say(missing: Sequence[str]) -> str:
    """The missing terms, each with the flag that says it."""
    return ", ".join(f"{name} ({FLAGS[name]})" for name in missing)


def read_terms(path: Path) -> dict[str, dict[str, Any]]:
    """A TOML file with a table per instrument, and perhaps one named `all`; raises DatasetUnusable naming the key."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise DatasetUnusable(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DatasetUnusable(f"{path}: is no TOML: {error}") from error
    for symbol, table in read.items():
        if not isinstance(table, dict):
            raise DatasetUnusable(f"{path}: {symbol} was {table!r}, expected a table [{symbol}] with tick, lot, ...")
        unknown = sorted(set(table).difference(FLAGS))
        if unknown:
            raise DatasetUnusable(f"{path}: [{symbol}] {unknown[0]} is no term, expected some of {', '.join(FLAGS)}")
    return read


def said_of(symbol: str, present: Terms | None, *layers: dict[str, Any]) -> Terms:
    """What is known of an instrument when these layers are said over it, later ones win; None says nothing.

    The base is the rest of a symbol that ends with its quote, and a market settles in its quote, where nothing else is
    said. Raises DatasetUnusable for a value that no term has.
    """
    known = msgspec.structs.asdict(present) if present is not None else {}
    for layer in layers:
        known |= {name: value for name, value in layer.items() if value is not None}
    quote = known.get("quote")
    if quote and known.get("base") is None and symbol.endswith(quote) and symbol != quote:
        known["base"] = symbol.removesuffix(quote).rstrip(_SEPARATORS)
    if quote and known.get("settlement") is None:
        known["settlement"] = quote
    try:
        terms = msgspec.convert(known | {"symbol": symbol}, Terms, builtin_types=(Decimal,), strict=False)
        if not terms.missing():
            terms.instrument()
    except (msgspec.ValidationError, ValueError) as error:
        raise DatasetUnusable(f"{symbol}: {error}") from None
    return terms
