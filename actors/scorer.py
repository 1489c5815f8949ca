"""The scorer says how good the beliefs of every author have been lately: one `ScoreCard` per author, now and then.

Outcomes are kept until an author has `every_labels` of them, then scored together: one by one they would cost more than
the beliefs themselves. Authors take turns, so that not all are scored on one beat. The pool is an author of its own,
scored on what the blend's outcomes say of it, and the blend's skill is held against it.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.memory import StatefulActor
from actors.settings import more_than_zero
from contracts.belief import Outcome, ScoreCard
from contracts.column import Column, floats
from contracts.envelope import Envelope
from contracts.quantities import Nanos, nanos
from quant.quantiles import LEVELS
from quant.rolling import Floats
from quant.running_scores import SUMS, Belief, figures, measured

POOL = "pool"
"""The author of what the blend is held against."""
SCALE_KEEP = 0.98
"""Decay of the reference deviation from one batch to the next, per label of full worth."""


class ScorerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After how many outcomes an author is scored, and after how many horizons an outcome counts half.

    Raises:
        ValueError: a number that is not positive.
    """

    every_labels: int = 20
    half_life_horizons: float = 200.0

    def __post_init__(self) -> None:
        more_than_zero("scorer", every_labels=self.every_labels, half_life_horizons=self.half_life_horizons)


class Scored(msgspec.Struct, kw_only=True):
    """Of one author: the weighted sums, the running mean square of outcomes (instruments,), what waits to be scored."""

    universe: int
    turn: int
    sums: Column
    square: Column
    said_ns: Nanos = 0
    waiting: list[Outcome] = []
    based_on: int = 0


class ScorerState(msgspec.Struct, kw_only=True):
    """By author."""

    authors: dict[str, Scored] = {}
    pool_sums: Column | None = None


class Scorer(StatefulActor[ScorerState]):
    """Outcomes in, score cards out; beliefs of an older universe are scored before a new one begins."""

    role = "scorer"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (Outcome,)
    kept = ScorerState

    def __init__(self, settings: ScorerSettings) -> None:
        self._settings = settings
        self.start(ScorerState())

    def derive(self) -> None:
        """Nothing is looked up."""

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        outcome = envelope.payload
        assert isinstance(outcome, Outcome)
        scored, cards = self._of(outcome), []
        if scored.universe != outcome.universe:
            cards += self._score(outcome.author, scored)
            scored.universe, scored.square = outcome.universe, floats(np.full(len(outcome.mu), np.nan))
        scored.waiting.append(outcome)
        scored.based_on = envelope.seq
        if len(scored.waiting) >= self._settings.every_labels - scored.turn:
            scored.turn = 0
            cards += self._score(outcome.author, scored)
        return cards

    def _of(self, outcome: Outcome) -> Scored:
        authors = self.state.authors
        if outcome.author not in authors:
            authors[outcome.author] = Scored(
                universe=outcome.universe,
                # The first round of every author is shorter by its turn: from then on they are apart.
                turn=len(authors) % self._settings.every_labels,
                sums=floats(np.zeros(SUMS)),
                square=floats(np.full(len(outcome.mu), np.nan)),
            )
        return authors[outcome.author]

    def _score(self, author: str, scored: Scored) -> list[ScoreCard]:
        waiting, scored.waiting = scored.waiting, []
        if not waiting:
            return []
        worth, keep = self._worth(scored.said_ns, waiting)
        y = np.stack([each.realised.values for each in waiting])
        scale = np.sqrt(scored.square.values)
        sigma = np.stack([each.sigma.values for each in waiting])
        scales = np.where(scale > 0.0, scale, sigma)
        belief = _belief(waiting, y, sigma, worth)
        scored.sums = floats(keep * scored.sums.values + measured(belief, scales.ravel()))
        scored.square = floats(_squares(scored.square.values, y, worth))
        scored.said_ns = waiting[-1].said_ns
        cards = [_card(author, scored.sums.values, scored.based_on)]
        if belief.pool is not None:
            cards.append(self._score_pool(belief, scales.ravel(), keep, scored.based_on))
        return cards

    def _score_pool(self, belief: Belief, scales: Floats, keep: float, seq: int) -> ScoreCard:
        assert belief.pool is not None
        pool = belief._replace(mu=belief.pool[len(LEVELS) // 2], quantiles=belief.pool)
        before = 0.0 if self.state.pool_sums is None else self.state.pool_sums.values
        sums = keep * before + measured(pool, scales)
        self.state.pool_sums = floats(sums)
        return _card(POOL, sums, seq)

    def _worth(self, before_ns: Nanos, waiting: list[Outcome]) -> tuple[Floats, float]:
        """What each outcome is worth: the part of its horizon that none before it covered, faded by later ones.

        And what is kept of all that was scored before.
        """
        said_ns = np.array([before_ns, *(each.said_ns for each in waiting)])
        horizon_ns = np.array([nanos(each.horizon_s) for each in waiting])
        unique = np.clip(np.diff(said_ns) / horizon_ns, 0.0, 1.0)
        ages = unique[::-1].cumsum()[::-1]
        half_life = self._settings.half_life_horizons
        return unique * 0.5 ** ((ages - unique) / half_life), float(0.5 ** (ages[0] / half_life))

    def check(self) -> None:
        for author, scored in self.state.authors.items():
            assert len(scored.waiting) < self._settings.every_labels, f"{author} has {len(scored.waiting)} waiting"
            assert scored.sums.values[-1] >= 0.0, f"{author} has a weight below 0"


def _belief(waiting: list[Outcome], y: Floats, sigma: Floats, worth: Floats) -> Belief:
    """Outcomes side by side as one row of labels."""
    count, width = y.shape
    return Belief(
        mu=np.stack([each.mu.values for each in waiting]).ravel(),
        sigma=sigma.ravel(),
        quantiles=_side_by_side([each.quantiles for each in waiting], width),
        pool=_side_by_side([each.pool_quantiles for each in waiting], width),
        y=y.ravel(),
        weight=np.repeat(worth, width).reshape(count * width),
    )


def _side_by_side(quantiles: list[Column], width: int) -> Floats | None:
    """Tables (levels, instruments) as one (levels, labels); NaN where one has none, None where none has any."""
    if not any(len(each) for each in quantiles):
        return None
    absent = np.full((len(LEVELS), width), np.nan)
    return np.concatenate([each.values if len(each) else absent for each in quantiles], axis=1)


def _squares(square: Floats, y: Floats, worth: Floats) -> Floats:
    """The running mean square after a batch (outcomes, instruments)."""
    weight = np.where(np.isfinite(y), worth[:, None], 0.0)
    seen = (np.nan_to_num(y) ** 2 * weight).sum(axis=0)
    count = weight.sum(axis=0)
    batch = np.full(len(square), np.nan)
    np.divide(seen, count, out=batch, where=count > 0.0)
    keep = SCALE_KEEP**count
    mixed = keep * square + (1.0 - keep) * batch
    return np.where(np.isnan(batch), square, np.where(np.isnan(square), batch, mixed))


def _card(author: str, sums: Floats, seq: int) -> ScoreCard:
    found = figures(sums)
    return ScoreCard(
        author=author,
        labels=found.labels,
        pinball=floats(found.pinball),
        crps=found.crps,
        coverage=floats(found.coverage),
        pit=floats(found.pit),
        ic=found.ic,
        skill=0.0 if author == POOL else found.skill,
        based_on=(seq,),
    )
