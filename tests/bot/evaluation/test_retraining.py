import numpy as np
import pytest

from bot.evaluation.retraining import EXAMPLES_MIN, RETRY_ROWS, FittedModels, Gathering, Retraining
from contracts.belief import Example
from contracts.column import floats
from contracts.model import ModelTexts
from contracts.ports import ModelRejected

HOUR_NS = 3_600_000_000_000
ROWS = 2_000


def an_example(row: int) -> Example:
    one = floats(np.ones((1, 1)))
    return Example(
        universe=1,
        schema="s",
        said_ns=(row - 4) * HOUR_NS,
        end_ns=row * HOUR_NS,
        x=one,
        base=floats(np.zeros((9, 1))),
        z=floats([0.0]),
        scale=floats([1.0]),
        weight=1.0,
        based_on=(),
    )


def a_model(name: str) -> ModelTexts:
    return ModelTexts(
        model=name, schema="s", inputs=("a",), levels=(0.5,), residual=("t",), free=(), start=(), spread=(0.0,),
        trained_until_ns=0, examples=1,
    )  # fmt: skip


class Fits:
    """Remembers what it was given."""

    def __init__(self, answers: bool = True) -> None:
        self.given: list[tuple[list[int], int]] = []
        self.answers = answers

    def __call__(self, examples: list[Example], until_ns: int) -> ModelTexts | None:
        self.given.append(([example.end_ns // HOUR_NS for example in examples], until_ns))
        return a_model(f"m{len(self.given)}") if self.answers else None


def walked(
    fits: Fits, first_row: int = 500, window: float = 400.0, interval: float = 300.0
) -> tuple[list, FittedModels]:
    """Every row with an example that closes in it; the rows at which a model came, and the store."""
    models = FittedModels()
    learner = Retraining(
        HOUR_NS * np.arange(ROWS),
        models,
        fits,
        first_ns=first_row * HOUR_NS,
        window_s=window * 3600,
        interval_s=interval * 3600,
        embargo_rows=4,
    )
    came = []
    for row in range(ROWS):
        if (fitted := learner.due(row, row * HOUR_NS)) is not None:
            came.append((row, fitted.model, fitted.examples))
        learner.take(an_example(row))
    return came, models


def test_models_come_at_the_start_and_then_by_the_interval() -> None:
    came, _ = walked(Fits())

    assert [row for row, _, _ in came] == [500, 800, 1100, 1400, 1700]


def test_a_model_learns_from_its_window_and_nothing_that_closed_within_a_horizon() -> None:
    fits = Fits()

    walked(fits)

    for (closed, until_ns), row in zip(fits.given, (500, 800, 1100)):
        assert until_ns == row * HOUR_NS
        assert closed[-1] == row - 4
        assert closed[0] == max(0, row - 400)


def test_too_few_examples_are_tried_again_later() -> None:
    fits = Fits()

    came, _ = walked(fits, first_row=EXAMPLES_MIN - 50)

    assert came[0][0] == EXAMPLES_MIN - 50 + RETRY_ROWS


def test_a_fit_that_gives_nothing_leaves_what_was() -> None:
    came, models = walked(Fits(answers=False))

    assert came == []
    with pytest.raises(ModelRejected, match="was not fitted on this history"):
        models.texts("m1")


def test_only_the_last_model_is_kept() -> None:
    _, models = walked(Fits())

    assert models.texts("m5").model == "m5"
    with pytest.raises(ModelRejected):
        models.texts("m4")


def test_gathering_keeps_all_and_fits_nothing() -> None:
    gathering = Gathering()
    gathering.take(an_example(5))

    assert len(gathering.examples) == 1
    assert gathering.due(5, 0) is None
