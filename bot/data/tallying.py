"""Findings in the bars of one instrument, block by block, put together: how often, and the first of each kind."""

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.data.judging import EXAMPLES, Rows, Told, told
from bot.data.taking import Taken
from contracts.quantities import nanos
from quant.checking import GAP, OUT_OF_ORDER, SPIKE, STUCK, ZERO_VOLUME, Finding
from quant.checking_blocks import Block, check_blocks
from quant.sessions import Calendar

IN_TIME: Final = frozenset({GAP, ZERO_VOLUME, STUCK, SPIKE})
"""What is told in order of time; the rest in that of the file."""


@dataclass
class _Kind:
    """One kind of finding so far; each example with what it is ordered by."""

    finding: Finding
    count: int
    places: int
    examples: list[tuple[int, str]]


class Tally:
    """What was found in one instrument; with `numbered` its rows have numbers in the file, which examples name."""

    def __init__(self, file: str, symbol: str, names: dict[str, str], *, numbered: bool) -> None:
        self._file, self._symbol, self._names, self._numbered = file, symbol, names, numbered
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._last_ns: int | None = None
        self._rises = False

    def arrive(self, block: Block) -> None:
        """Rows as they lie in the file, in pieces: which of them are out of order; all in falling order are not."""
        steps = np.diff(block.close_ns, prepend=block.close_ns[0] if self._last_ns is None else self._last_ns)
        self._rises |= bool((steps[self._last_ns is None :] >= 0).any())
        self._last_ns = int(block.close_ns[-1])
        places = np.flatnonzero(steps < 0)
        self.add(block, [Finding(OUT_OF_ORDER, "error", "time", places, np.ones(len(places), dtype=np.int64))])

    def add(self, block: Block, findings: list[Finding]) -> None:
        """Findings whose places are those in the block; empty ones say which kind is told before which."""
        for each in findings:
            kind = self._kinds.setdefault((each.what, each.column), _Kind(each, 0, 0, []))
            kind.count += each.count
            kind.places += len(each.places)
            if len(each.places):
                by = block.rows if self._numbered and each.what not in IN_TIME else block.close_ns
                first = np.argsort(by[each.places], kind="stable")[:EXAMPLES]
                chosen = Finding(each.what, each.level, each.column, each.places[first], each.sizes[first])
                (said,) = told(self._rows(block), [chosen])
                found = [*kind.examples, *zip(by[chosen.places].tolist(), said.examples, strict=True)]
                kind.examples = sorted(found, key=_place)[:EXAMPLES]

    def told(self) -> list[Told]:
        """All that was found, errors first."""
        found = [each for each in self._kinds.values() if each.places and self._counts(each.finding.what)]
        return [
            Told(
                file=self._file,
                symbol=self._symbol,
                level=each.finding.level,
                what=each.finding.what,
                column=self._names.get(each.finding.column, each.finding.column),
                count=each.count,
                places=each.places,
                examples=tuple(example for _, example in each.examples),
            )
            for each in sorted(found, key=lambda each: each.finding.level)
        ]

    def _counts(self, what: str) -> bool:
        return what != OUT_OF_ORDER or self._rises

    def _rows(self, block: Block) -> Rows:
        rows: npt.NDArray[np.int64] | None = block.rows if self._numbered else None
        return Rows(
            file=self._file,
            symbol=self._symbol,
            close_ns=block.close_ns,
            columns=block.columns,
            names=self._names,
            rows=rows,
        )


def judged(rows: Taken, place: int, calendar: Calendar | None) -> list[Told]:
    """What is found in the bars of one instrument of a file."""
    tally = Tally(str(rows.path), rows.symbols[place], rows.names, numbered=True)
    for block in rows.arrived(place):
        tally.arrive(block)
    for block, findings in check_blocks(partial(rows.blocks, place), nanos(rows.bar_s), calendar):
        tally.add(block, findings)
    return tally.told()


def _place(example: tuple[int, str]) -> int:
    return example[0]
