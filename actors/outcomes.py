"""Outcomes hold beliefs until their horizon is over and say what came true, by the marks as they were known.

A belief starts at the mid of the last mark frame before it and ends at the first mark frame at or after its horizon; a
mid that was not valid then gives NaN, and so does a frame that comes later than twice the horizon, because that is
the answer to another question. Of each author at most `overlaps_max` beliefs are pending: within one horizon more would
say nearly the same thing again.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.belief import Outcome, SignalFrame, Slate
from contracts.column import Column, floats
from contracts.envelope import Envelope
from contracts.market import MarkFrame
from contracts.quantities import Nanos, Seconds, nanos

BLEND = "blend"
"""The author of the outcomes of slates."""
NONE = floats([])
"""What an agent does not say."""


class OutcomesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many beliefs of one author may be pending at once.

    Raises:
        ValueError: fewer than one.
    """

    overlaps_max: int = 64

    def __post_init__(self) -> None:
        more_than_zero("outcomes", overlaps_max=self.overlaps_max)


class Pending(msgspec.Struct, frozen=True):
    """A belief whose horizon is not over, and the mids it started from."""

    author: str
    said_seq: int
    said_ns: Nanos
    horizon_s: Seconds
    mu: Column
    sigma: Column
    score: Column
    mid: Column
    mark_seq: int
    quantiles: Column
    cost_bps: Column
    pool_quantiles: Column


class OutcomesState(msgspec.Struct, kw_only=True):
    """The last marks, the pending beliefs of each author in the order said, and how many were not taken."""

    universe: int = 0
    mid: Column | None = None
    mark_seq: int = 0
    pending: dict[str, list[Pending]] = {}
    thinned: int = 0
    dropped: int = 0


class Outcomes(StatefulActor[OutcomesState]):
    """Beliefs in, what became of them out: one `Outcome` per author and belief, oldest first."""

    role = "outcomes"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (MarkFrame, SignalFrame, Slate)
    kept = OutcomesState

    def __init__(self, settings: OutcomesSettings) -> None:
        self._overlaps_max = settings.overlaps_max
        self.start(OutcomesState())

    def derive(self) -> None:
        """Nothing is looked up."""

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if isinstance(said, MarkFrame):
            return self._on_marks(said, envelope)
        if isinstance(said, SignalFrame):
            self._take(said.agent, said, envelope)
        elif isinstance(said, Slate):
            self._take(BLEND, said, envelope)
        return NOTHING

    def _take(self, author: str, belief: SignalFrame | Slate, envelope: Envelope[Any]) -> None:
        state = self.state
        if state.mid is None or belief.universe != state.universe:
            state.dropped += 1
            return
        waiting = state.pending.setdefault(author, [])
        if waiting and envelope.at_ns - waiting[-1].said_ns < nanos(belief.horizon_s) // self._overlaps_max:
            state.thinned += 1
            return
        waiting.append(_pending(author, belief, state.mid, state.mark_seq, envelope))
        if len(waiting) > 2 * self._overlaps_max:  # marks have stopped: nothing closes, and memory is bounded
            del waiting[0]
            state.dropped += 1

    def _on_marks(self, marks: MarkFrame, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        state = self.state
        if marks.universe != state.universe:
            state.dropped += sum(len(waiting) for waiting in state.pending.values())
            state.pending = {}
        state.universe, state.mid, state.mark_seq = marks.universe, marks.mid, envelope.seq
        closed: list[Outcome] = []
        moved: dict[int, Column] = {}
        for waiting in state.pending.values():
            ended = 0
            while ended < len(waiting) and envelope.at_ns - waiting[ended].said_ns >= nanos(waiting[ended].horizon_s):
                belief = waiting[ended]
                # Authors who started from the same marks share one column of what came true.
                if belief.mark_seq not in moved:
                    moved[belief.mark_seq] = floats(np.log(marks.mid.values / belief.mid.values))
                closed.append(_closed(belief, marks, envelope, moved[belief.mark_seq]))
                ended += 1
            del waiting[:ended]
        return closed

    def check(self) -> None:
        for author, waiting in self.state.pending.items():
            assert len(waiting) <= 2 * self._overlaps_max, f"{author} has {len(waiting)} beliefs pending"
            assert all(early.said_ns <= late.said_ns for early, late in pairwise(waiting)), f"{author} is out of order"


def _pending(author: str, belief: SignalFrame | Slate, mid: Column, mark_seq: int, envelope: Envelope[Any]) -> Pending:
    if isinstance(belief, Slate):
        score = floats(belief.mu.values / belief.sigma.values)
        quantiles, cost_bps, pool_quantiles = belief.quantiles, belief.cost_bps, belief.pool_quantiles
    else:
        score, quantiles, cost_bps, pool_quantiles = belief.score, NONE, NONE, NONE
    return Pending(
        author=author,
        said_seq=envelope.seq,
        said_ns=envelope.at_ns,
        horizon_s=belief.horizon_s,
        mu=belief.mu,
        sigma=belief.sigma,
        score=score,
        mid=mid,
        mark_seq=mark_seq,
        quantiles=quantiles,
        cost_bps=cost_bps,
        pool_quantiles=pool_quantiles,
    )


def _closed(belief: Pending, marks: MarkFrame, envelope: Envelope[Any], realised: Column) -> Outcome:
    late = envelope.at_ns - belief.said_ns > 2 * nanos(belief.horizon_s)
    return Outcome(
        author=belief.author,
        universe=marks.universe,
        said_seq=belief.said_seq,
        said_ns=belief.said_ns,
        horizon_s=belief.horizon_s,
        mu=belief.mu,
        sigma=belief.sigma,
        score=belief.score,
        realised=floats(np.full(len(realised), np.nan)) if late else realised,
        based_on=(belief.said_seq, belief.mark_seq, envelope.seq),
        quantiles=belief.quantiles,
        cost_bps=belief.cost_bps,
        pool_quantiles=belief.pool_quantiles,
    )
