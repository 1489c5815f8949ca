"""Saying the terms of instruments that a data set has already."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from adapters.catalog.manifest import Manifest, Part, is_bars, read_manifest
from adapters.catalog.staging import Staging
from bot.data.importing import SaidTerms
from bot.data.stored import stored_blocks
from contracts.history import DatasetUnusable
from quant.checking import PRICES
from quant.steps import decimal_step_of


def say_terms(directory: Path, symbols: Sequence[str], said: SaidTerms) -> Manifest:
    """Lay what is said over what is known of these instruments, all where none is named; raises DatasetUnusable."""
    known = read_manifest(directory).terms()
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown:
        raise DatasetUnusable(f"{directory}: has no {', '.join(unknown)}, it has {', '.join(known)}")
    with Staging(directory) as staging:
        staging.refuse_interrupted()
        ticks = {symbol: _tick(staging, symbol) if said.tick_derived else None for symbol in symbols or known}
        staging.note(None, (), [said.of(symbol, known[symbol], tick) for symbol, tick in ticks.items()])
        staging.land()
        return staging.manifest


def _tick(staging: Staging, symbol: str) -> Decimal | None:
    """The step of all prices of its bars; None where it has none, or they lie on no grid."""
    parts: list[Part] = [part for part in staging.manifest.parts if part.name == symbol and is_bars(part.kind)]
    if not parts:
        return None
    decimals = decimal_step_of(
        lambda: (
            values
            for block in stored_blocks(staging.root, parts)
            for name, values in block.columns.items()
            if name in PRICES
        )
    )
    return None if decimals is None else Decimal(1).scaleb(-decimals)
