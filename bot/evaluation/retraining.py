"""Walk-forward retraining: which examples a model may learn from, and when the next one is due.

Purge and embargo: an example is used only when it closed at least one horizon before the fit, so that no label of the
past touches one of the future; whoever validates inside the window purges again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from bot.evaluation.prices import Instants
from contracts.belief import Example, ModelFitted
from contracts.model import ModelTexts
from contracts.ports import ModelRejected
from contracts.quantities import SECOND_NS, Nanos, Seconds

Fit = Callable[[Sequence[Example], Nanos], ModelTexts | None]
"""Examples, and until when they are known, to a model; None when they are too few."""

EXAMPLES_MIN: Final = 200
RETRY_ROWS: Final = 250
"""How soon to try again when there were too few examples."""


class FittedModels:
    """The store of an evaluation: the models it has fitted itself, in memory."""

    def __init__(self) -> None:
        self._texts: dict[str, ModelTexts] = {}

    def keep(self, texts: ModelTexts) -> None:
        """Let the weighter find a model."""
        self._texts = {texts.model: texts}

    def texts(self, model: str) -> ModelTexts:
        """The model of that name; raises ModelRejected for any but the last one fitted."""
        if model not in self._texts:
            raise ModelRejected(f"model {model[:12]} was not fitted on this history")
        return self._texts[model]


class Learner(Protocol):
    """Who hears of every example, and is asked at every row whether a model is due."""

    def take(self, example: Example) -> None:
        """An example whose label has just closed."""

    def due(self, row: int, clock_ns: Nanos) -> ModelFitted | None:
        """The model to be used from this row on, when there is a new one."""


class Gathering:
    """Keeps every example and fits nothing: the data set of a training run."""

    def __init__(self) -> None:
        self.examples: list[Example] = []

    def take(self, example: Example) -> None:
        self.examples.append(example)

    def due(self, row: int, clock_ns: Nanos) -> ModelFitted | None:
        return None


class Retraining:
    """Collects examples, forgets those that left the window, fits a model whenever one is due.

    `at_ns` is the real time of each row, by which window and interval are counted. The first model is due at
    `first_ns`, others `interval_s` after the one before.
    """

    def __init__(
        self,
        at_ns: Instants,
        models: FittedModels,
        fit: Fit,
        *,
        first_ns: Nanos,
        window_s: Seconds,
        interval_s: Seconds,
        embargo_rows: int,
    ) -> None:
        self._at_ns, self._models, self._fit = at_ns, models, fit
        self._next_ns = first_ns
        self._window_ns, self._interval_ns = round(window_s * SECOND_NS), round(interval_s * SECOND_NS)
        self._embargo = embargo_rows
        self._examples: deque[tuple[int, Example]] = deque()
        self._row = 0
        self.fitted: list[tuple[int, str, int]] = []

    def take(self, example: Example) -> None:
        """An example whose label has just closed."""
        self._examples.append((self._row, example))

    def due(self, row: int, clock_ns: Nanos) -> ModelFitted | None:
        """The model fitted at this row, when one is due and there is enough to learn from."""
        self._row = row
        now_ns = int(self._at_ns[row])
        while self._examples and self._at_ns[self._examples[0][0]] < now_ns - self._window_ns:
            self._examples.popleft()
        if now_ns < self._next_ns:
            return None
        known = [example for closed, example in self._examples if closed <= row - self._embargo]
        texts = self._fit(known, clock_ns) if len(known) >= EXAMPLES_MIN else None
        if texts is None:
            self._next_ns = int(self._at_ns[min(row + RETRY_ROWS, len(self._at_ns) - 1)])
            return None
        self._next_ns = max(self._next_ns + self._interval_ns, now_ns + 1)
        self._models.keep(texts)
        self.fitted.append((row, texts.model, len(known)))
        return ModelFitted(
            model=texts.model,
            schema=texts.schema,
            trained_until_ns=clock_ns,
            examples=len(known),
            challenger=False,
            detail=f"walk-forward on {len(known)} examples",
        )
