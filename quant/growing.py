"""Growing a set of boosters: all levels in waves, side by side, until together they stop getting better.

What is grown can be kept between interruptions; a level that was kept is not grown again, and nothing of the result
depends on whether it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import numpy as np

from quant.model_text import first_trees
from quant.quantile_regression import (
    BinnedRows,
    BoosterSettings,
    LevelFit,
    Rows,
    library_version,
    parameters,
    staged,
)
from quant.rolling import Floats

SPREAD_ROWS: Final = 4096


class TrainingSettings(NamedTuple):
    """How a model is fitted; `embargo_ns` lies between the last label of training and the first row of validation.

    Levels stop together when their mean loss has not fallen for `patience` rounds; the best `checkpoints` rounds tell
    how far apart equally good models lie. More rounds than 80 have not paid (on the S&P and on crypto they move skill
    by less than .005 %), and every one costs time in each decision. `free` fits a second set that knows no base.
    """

    boosters: BoosterSettings = BoosterSettings()
    rounds_max: int = 80
    patience: int = 40
    checkpoints: int = 5
    validation_share: float = 0.2
    embargo_ns: int = 0
    free: bool = False


class Kept(Protocol):
    """Where grown levels are kept between interruptions, by a key that says everything they depend on."""

    def load(self, key: str) -> str | None:
        """What was saved under the key, whole; None where nothing was."""

    def save(self, key: str, text: str) -> None:
        """Keep it, whole or not at all."""


class Nothing:
    """Keeps nothing: the fit is done in one go."""

    def load(self, key: str) -> str | None:
        """Nothing was saved."""
        return None

    def save(self, key: str, text: str) -> None:
        """Forget it."""


Told = Callable[[str, int, int], None]
"""Is told of the set, of how many rounds of all levels are grown, and how many there may be."""


class BoosterSet(NamedTuple):
    """One set of boosters, stopped together."""

    texts: tuple[str, ...]
    spread: tuple[float, ...]
    rounds: int
    checkpoints: tuple[int, ...]
    curve: tuple[float, ...]


class Grower:
    """Grows the levels of a set in waves of `patience` rounds; a level that was kept is not grown again."""

    def __init__(
        self,
        train: Rows,
        valid: Rows,
        levels: tuple[float, ...],
        settings: TrainingSettings,
        seed: int,
        kept: Kept,
        told: Told,
        data: str,
    ) -> None:
        self._binned = BinnedRows(train, valid, settings.boosters, seed)
        self._levels, self._settings, self._seed = levels, settings, seed
        self._kept, self._told, self._data = kept, told, data

    def together(self, name: str, train_base: Floats, valid_base: Floats) -> BoosterSet:
        """Grow all levels until the mean of their losses has not fallen for `patience` rounds."""
        settings, rounds = self._settings, 0
        most = settings.rounds_max * len(self._levels)
        growing: dict[int, LevelFit] = {}
        while True:
            before, rounds = rounds, min(rounds + settings.patience, settings.rounds_max)
            grown = []
            for place in range(len(self._levels)):
                grown.append(self._level(name, place, rounds, train_base[place], valid_base[place], growing))
                self._told(name, before * len(self._levels) + (place + 1) * (rounds - before), most)
            curve = np.mean([each.curve for each in grown], axis=0)
            stop = stopping_round(curve, settings.patience)
            if stop < rounds or rounds == settings.rounds_max:
                return self._stopped(grown, curve[: stop + 1])

    def _stopped(self, grown: list[_Level], curve: Floats) -> BoosterSet:
        order = 1 + np.argsort(curve[1:], kind="stable")
        best, checkpoints = int(order[0]), tuple(sorted(int(each) for each in order[: self._settings.checkpoints]))
        sample = self._binned.valid.x[:: max(1, len(self._binned.valid.x) // SPREAD_ROWS)]
        spread = tuple(
            float(np.sqrt(np.mean(np.var(staged(each.text, sample, each.trees_at(checkpoints)), axis=0))))
            for each in grown
        )
        texts = tuple(first_trees(each.text, each.trees[best]) for each in grown)
        return BoosterSet(texts, spread, best, checkpoints, tuple(curve.tolist()))

    def _level(
        self, name: str, place: int, rounds: int, train_base: Floats, valid_base: Floats, growing: dict[int, LevelFit]
    ) -> _Level:
        level = self._levels[place]
        key = self._key(name, level, rounds)
        saved = self._kept.load(key)
        if saved is not None:
            return _Level.of(saved)
        if place not in growing:
            growing[place] = LevelFit(self._binned, level, train_base, valid_base)
        growing[place].advance(rounds)
        grown = _Level(tuple(growing[place].curve), tuple(growing[place].trees), growing[place].text())
        self._kept.save(key, grown.saved())
        return grown

    def _key(self, name: str, level: float, rounds: int) -> str:
        grown = parameters(self._settings.boosters._replace(threads=0), level, len(self._binned.train.z), self._seed)
        split = (self._settings.validation_share, self._settings.embargo_ns)
        said = repr((self._data, name, rounds, split, sorted(grown.items()), library_version()))
        return hashlib.sha256(said.encode()).hexdigest()


class _Level(NamedTuple):
    """A level with its loss and number of trees after each round, and the text of its trees."""

    curve: tuple[float, ...]
    trees: tuple[int, ...]
    text: str

    def trees_at(self, rounds: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self.trees[each] for each in rounds)

    def saved(self) -> str:
        return "\n".join([" ".join(map(repr, self.curve)), " ".join(map(repr, self.trees)), self.text])

    @classmethod
    def of(cls, saved: str) -> _Level:
        curve, trees, text = saved.split("\n", 2)
        return cls(tuple(map(float, curve.split(" "))), tuple(map(int, trees.split(" "))), text)


def stopping_round(curve: Floats, patience: int) -> int:
    """The round at which `patience` rounds have brought nothing, or the last one there is; round 0 is no tree."""
    best = np.minimum.accumulate(curve[1:])
    since = np.arange(len(best)) - np.searchsorted(-best, -best, side="left")
    spent = np.flatnonzero(since >= patience)
    return int(spent[0]) + 1 if len(spent) else len(curve) - 1
