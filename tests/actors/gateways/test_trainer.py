import asyncio
import json

import msgspec
import pytest

from actors.gateways.trainer import ExampleBuffer, Trainer, TrainerSettings
from contracts.belief import ModelFitted, Slate
from contracts.column import floats
from contracts.envelope import Envelope
from contracts.ports import ModelRejected, WorkFailed
from runtime.clock import LoopClock
from runtime.outlet import Outlet
from tests.kit.trainers import SCHEMA, Shelf, an_example

SETTINGS = TrainerSettings(enabled=True, examples_min=10, rows_max=1000, retrain_s=100.0)


def a_slate(model: str) -> Slate:
    empty = floats([])
    return Slate(
        1, 60.0, empty, empty, empty, empty, empty, empty, empty, (), empty, "blend", (), rung="booster", model=model
    )


class Workers:
    """Answers by name of the work; an exception is raised."""

    def __init__(self, *answers: object, check: object = "") -> None:
        self.answers, self.check = list(answers), check
        self.asked: list[tuple[str, tuple[str, ...], list[bytes]]] = []

    async def run(self, work, arguments, *, data=(), timeout_s):
        self.asked.append((work, arguments, list(data)))
        await asyncio.sleep(1.0)
        answer = self.check if work == "check" else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class World:
    """A trainer with its inbox; `heard` is what it admitted, with the second at which it did."""

    def __init__(self, workers: Workers, shelf: Shelf | None = None, settings: TrainerSettings = SETTINGS) -> None:
        self.clock = LoopClock(0)
        self.workers, self.shelf = workers, shelf or Shelf()
        self.buffer = ExampleBuffer(settings.rows_max, round(settings.window_s * 1e9))
        self.inbox = Outlet("trainer", 64)
        self.heard: list[ModelFitted] = []
        self.told: list[str] = []
        self.trainer = Trainer(
            self.clock, settings, workers, self.shelf, self.buffer,
            names=("a", "b"), schema=SCHEMA, seed=4, say=self.told.append,
        )  # fmt: skip

    def say(self, *payloads: msgspec.Struct) -> None:
        for payload in payloads:
            self.inbox.offer(Envelope(1, 1, 0, self.clock.now(), "weighter", payload))

    def admit(self, payload: msgspec.Struct) -> Envelope:
        assert isinstance(payload, ModelFitted)
        self.heard.append(payload)
        return Envelope(1, 1, 0, self.clock.now(), "trainer", payload)

    async def serve(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.trainer.run(self.inbox, self.admit)
        except TimeoutError:
            return


def answered(model: str, *, champion: bool = True) -> str:
    return json.dumps({"model": model, "champion": champion})


async def test_the_champion_of_the_store_is_said_first():
    world = World(Workers(), Shelf("best"))
    await world.serve(5.0)

    assert [(each.model, each.challenger, each.examples) for each in world.heard] == [("best", False, 11)]
    assert world.shelf.adopted == ["best"]
    assert world.workers.asked == [("check", ("best",), [])]


@pytest.mark.parametrize(
    ("workers", "shelf", "complaint"),
    [
        (Workers(check=WorkFailed("check failed with code 10")), Shelf("best"), "check failed with code 10"),
        (Workers(), Shelf("best", "99" * 32), "trained on inputs 999999999999, this run has 5c5c5c5c5c5c"),
    ],
)
async def test_a_champion_that_cannot_be_used_is_told_and_trading_goes_on(workers, shelf, complaint):
    world = World(workers, shelf)
    await world.serve(5.0)

    assert world.heard == []
    assert complaint in world.told[0]


async def test_enough_examples_are_fitted_checked_and_said():
    world = World(Workers(answered("new")))
    world.say(an_example(), an_example())
    await world.serve(10.0)

    assert [(each.model, each.challenger, each.detail) for each in world.heard] == [("new", False, "fitted on 10 rows")]
    (train, check) = world.workers.asked
    assert train[:2] == ("train", ("--seed", "4", "--embargo-s", "0"))
    assert train[2][0] == b'["a","b"]\n'
    assert len(train[2]) == 3
    assert check[:2] == ("check", ("new",))


async def test_what_is_heard_of_other_inputs_or_too_little_is_not_fitted():
    world = World(Workers())
    world.say(an_example(), an_example(schema="99" * 32), an_example(schema="99" * 32))
    await world.serve(10.0)

    assert world.workers.asked == []
    assert world.buffer.rows == 5


async def test_a_disabled_trainer_says_the_champion_alone():
    world = World(Workers(), Shelf("best"), msgspec.structs.replace(SETTINGS, enabled=False))
    world.say(*[an_example()] * 4)
    await world.serve(10.0)

    assert [each.model for each in world.heard] == ["best"]
    assert world.buffer.rows == 0


async def test_the_next_fit_waits_its_time_even_after_a_failure():
    world = World(Workers(WorkFailed("out of memory"), answered("new")))
    world.say(*[an_example()] * 2)
    with pytest.raises(WorkFailed, match="out of memory"):
        await world.serve(10.0)
    world.say(an_example())
    await world.serve(10.0)
    assert world.heard == []
    await asyncio.sleep(100.0)
    world.say(an_example())
    await world.serve(10.0)

    assert [each.model for each in world.heard] == ["new"]
    assert world.buffer.rows == 20


async def test_a_model_that_fails_its_check_is_never_said():
    world = World(Workers(answered("new"), check=WorkFailed("golden rows differ")))
    world.say(*[an_example()] * 2)
    with pytest.raises(WorkFailed, match="golden rows differ"):
        await world.serve(10.0)

    assert (world.heard, world.shelf.adopted) == ([], [])


async def test_a_model_changed_after_its_check_is_never_said():
    world = World(Workers(answered("new")))
    world.shelf.damaged = "new"
    world.say(*[an_example()] * 2)
    with pytest.raises(ModelRejected, match="is damaged"):
        await world.serve(10.0)

    assert world.heard == []


@pytest.mark.parametrize("answer", ["", "[]", "{}", "null", "\x00"])
async def test_an_answer_that_is_none_is_a_failure(answer):
    world = World(Workers(answer))
    world.say(*[an_example()] * 2)
    with pytest.raises(WorkFailed, match="expected a model"):
        await world.serve(10.0)


async def test_a_first_model_that_proved_nothing_is_left_in_the_store():
    world = World(Workers(answered("weak", champion=False)))
    world.say(*[an_example()] * 2)
    await world.serve(10.0)

    assert world.heard == []
    assert world.told == ["model weak is not used: it did not prove better than its base"]


async def test_a_model_beside_a_champion_is_a_challenger_and_its_victory_reaches_the_store():
    world = World(Workers(answered("new", champion=False)), Shelf("best"))
    world.say(an_example(), an_example(), a_slate("best"))
    await world.serve(10.0)
    assert [(each.model, each.challenger) for each in world.heard] == [("best", False), ("new", True)]
    assert world.shelf.crowned == []


async def test_the_winner_of_a_run_is_crowned():
    world = World(Workers(answered("new", champion=False)), Shelf("best"))
    world.say(an_example(), an_example())

    async def wins() -> None:
        await asyncio.sleep(5.0)
        world.say(a_slate("new"), a_slate("new"))

    async with asyncio.TaskGroup() as group:
        group.create_task(wins())
        group.create_task(world.serve(10.0))

    assert world.shelf.crowned == ["new"]


def test_the_buffer_is_bounded_by_rows_and_by_age():
    buffer = ExampleBuffer(12, round(10e9))
    for said_s in (0.0, 1.0, 2.0):
        buffer.take(an_example(said_s))
    assert (buffer.rows, buffer.dropped) == (10, 1)
    buffer.take(an_example(12.0, rows=1))

    assert (buffer.rows, buffer.dropped) == (6, 2)
    assert len(buffer.stream(("a",))) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [("retrain_s", 0.0), ("examples_min", 0), ("rows_max", 9), ("embargo_s", -1.0), ("fit_s_max", float("inf"))],
)
def test_settings_that_cannot_be_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        msgspec.structs.replace(SETTINGS, **{field: value})
