"""Two recorded runs held against each other, decision by decision at equal instants: where they first part, and why.

Decisions are matched by when they were taken, so that a run over ticks can be held against one over the bars that were
made of them. Numbers of messages and of decisions and the stamps of single ticks are left out; what is recorded as a
digest alone (features) is judged by what follows from it. Runs over other instruments, or in another order, have no
columns in common: of them only what names its instruments is compared, the selection, the state and the gate.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.journal.reader import records
from bot.diffing.decisions import STAGES, Gathering, Taken
from bot.diffing.running import ThinRun
from bot.diffing.stages import Cause, first_cause
from bot.logging import utc
from bot.replaying import journal_of
from contracts import codec
from contracts.column import integers
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import MarkFrame, UniverseChanged
from contracts.quantities import Nanos
from contracts.topics import BY_TYPE_NAME

HEARD: Final = frozenset(kind.__name__ for kinds in STAGES.values() for kind in kinds) | {UniverseChanged.__name__}
_NUMBERS: Final = ("decision", "universe")
_NAMED: Final = ("selection", "state", "gate")


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """The first decision that differs: when, at which stage from the market to the gate, and what there."""

    at: str
    decisions: tuple[int, int]
    cause: Cause


class RunParity(msgspec.Struct, frozen=True, kw_only=True):
    """How alike two runs are: decisions at instants of both, how many of them are the same, and those of one alone.

    `causes` counts the decisions that differ by the first stage at which they do.
    """

    runs: tuple[str, str]
    matched: int
    same: int
    alone: tuple[int, int]
    causes: dict[str, int]
    first: Apart | None


def hold_against(
    run: Path, other: Path, heard: tuple[Callable[[int], None], Callable[[int], None]] = (lambda size: None,) * 2
) -> RunParity:
    """Compare two runs; `heard` is told the size of every piece of each that was read.

    Raises ThinRun for one that kept its decisions alone, and the errors of reading a journal.
    """
    lives = [_Life(run, heard[0]), _Life(other, heard[1])]
    merged = heapq.merge(*(_dated(side, life) for side, life in enumerate(lives)), key=lambda each: each[:2])
    same, alone, causes, first = 0, [0, 0], Counter[str](), None
    for _, at_once in groupby(merged, key=lambda each: each[0]):
        sides_at_once = {side: taken for _, side, taken in at_once}
        if len(sides_at_once) == 1:
            alone[next(iter(sides_at_once))] += 1
            continue
        was, now = sides_at_once[0], sides_at_once[1]
        if lives[0].symbols != lives[1].symbols:
            was, now = _named(was), _named(now)
        cause = first_cause(was, now, lives[0].symbols)
        if cause is None:
            same += 1
            continue
        causes[cause.stage] += 1
        first = first or Apart(at=utc(was.at_ns), decisions=(was.decision, now.decision), cause=cause)
    return RunParity(
        runs=(run.name, other.name),
        matched=same + causes.total(),
        same=same,
        alone=(alone[0], alone[1]),
        causes=dict(causes.most_common()),
        first=first,
    )


def _dated(side: int, life: "_Life") -> Iterator[tuple[Nanos, int, Taken]]:
    return ((taken.at_ns, side, taken) for taken in life.taken())


def _named(taken: Taken) -> Taken:
    """The decision without what is laid out in columns."""
    return taken._replace(known={stage: said if stage in _NAMED else {} for stage, said in taken.known.items()})


class _Life:
    """The decisions of one run as they lie in its journal."""

    def __init__(self, run: Path, heard: Callable[[int], None]) -> None:
        self._run, self._heard = run, heard
        self._universe: Universe | None = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """Of the universe as it is known so far."""
        return self._universe.symbols if self._universe is not None else ()

    def taken(self) -> Iterator[Taken]:
        """Each decision with what it was made of."""
        gathering = Gathering()
        for turn in self._turns():
            taken = gathering.hear(turn)
            if taken is not None:
                yield taken

    def _turns(self) -> Iterator[list[Envelope[Any]]]:
        told = (record for record in records(journal_of(self._run, self._heard)) if record.type in HEARD)
        full = (record for record in told if BY_TYPE_NAME[record.type].recorded == "full")
        for _, of_turn in groupby(full, key=lambda record: record.turn):
            yield list(self._decoded(of_turn))

    def _decoded(self, of_turn: Iterable[Any]) -> Iterator[Envelope[Any]]:
        for record in of_turn:
            if not record.payload:
                raise ThinRun(f"{self._run.name} kept its decisions alone: what they were made of is not on record")
            said: Any = codec.decode(record.type, record.payload)
            if isinstance(said, UniverseChanged):
                self._universe = said.universe
            plain: dict[str, Any] = {name: 0 for name in _NUMBERS if isinstance(getattr(said, name, None), int)}
            if isinstance(said, MarkFrame):
                plain["tick_ns"] = integers(())
            kept = said if isinstance(said, UniverseChanged) else msgspec.structs.replace(said, **plain)
            yield Envelope(record.seq, record.turn, record.cause, record.at_ns, record.source, kept)
