import asyncio
import subprocess
from pathlib import Path

import numpy as np
import pytest

from actors.gateways.trainer import Trainer, TrainerSettings, buffer_of
from adapters.models.workers import ProcessWorkers
from bot.models import places
from bot.models.places import commands, fitting_code, models_directory, pinned_of, shelf_of, store_of
from contracts.belief import Example, ModelFitted
from contracts.column import floats
from contracts.envelope import Envelope
from runtime.clock import WallClock
from runtime.outlet import Outlet
from tests.kit.command_line import REPOSITORY
from tests.kit.learning import NAMES, SCHEMA, some_examples
from tests.kit.model_files import a_fit, publish
from tests.kit.virtual_time import on_a_real_loop


def test_models_are_where_was_asked_then_where_the_environment_says_then_beside_us():
    said = {"BOT__MODELS__DIRECTORY": "/var/lib/models"}

    assert models_directory(Path("here"), said) == Path("here")
    assert models_directory(None, said) == Path("/var/lib/models")
    assert models_directory(None, {}) == Path("models")


def test_the_code_that_fits_is_every_module_the_fit_is_made_of():
    """A module of ours that training imports, and that is not hashed, could change a model under its name."""
    import sys

    imported = "import sys, quant.training; print([name for name in sys.modules if name.startswith('quant.')])"
    said = subprocess.run([sys.executable, "-c", imported], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    loaded = {name.strip(" '[]\n").removeprefix("quant.") for name in said.stdout.split(",")}

    assert loaded - {"rolling"} == set(places.FITTING)
    assert len(fitting_code()) == 64


def test_what_a_run_adopts_lies_beside_its_journal(tmp_path):
    store = store_of(tmp_path / "store")
    model = publish(store)
    shelf_of(store, tmp_path / "run").adopt(model)

    assert (tmp_path / "run" / "models" / model / "manifest.json").exists()
    pinned = pinned_of(tmp_path / "run")
    pinned.vouch(model)
    assert pinned.texts(model) == a_fit().texts(model)


def test_the_commands_of_a_trainer_are_verbs_of_the_command_line(tmp_path):
    said = commands(tmp_path, "python")

    assert said["train"][:6] == ("python", "-m", "bot", "train", "--examples", "-")
    assert said["check"][:5] == ("python", "-m", "bot", "models", "check")
    assert all(str(tmp_path) in command for command in said.values())


@pytest.mark.numbers
@on_a_real_loop
async def test_a_trainer_fits_checks_and_says_a_model_with_real_workers(tmp_path):
    """Everything real but the bus: examples over stdin, a fit and a check in processes, a copy beside the journal."""
    store = store_of(tmp_path / "store")
    shelf = shelf_of(store, tmp_path / "run")
    settings = TrainerSettings(enabled=True, examples_min=1000)
    inbox, heard, told = Outlet("trainer", 4096), list[ModelFitted](), list[str]()
    said = asyncio.Event()
    examples = some_examples(instants=1100, width=10)
    for number in range(1100):
        rows = slice(10 * number, 10 * number + 10)
        inbox.offer(Envelope(number, number, 0, 0, "weighter", an_example(examples, rows)))

    def admit(payload):
        heard.append(payload)
        said.set()
        return Envelope(1, 1, 0, 0, "trainer", payload)

    trainer = Trainer(
        WallClock(), settings, ProcessWorkers(commands(store.directory)), shelf, buffer_of(settings),
        names=NAMES, schema=SCHEMA, seed=4, say=told.append,
    )  # fmt: skip
    async with asyncio.timeout(150.0), asyncio.TaskGroup() as group:
        served = group.create_task(trainer.run(inbox, admit))
        await said.wait()
        served.cancel()
    (fitted,) = heard

    assert told == []
    assert (fitted.challenger, fitted.schema, fitted.examples) == (False, SCHEMA, 10_980)
    assert store.champion.name() == fitted.model
    assert pinned_of(tmp_path / "run").texts(fitted.model).inputs == NAMES


def an_example(examples, rows) -> Example:
    return Example(
        universe=1,
        schema=SCHEMA,
        said_ns=int(examples.said_ns[rows][0]),
        end_ns=int(examples.end_ns[rows][0]),
        x=floats(examples.x[rows]),
        base=floats(examples.base[:, rows]),
        z=floats(examples.z[rows]),
        scale=floats(np.ones(10)),
        weight=1 / 3,
        based_on=(),
    )
