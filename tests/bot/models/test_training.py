import pytest

from adapters.models.store import ModelStore
from bot.models.keeping import KeptLevels
from bot.models.training import train
from quant.quantile_regression import BoosterSettings
from quant.training import TrainingSettings
from tests.kit.learning import some_examples
from tests.kit.model_files import Probed

SETTINGS = TrainingSettings(
    BoosterSettings(leaves=4, learning_rate=0.1), rounds_max=8, patience=4, embargo_ns=10**9, free=False
)
EXAMPLES = some_examples(instants=1100, width=10)
FEW = some_examples()


def trained(directory, examples=EXAMPLES, *, seed=3, promote=True, probe=None):
    store = ModelStore(directory, probe or Probed())
    return train(examples, SETTINGS, seed, store, code="c0de", promote=promote, told=lambda *each: None)


def test_a_model_better_than_its_base_is_champion(tmp_path):
    found = trained(tmp_path)

    assert (found.against, found.promoted, found.champion) == ("base", True, True)
    assert found.judgement.labels == 2200
    assert ModelStore(tmp_path, Probed()).champion.name() == found.model
    assert not list((tmp_path / "work").iterdir())


def test_fitting_again_is_the_same_model_and_changes_nothing(tmp_path):
    first, again = trained(tmp_path), trained(tmp_path)

    assert again.model == first.model
    assert (again.champion, again.promoted) == (True, False)
    assert len(ModelStore(tmp_path, Probed()).champion.history()) == 1


def test_a_challenger_is_judged_against_the_champion_and_remembers_its_parent(tmp_path):
    first, second = trained(tmp_path), trained(tmp_path, seed=4)
    store = ModelStore(tmp_path, Probed())

    # The champion has learned from these very rows, so none is left to judge by.
    assert (second.against, second.promoted) == (first.model, False)
    assert second.judgement.labels == 0
    assert store.manifest(second.model).parent == first.model


def test_too_few_labels_promote_nobody(tmp_path):
    found = trained(tmp_path, FEW)

    assert not found.promoted
    assert found.judgement.reasons[0].endswith("labels, expected at least 2000")


def test_nobody_is_promoted_who_was_not_to_be(tmp_path):
    assert not trained(tmp_path, promote=False).champion


def test_a_killed_training_goes_on_to_the_same_model(tmp_path, monkeypatch):
    whole = trained(tmp_path / "a", FEW).model
    saves = [0]
    keep = KeptLevels.save

    def killed(self, key, text):
        keep(self, key, text)
        saves[0] += 1
        if saves[0] == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(KeptLevels, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "b", FEW)
    found = trained(tmp_path / "b", FEW)

    assert (found.model, found.taken_up) == (whole, 5)


def test_what_the_probe_refuses_is_not_promoted(tmp_path):
    from contracts.ports import ModelRejected

    with pytest.raises(ModelRejected, match="golden rows differ"):
        trained(tmp_path, FEW, probe=Probed("golden rows differ"))
    assert ModelStore(tmp_path, Probed()).champion.name() == ""


def test_a_champion_that_cannot_be_read_does_not_stop_training(tmp_path):
    first = trained(tmp_path)
    (tmp_path / first.model / "manifest.json").write_bytes(b"")

    assert trained(tmp_path, seed=4).against == "base"
