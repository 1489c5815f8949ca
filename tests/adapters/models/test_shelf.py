import pytest

from adapters.models.shelf import RunShelf
from adapters.models.store import ModelStore
from contracts.ports import ModelRejected
from tests.kit.model_files import Probed, a_fit, a_store, publish


def a_shelf(tmp_path, probe: Probed | None = None) -> tuple[RunShelf, ModelStore, str]:
    store, model = a_store(tmp_path / "store")
    return RunShelf(store, ModelStore(tmp_path / "run", probe or Probed())), store, model


def test_a_run_serves_what_it_adopted_and_nothing_else(tmp_path):
    shelf, _, model = a_shelf(tmp_path)
    with pytest.raises(ModelRejected):
        shelf.texts(model)

    assert shelf.adopt(model) == shelf.texts(model) == a_fit().texts(model)


def test_a_replay_finds_the_model_when_the_store_is_gone(tmp_path):
    shelf, store, model = a_shelf(tmp_path)
    shelf.adopt(model)
    (store.directory / model).rename(tmp_path / "gone")
    probe = Probed()

    assert ModelStore(tmp_path / "run", probe).texts(model) == a_fit().texts(model)
    assert len(probe.asked) == 1


def test_an_adopted_model_was_probed_by_who_adopted_it(tmp_path):
    probe = Probed("never")
    shelf, _, model = a_shelf(tmp_path, probe)

    assert shelf.adopt(model).model == model
    assert probe.asked == []


def test_a_damaged_model_is_not_adopted(tmp_path):
    shelf, store, model = a_shelf(tmp_path)
    (store.directory / model / "free-0.txt").write_bytes(b"")

    with pytest.raises(ModelRejected, match=r"free-0.txt"):
        shelf.adopt(model)
    assert not (tmp_path / "run" / model).exists()


def test_a_run_directory_that_takes_nothing_is_a_reason(tmp_path):
    shelf, _, model = a_shelf(tmp_path)
    (tmp_path / "run").write_text("a file")

    with pytest.raises(ModelRejected, match="cannot be kept with the run"):
        shelf.adopt(model)


def test_crowning_moves_the_pointer_of_the_store_once(tmp_path):
    shelf, store, model = a_shelf(tmp_path)
    other = publish(store, parent=model)
    for each in (model, other, other):
        shelf.crown(each, "better")

    assert shelf.champion() == other
    assert len(store.champion.history()) == 2
    with pytest.raises(ModelRejected):
        shelf.crown("0" * 64, "unknown")
