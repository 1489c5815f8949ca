"""What came true of what the blend and its pool had said: counts below each quantile, and in each part of the whole."""

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from adapters.records import rows
from contracts.belief import Outcome
from contracts.envelope import Envelope
from quant.quantiles import LEVELS
from quant.scores import pit

BLEND: Final = "blend"
POOL: Final = "pool"
PARTS: Final = 20
GATHERED: Final = 200
"""How many outcomes are counted at once."""

Floats = npt.NDArray[np.float64]


class Outcomes:
    """Counts over the closed labels of the blend, and of the pool that it has to beat, in bounded memory."""

    kinds: Final[tuple[type[msgspec.Struct], ...]] = (Outcome,)

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[Floats, Floats]]] = {BLEND: [], POOL: []}
        self._below = {author: np.zeros(len(LEVELS), dtype=np.int64) for author in self._waiting}
        self._parts = {author: np.zeros(PARTS, dtype=np.int64) for author in self._waiting}
        self._labels = dict.fromkeys(self._waiting, 0)

    def hear(self, envelope: Envelope[Any]) -> None:
        """Take one outcome; those of agents, which say no quantiles, are passed over."""
        outcome: Outcome = envelope.payload
        if outcome.author != BLEND:
            return
        for author, said in ((BLEND, outcome.quantiles), (POOL, outcome.pool_quantiles)):
            if said.values.shape == (len(LEVELS), len(outcome.realised)):
                self._waiting[author].append((said.values, outcome.realised.values))
                if len(self._waiting[author]) >= GATHERED:
                    self._count(author)

    @staticmethod
    def concerns(payload: bytes) -> bool:
        """Whether an encoded outcome may be one of the blend's: its author stands first, and most are of agents."""
        return BLEND.encode() in payload[:64]

    def calibration(self) -> list[rows.CalibrationRow]:
        """For each level how many labels fell at or below its quantile."""
        self._count_all()
        return [
            rows.CalibrationRow(author=author, level=level, below=int(below), labels=self._labels[author])
            for author, counts in self._below.items()
            for level, below in zip(LEVELS.tolist(), counts, strict=True)
            if self._labels[author]
        ]

    def parts(self) -> list[rows.PitRow]:
        """How many labels fell into each twentieth of the distribution said."""
        self._count_all()
        return [
            rows.PitRow(author=author, low=part / PARTS, high=(part + 1) / PARTS, labels=int(count))
            for author, counts in self._parts.items()
            for part, count in enumerate(counts)
            if self._labels[author]
        ]

    def _count_all(self) -> None:
        for author in self._waiting:
            self._count(author)

    def _count(self, author: str) -> None:
        waiting, self._waiting[author] = self._waiting[author], []
        if not waiting:
            return
        quantiles = np.concatenate([said for said, _ in waiting], axis=1)
        realised = np.concatenate([true for _, true in waiting])
        known = np.isfinite(realised) & np.isfinite(quantiles).all(axis=0)
        quantiles, realised = quantiles[:, known], realised[known]
        self._labels[author] += int(known.sum())
        self._below[author] += (realised <= quantiles).sum(axis=1)
        counts, _ = np.histogram(pit(quantiles, realised), bins=PARTS, range=(0.0, 1.0))
        self._parts[author] += counts
