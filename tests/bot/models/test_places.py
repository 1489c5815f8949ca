import subprocess
from pathlib import Path

from bot.models import places
from bot.models.places import commands, fitting_code, models_directory, pinned_of, shelf_of, store_of
from tests.kit.command_line import REPOSITORY
from tests.kit.model_files import a_fit, publish


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
