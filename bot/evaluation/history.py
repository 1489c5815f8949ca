"""Drives the live actors over a history, bar by bar, and keeps what they said; nothing here is scored.

Each row is two turns on the live bus: the beat that asks for beliefs, and the beat that asks for a decision. The actors
are those of a live run, with their own state, calibrations and labels; only the outside is a tape (see `tape`).
Strictly causal: the tape says a row on its own beat, and a model is fitted on examples closed before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from bot.evaluation.casting import Cast
from bot.evaluation.record import Record
from bot.evaluation.retraining import Learner
from bot.evaluation.tape import Tape, universe_of
from contracts.belief import DriftState, Example, RegimeState, ScoreCard, SignalFrame, Slate
from contracts.envelope import Envelope
from contracts.life import ActorFailed, Beat
from contracts.market import UniverseChanged
from contracts.quantities import Bps, Nanos
from runtime.bus import Bus, Tap

Advance = Callable[[int], None]

SOURCE: Final = "history"
ADVANCE_ROWS: Final = 64


class ActorBroke(Exception):
    """An actor crashed on a history; the evaluation is worth nothing then. Exit code 1; 4 for an agent of one's own."""

    def __init__(self, actor: str, row: int, error: str) -> None:
        self.actor = actor
        super().__init__(f"{actor} crashed in row {row}: {error}")


class Unrecorded:
    """The journal of a history: the tape can say it all again."""

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        """Keep nothing."""

    def end_turn(self) -> None:
        """Nothing is kept."""

    async def durable(self, seq: int) -> None:
        """Nothing waits for a disk."""

    def close(self) -> None:
        """Nothing is open."""


def drive(
    tape: Tape,
    cast: Cast,
    learner: Learner | None = None,
    *,
    fee_bps: Bps = 0.0,
    advance: Advance | None = None,
    taps: Mapping[type[msgspec.Struct], Tap] | None = None,
) -> Record:
    """Everything the actors said over the whole tape; raises ActorBroke where one crashed.

    `learner` is given every `Example` and asked at each row whether a model is due; `taps` are shown messages by type.
    """
    clock = _Clock()
    bus = Bus(cast.cells(tape), Unrecorded(), clock)
    record = Record.empty(tape.prices, cast.agents)
    scribe = _Scribe(record, learner)
    for kind, tap in (taps or {}).items():
        bus.tap(tap, (kind,))
    bus.tap(scribe, (ActorFailed, SignalFrame, Slate, Example, RegimeState, DriftState, ScoreCard))
    clock.at_ns = tape.at_ns(0)
    bus.admit(UniverseChanged(universe_of(tape.prices, fee_bps)), SOURCE)
    for row in range(len(tape.prices)):
        clock.at_ns = tape.at_ns(row)
        scribe.row = row
        if learner is not None and (fitted := learner.due(row, clock.at_ns)) is not None:
            bus.admit(fitted, SOURCE)
        bus.admit(Beat("signal", row), SOURCE)
        bus.admit(Beat("decide", row), SOURCE)
        cast.note(record, row, bus)
        if advance is not None and row % ADVANCE_ROWS == ADVANCE_ROWS - 1:
            advance(ADVANCE_ROWS)
    return record


class _Clock:
    """The clock of the bus: what the row says."""

    def __init__(self) -> None:
        self.at_ns: Nanos = 0

    def __call__(self) -> Nanos:
        return self.at_ns


class _Scribe:
    """Writes what is said about a row into its record."""

    def __init__(self, record: Record, learner: Learner | None) -> None:
        self.record = record
        self.learner = learner
        self.row = 0
        self.drift = "calm"

    def __call__(self, envelope: Envelope[Any]) -> None:
        said, record, row = envelope.payload, self.record, self.row
        if isinstance(said, SignalFrame):
            if (place := record.places.get(said.agent)) is not None:
                if said.mu.values.shape != record.mu[row, place].shape:
                    raise ActorBroke(said.agent, row, f"it answered for {len(said.mu)} instruments")
                record.mu[row, place] = said.mu.values
                record.sigma[row, place] = said.sigma.values
                record.confidence[row, place] = said.confidence.values
        elif isinstance(said, Slate):
            record.take_slate(row, said)
            record.drift[row] = self.drift
        elif isinstance(said, Example):
            if self.learner is not None:
                self.learner.take(said)
        elif isinstance(said, RegimeState):
            record.regimes[row] = said.probabilities.values
        elif isinstance(said, DriftState):
            self.drift = said.level
        elif isinstance(said, ActorFailed):
            raise ActorBroke(said.actor, row, said.error)
