"""Terms of instruments: how each is said on the command line or in a file, and nothing about money assumed."""

from collections.abc import Sequence
from typing import Final

FLAGS: Final = {
    "venue": "--venue NAME",
    "base": "--base NAME",
    "quote": "--quote NAME",
    "settlement": "--settlement NAME",
    "tick": "--tick STEP|derived",
    "lot": "--lot STEP",
    "notional_min": "--min-notional AMOUNT",
    "quantity_max": "--max-quantity AMOUNT",
    "can_short": "--leverage-max FACTOR",
    "leverage_max": "--leverage-max FACTOR",
    "fee_taker_bps": "--fee-bps TAKER[,MAKER]",
    "fee_maker_bps": "--fee-bps TAKER[,MAKER]",
}
"""The flag that says each term."""


def how_to_say(missing: Sequence[str]) -> str:
    """The missing terms, each with the flag that says it."""
    return ", ".join(f"{name} ({FLAGS[name]})" for name in missing)
