"""Learning in a backtest."""

import msgspec
import pytest

from actors.gateways.trainer import Trainer, TrainerSettings, buffer_of
from bot.backtest.learning import Learning, finished
from contracts.belief import ModelFitted
from contracts.life import Beat
from contracts.ports import WorkFailed
from runtime.clock import FixedClock
from tests.kit.market import at
from tests.kit.trainers import SCHEMA, Shelf, an_example
from tests.kit.turns import MemoryJournal, a_bus, a_sayer


class ScriptedWorkers:
    """Answers at once: a fitted model, or a failure."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def run(self, work, arguments, *, data=(), timeout_s):
        if work == "check":
            return ""
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return msgspec.json.encode({"model": answer, "champion": True}).decode()


def test_work_that_sleeps_is_a_bug():
    class Sleep:
        def __await__(self):
            yield

    async def sleeps():
        await Sleep()

    with pytest.raises(AssertionError, match="went to sleep"):
        finished(sleeps())


def a_learner(*answers, examples: int = 3):
    """A bus whose weighter answers each beat with an example of five rows, and a trainer that fits at ten."""
    clock, journal = FixedClock(at(0)), MemoryJournal()
    bus = a_bus([a_sayer("weighter", Beat, an_example())], journal, clock.now)
    settings = TrainerSettings(enabled=True, examples_min=10, rows_max=1000, retrain_s=100.0)
    trainer = Trainer(
        clock,
        settings,
        ScriptedWorkers(*answers),
        Shelf(),
        buffer_of(settings),
        names=("a", "b"),
        schema=SCHEMA,
        seed=1,
    )
    learning = Learning(bus, trainer)
    for number in range(examples):
        bus.admit(Beat("decide", number), "cadence")
        learning.look()
    return learning, journal, clock


def test_a_model_is_fitted_between_two_turns_once_there_are_enough_examples():
    _, journal, _ = a_learner("ab" * 32)
    kinds = [type(each.payload).__name__ for each in journal.envelopes]
    assert kinds == ["Beat", "Example", "Beat", "Example", "ModelFitted", "Beat", "Example"]
    (fitted,) = [each for each in journal.envelopes if isinstance(each.payload, ModelFitted)]
    assert (fitted.payload.model, fitted.source, fitted.cause) == ("ab" * 32, "trainer", 0)


def test_a_fit_that_failed_is_kept_and_tried_again_when_it_is_due_again():
    learning, journal, clock = a_learner(WorkFailed("no"), "ab" * 32)
    assert learning.failures == ["no"]
    learning.look()
    assert learning.failures == ["no"]
    clock.set(at(100))
    learning.look()
    assert isinstance(journal.envelopes[-1].payload, ModelFitted)
