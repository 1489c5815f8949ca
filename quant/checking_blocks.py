"""The questions of `quant.checking` to bars that come in blocks: the answers are those of one look at all of them.

A block is some bars of one instrument; closes rise from one to the next, and equal ones lie in one block. They are gone
through several times: for what only all of them tell (grid, calendar, usual return), then for each kind of finding.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from quant.checking import (
    GAP,
    SPIKE,
    STUCK,
    STUCK_BARS,
    SURROUNDINGS,
    ZERO_VOLUME,
    Finding,
    row_findings,
    spikes,
    still_runs,
)
from quant.rolling import Floats
from quant.sessions import MISSING_MAX, WEEK_NS, Calendar, calendar_of, expected_stamps, hours_seen, stamps_between

Int64s = npt.NDArray[np.int64]

ALIKE_BITS: Final = 44
"""Returns alike in all but so many bits are counted together before those about the median are told apart."""

WEEKS_AROUND: Final = 2


class Block(NamedTuple):
    """Bars with closes that rise, equal ones as they came; `rows` says what each is called, in the order they came."""

    close_ns: Int64s
    columns: dict[str, Floats]
    rows: Int64s

    def taken(self, places: Int64s | slice) -> "Block":
        """The bars at these places."""
        columns = {name: values[places] for name, values in self.columns.items()}
        return Block(self.close_ns[places], columns, self.rows[places])

    def then(self, later: "Block") -> "Block":
        """This block and the one behind it."""
        columns = {name: np.append(values, later.columns[name]) for name, values in self.columns.items()}
        return Block(np.append(self.close_ns, later.close_ns), columns, np.append(self.rows, later.rows))


Blocks = Callable[[], Iterator[Block]]
Found = tuple[Block, list[Finding]]
"""Findings, whose places are those in the block beside them."""


@dataclass
class _Facts:
    """What only all bars tell."""

    phases: dict[int, int] = field(default_factory=dict)
    hours: Int64s = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    span_ns: tuple[int, int] | None = None
    lacking: int = 0
    alike: Int64s = field(default_factory=lambda: np.zeros(1 << (63 - ALIKE_BITS), dtype=np.int64))

    def phase_ns(self) -> int:
        return min(self.phases, key=lambda phase: (-self.phases[phase], phase), default=0)

    def calendar(self, bar_ns: int) -> Calendar:
        if self.lacking > MISSING_MAX or self.span_ns is None or self.span_ns[1] - self.span_ns[0] < WEEK_NS:
            return "24/7"
        return calendar_of(self.hours, bar_ns)


def check_blocks(blocks: Blocks, bar_ns: int, calendar: Calendar | None = None) -> Iterator[Found]:
    """What `check_bars` would find in all of them, but that rows are out of order; empty findings too.

    `blocks` begins anew whenever it is called. At most two weeks of closes and a few blocks are held.
    """
    facts = _facts(blocks, bar_ns)
    sessions = (calendar or facts.calendar(bar_ns)) == "sessions" and facts.lacking <= MISSING_MAX
    phase_ns = facts.phase_ns()
    for block in blocks():
        yield block, row_findings(block.close_ns, block.columns, bar_ns, phase_ns)
    yield from _gaps(_once(blocks()), bar_ns, facts.span_ns if sessions else None)
    yield from _no_volume(_once(blocks()))
    yield from _stuck(_once(blocks()))
    yield from _spikes(_once(blocks()), _median(blocks, facts))


def _facts(blocks: Blocks, bar_ns: int) -> _Facts:
    facts = _Facts()
    for block in blocks():
        phases, counts = np.unique(block.close_ns % bar_ns, return_counts=True)
        for phase, count in zip(phases.tolist(), counts.tolist(), strict=True):
            facts.phases[phase] = facts.phases.get(phase, 0) + count
    for block in _with_last(_once(blocks())):
        facts.hours = np.union1d(facts.hours, hours_seen(block.close_ns, bar_ns))
        first = int(block.close_ns[0]) if facts.span_ns is None else facts.span_ns[0]
        facts.span_ns = first, int(block.close_ns[-1])
        facts.lacking += int(stamps_between(block.close_ns, bar_ns)[1].sum())
        facts.alike += np.bincount(_bits(_sizes(block)) >> ALIKE_BITS, minlength=len(facts.alike))
    return facts


def _median(blocks: Blocks, facts: _Facts) -> float:
    """The median absolute return, NaN where there is none."""
    total = int(facts.alike.sum())
    if not total:
        return float("nan")
    places = np.array([(total - 1) // 2, total // 2])
    ends = np.cumsum(facts.alike)
    first, last = np.searchsorted(ends, places, side="right").tolist()
    counted: dict[float, int] = {}
    for block in _with_last(_once(blocks())):
        sizes = _sizes(block)
        bits = _bits(sizes) >> ALIKE_BITS
        values, counts = np.unique(sizes[~np.isnan(sizes)][(bits >= first) & (bits <= last)], return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            counted[value] = counted.get(value, 0) + count
    values = np.array(sorted(counted))
    before = int(ends[first - 1]) if first else 0
    up_to = np.cumsum([counted[value] for value in values.tolist()])
    return float(np.median(values[np.searchsorted(up_to, places - before, side="right")]))


def _sizes(block: Block) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(np.diff(np.log(block.columns["close"]))), dtype=np.float64)


def _bits(sizes: Floats) -> Int64s:
    """Whole numbers in the order of these that are not NaN."""
    return sizes[~np.isnan(sizes)].view(np.int64)


def _gaps(blocks: Iterable[Block], bar_ns: int, sessions_ns: tuple[int, int] | None) -> Iterator[Found]:
    reach_ns = WEEKS_AROUND * WEEK_NS + bar_ns if sessions_ns is not None else 0
    for block, around in _surrounded(blocks, reach_ns):
        after, sizes = stamps_between(block.close_ns, bar_ns)
        if sessions_ns is not None and len(after):
            shift = int(np.searchsorted(around, block.close_ns[0]))
            after, sizes = expected_stamps(around, bar_ns, after + shift, sizes, sessions_ns)
            after = after - shift
        yield block, [Finding(GAP, "warning", "time", after, sizes)]


def _surrounded(blocks: Iterable[Block], reach_ns: int) -> Iterator[tuple[Block, Int64s]]:
    """Each block with the last bar before it, and all closes as far as `reach_ns` before and behind both."""
    waiting: list[Block] = []
    held: list[Int64s] = []
    for block in _with_last(blocks):
        waiting.append(block)
        held.append(block.close_ns if not held else block.close_ns[1:])
        while waiting[0].close_ns[-1] + reach_ns < block.close_ns[-1]:
            yield waiting[0], np.concatenate(held)
            waiting.pop(0)
            held = [each for each in held if len(each) and each[-1] + reach_ns >= waiting[0].close_ns[0]]
    for block in waiting:
        yield block, np.concatenate(held)


def _no_volume(blocks: Iterable[Block]) -> Iterator[Found]:
    for block in blocks:
        if "volume" in block.columns:
            places = np.flatnonzero(block.columns["volume"] == 0.0)
            yield block, [Finding(ZERO_VOLUME, "warning", "volume", places, np.ones(len(places), dtype=np.int64))]


def _stuck(blocks: Iterable[Block]) -> Iterator[Found]:
    """Runs of bars that stand still; one that is open at the end of a block is told when it is over."""
    begun, length = None, 0
    for block in _with_last(blocks):
        starts, lengths = still_runs(block.columns)
        if begun is not None:
            on = int(lengths[0]) if len(starts) and starts[0] == 1 else 0
            length, starts, lengths = length + on, starts[bool(on) :], lengths[bool(on) :]
            if on and on == len(block.close_ns) - 1:
                continue
            yield begun, _long(np.zeros(1, dtype=np.int64), np.array([length]))
            begun = None
        if len(starts) and starts[-1] + lengths[-1] == len(block.close_ns):
            begun, length = block.taken(starts[-1:]), int(lengths[-1])
            starts, lengths = starts[:-1], lengths[:-1]
        yield block, _long(starts, lengths)
    if begun is not None:
        yield begun, _long(np.zeros(1, dtype=np.int64), np.array([length]))


def _long(starts: Int64s, lengths: Int64s) -> list[Finding]:
    long = lengths >= STUCK_BARS
    return [Finding(STUCK, "warning", "close", starts[long], lengths[long])]


def _spikes(blocks: Iterable[Block], usual: float) -> Iterator[Found]:
    """Spikes, looked for in pieces that begin where the surroundings of a return do, and overlap by those of one."""
    held: Block | None = None
    told = 0
    for block in blocks:
        held = block if held is None else held.then(block)
        whole = (len(held.close_ns) - 1) // SURROUNDINGS * SURROUNDINGS
        if whole > told:
            yield held, _spiked(held, usual, told, whole)
            held, told = held.taken(slice(whole - SURROUNDINGS, None)), SURROUNDINGS
    if held is not None:
        yield held, _spiked(held, usual, told, len(held.close_ns))


def _spiked(block: Block, usual: float, first: int, end: int) -> list[Finding]:
    found = np.flatnonzero(spikes(block.columns["close"], block.columns.get("open"), usual))
    places = found[(found >= first) & (found < end)]
    return [Finding(SPIKE, "warning", "close", places, np.ones(len(places), dtype=np.int64))]


def _once(blocks: Iterable[Block]) -> Iterator[Block]:
    return (_distinct(block) for block in blocks)


def _distinct(block: Block) -> Block:
    """The first bar of each close."""
    first = np.append(True, np.diff(block.close_ns) > 0)
    return block if first.all() else block.taken(np.flatnonzero(first))


def _with_last(blocks: Iterable[Block]) -> Iterator[Block]:
    """Each block with the last bar before it."""
    last: Block | None = None
    for block in blocks:
        yield block if last is None else last.then(block)
        last = block.taken(slice(-1, None))
