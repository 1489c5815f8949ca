import os

import pytest

from adapters.models.store import ModelStore
from bot.models.probing import probe
from tests.kit.command_line import bot
from tests.kit.model_files import a_fit, a_store, publish


@pytest.fixture
def models(tmp_path):
    """A store with two models, the second the child of the first."""
    store, first = a_store(tmp_path)
    return tmp_path, first, publish(store, parent=first)


def test_an_empty_store_says_how_to_fill_it(tmp_path):
    said = bot("models", "list", "--models", tmp_path / "none")

    assert (said.code, said.out) == (0, "")
    assert "fit one with `bot train`" in said.err

    assert "no model yet" in bot("models", "check", "--models", tmp_path / "none").err


@pytest.mark.parametrize("verb", ["list", "show", "rollback", "check"])
def test_a_store_that_is_a_file_is_none(tmp_path, verb):
    (tmp_path / "file").touch()
    said = bot("models", verb, "--models", tmp_path / "file")

    assert said.code == 4
    assert "is no directory, expected one of models" in said.error


def test_a_store_that_takes_no_change_is_left_as_it_is(models):
    directory, first, _ = models
    (directory / f".history.json.{os.getpid()}").mkdir()
    said = bot("models", "promote", first[:10], "--models", directory)

    assert said.code == 75
    assert "cannot be written: Is a directory" in said.error
    assert not (directory / "champion").exists()


def test_a_model_is_promoted_and_taken_back(models):
    directory, first, _ = models
    promoted = bot("models", "promote", first[:10], "--models", directory)
    back = bot("models", "rollback", "--models", directory)

    assert promoted.out == f"champion is {first[:12]}, was none\n"
    assert back.out == f"champion is none, was {first[:12]}\n"
    assert bot("models", "rollback", "--models", directory).code == 3


@pytest.mark.numbers
def test_models_are_promoted_and_taken_back_in_order(models):
    directory, first, second = models
    for name in (first, second):
        assert bot("models", "promote", name[:10], "--models", directory, "--json").json["after"] == name
    listed = bot("models", "list", "--models", directory, "--json").json
    back = bot("models", "rollback", "--models", directory, "--json", "--why", "coverage broke").json

    assert listed["champion"] == second
    assert [row["champion"] for row in listed["models"]] == [row["model"] == second for row in listed["models"]]
    assert (back["before"], back["after"], back["why"]) == (second, first, "coverage broke")


def test_a_model_is_shown_with_how_it_was_made(models):
    directory, first, second = models
    shown = bot("models", "show", second[:10], "--models", directory, "--json").json
    text = bot("models", "show", first[:10], "--models", directory).out

    assert (shown["parent"], shown["trained_rows"]) == (first, a_fit().trained_rows)
    assert shown["parameters"]["num_leaves"] == "4"
    assert first in text
    assert "20 files of" in text


@pytest.mark.numbers
def test_sound_models_are_told_to_be_sound(models):
    directory, first, second = models
    said = bot("models", "check", "--models", directory)

    assert said.code == 0
    assert sorted(said.out.split()) == sorted([first[:12], "sound", second[:12], "sound"])


def test_a_damaged_model_is_named_and_never_promoted(models):
    directory, first, _ = models
    path = directory / first / "residual-4.txt"
    path.write_bytes(path.read_bytes()[:-1])
    checked = bot("models", "check", first[:10], "--models", directory, "--json")
    promoted = bot("models", "promote", first[:10], "--models", directory)

    assert (checked.code, checked.json["ok"]) == (10, False)
    assert "residual-4.txt is not the file of its manifest" in checked.json["problems"][first]
    assert promoted.code == 10
    assert "residual-4.txt" in promoted.error
    assert ModelStore(directory, probe).champion.name() == ""
    (row,) = [
        row for row in bot("models", "list", "--models", directory, "--json").json["models"] if row["model"] == first
    ]
    assert "residual-4.txt" in row["problem"]


@pytest.mark.parametrize("verb", ["show", "promote", "check"])
def test_an_unknown_model_is_not_found(models, verb):
    said = bot("models", verb, "0000", "--models", models[0])

    assert said.code == 3
    assert "no model in" in said.error and " begins with " in said.error


def test_a_damaged_pointer_is_damage(models):
    (models[0] / "champion").write_text("nonsense")

    assert bot("models", "list", "--models", models[0]).code == 10
