"""Whether live inputs still look as they did in training: the shares of a short memory against a reference.

How much chance alone would part them follows from the reference: an input that wandered slowly in training is worth few
independent values live, however many frames there are, and has to be further away before that is news; so has one of
which parts of the training looked unlike the whole.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.population import ABSENT_MAX, FAST_FRAMES, FAST_WORTH, INDEX_CALM, INDEX_MAX, gain
from quant.reference import Apart, Reference, apart, counted, furthest_by_chance, worth_of
from quant.rolling import Floats

LEAST_FRAMES: Final = 500
"""Before so many nothing is said."""


class WatchState(NamedTuple):
    """Frames seen, the short memory of shares at or below the places (inputs, 41), known ones, and who is alarmed."""

    frames: int
    below: Floats
    known: Floats
    alarmed: NDArray[np.bool_]


class ReferenceWatch:
    """Frames of inputs (inputs, instruments) in, who has drifted out.

    Laws: permuting instruments changes nothing; an input that was never there in training is never alarmed.
    """

    def __init__(self, reference: Reference) -> None:
        inputs = len(reference.absent)
        self.reference = reference
        self._state = WatchState(
            0, np.zeros(reference.places.shape), np.zeros(inputs), np.zeros(inputs, dtype=np.bool_)
        )

    @property
    def ready(self) -> bool:
        """Whether enough was seen to say anything."""
        return self._state.frames >= LEAST_FRAMES

    def push(self, values: Floats, unasked: NDArray[np.bool_] | None = None) -> None:
        """One frame; NaN is absent. Of the `unasked` inputs (inputs,) it says nothing."""
        old = self._state
        frames, width = old.frames + 1, max(1, values.shape[1])
        below, known = counted(self.reference, values)
        keep = np.full(len(known), max(1.0 / frames, gain(FAST_FRAMES)))
        if unasked is not None:
            keep[unasked] = 0.0
        self._state = old._replace(
            frames=frames,
            below=old.below + keep[:, None] * (below / width - old.below),
            known=old.known + keep * (known / width - old.known),
        )

    def apart(self) -> Apart:
        """How far each input is from its reference now."""
        state = self._state
        known = np.where(state.known > 0.0, state.known, np.nan)
        worth = worth_of(self.reference, min(float(state.frames), FAST_WORTH))
        return apart(self.reference, state.below / known[:, None], 1.0 - state.known, worth)

    def drifted(self) -> NDArray[np.bool_]:
        """Which inputs have drifted, and remembers it, for the way back."""
        state, found = self._state, self.apart()
        if not self.ready:
            return state.alarmed
        worth = worth_of(self.reference, min(float(state.frames), FAST_WORTH))
        limit = np.where(state.alarmed, INDEX_CALM, INDEX_MAX)
        chance = furthest_by_chance(self.reference, worth)
        with np.errstate(invalid="ignore"):
            alarmed = (found.divergence > np.maximum(limit, chance)) | (found.absent > ABSENT_MAX)
        self._state = state._replace(alarmed=alarmed)
        return np.asarray(alarmed)

    def forgive(self, inputs: NDArray[np.bool_]) -> None:
        """Begin anew with these inputs (inputs,), as if they had looked as in training up to now."""
        state, reference = self._state, self.reference
        known = np.where(inputs, 1.0 - reference.absent, state.known)
        trained = np.nan_to_num(reference.below) * (1.0 - reference.absent)[:, None]
        below = np.where(inputs[:, None], trained, state.below)
        self._state = state._replace(below=below, known=known, alarmed=state.alarmed & ~inputs)

    def state(self) -> WatchState:
        """Everything remembered."""
        return self._state

    def load(self, state: WatchState) -> None:
        """Become what said `state`."""
        self._state = WatchState(*state)
