"""The fitted models beside one another: champion, its predecessor, and a challenger that has yet to prove itself.

A model that was trained on other inputs is refused by its schema. What a model says for a decision counts only if
every quantile of an instrument with a base is finite; otherwise it abstains for that decision, and that is counted.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from quant.quantiles import LEVELS
from quant.rolling import Floats


class Model(Protocol):
    """Predicts quantiles (levels, N) in units of the reference deviation from x (N, M)."""

    model: str
    schema: str
    has_free: bool
    levels: Floats

    def predict(self, x: Floats, base: Floats) -> Floats:
        """From the base (levels, N)."""

    def predict_free(self, x: Floats) -> Floats:
        """From a constant."""


class Boosted(NamedTuple):
    """Quantiles (3, levels, N) of champion, champion without base and predecessor, who of them speaks; challenger."""

    experts: Floats
    present: Floats
    challenger: Floats


class Boosters:
    """Laws: promotion makes the challenger champion and the champion predecessor; demotion leaves nobody."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self.champion: Model | None = None
        self.challenger: Model | None = None
        self.previous: Model | None = None
        self.abstained = 0

    def names(self) -> tuple[str, str, str]:
        """Champion, challenger and predecessor; "" for nobody."""
        models = (self.champion, self.challenger, self.previous)
        champion, challenger, previous = (each.model if each is not None else "" for each in models)
        return champion, challenger, previous

    def install(self, model: Model, *, challenger: bool) -> None:
        """A newly fitted model; raises ValueError where it was trained on other inputs or levels."""
        if model.schema != self._schema:
            raise ValueError(
                f"model {model.model[:12]} was trained on inputs {model.schema[:12]}, expected {self._schema[:12]}"
            )
        if not np.array_equal(model.levels, LEVELS):
            raise ValueError(f"model {model.model[:12]} has levels {model.levels.tolist()}, expected {LEVELS.tolist()}")
        if challenger and self.champion is not None:
            self.challenger = model
        else:
            self.previous, self.champion = self.champion, model

    def promote(self) -> None:
        """The challenger has proved better."""
        self.previous, self.champion, self.challenger = self.champion, self.challenger, None

    def demote(self) -> None:
        """No booster speaks any more."""
        self.champion = self.challenger = self.previous = None

    def predict(self, inputs: Floats, base: Floats) -> Boosted:
        """From inputs (M, N) and the base (levels, N)."""
        silent = np.full(base.shape, np.nan)
        if self.champion is None:
            return Boosted(np.stack([silent] * 3), np.zeros(3), silent)
        x = np.ascontiguousarray(inputs.T)
        free = self.champion.predict_free(x) if self.champion.has_free else silent
        said = [
            self.champion.predict(x, base),
            np.where(np.isfinite(base), free, np.nan),
            silent if self.previous is None else self.previous.predict(x, base),
        ]
        asked = np.isfinite(base).all(axis=0)
        present = np.array([float(asked.any() and bool(np.isfinite(each[:, asked]).all())) for each in said])
        expected = 1 + self.champion.has_free + (self.previous is not None)
        self.abstained += int(expected - present.sum()) if asked.any() else 0
        challenger = silent if self.challenger is None else self.challenger.predict(x, base)
        return Boosted(np.stack(said), present, challenger)
