"""Another policy is a profile, values laid over the run's own, or a model; what differs is named."""

import pytest

from adapters.models.files import ModelAbsent
from adapters.models.store import ModelStore
from bot.configuration import BadConfiguration
from bot.diffing.policy import ModelChosen, differences, policy_of, with_values
from bot.models.bundle import bundle
from bot.profile import load
from contracts.ports import ModelRejected
from quant.booster_inputs import BoosterInputs
from quant.features.engine import REGISTRY
from quant.training import fit
from tests.kit.learning import QUICK, some_examples
from tests.kit.model_files import Probed, a_store
from tests.kit.worlds import a_profile


def other(tmp_path, wanted="", *sets):
    return policy_of(tmp_path, a_profile(), wanted, sets, {}, a_store(tmp_path / "models")[0])


def test_values_are_laid_over_the_run_s_own_profile_as_they_are_typed_there(tmp_path) -> None:
    found = other(tmp_path, "", "risk.kelly_fraction=0.1", "selection.picks_max=2", "feed.fx.usd=0.5")

    assert (found.profile.risk.kelly_fraction, found.profile.selection.picks_max) == (0.1, 2)
    assert str(found.profile.feed.fx["USD"]) == "0.5"
    assert [(each.key, each.effect) for each in found.changed] == [
        ("feed.fx.USD", False),
        ("selection.picks_max", True),
        ("risk.kelly_fraction", True),
    ]


@pytest.mark.parametrize("wrong", ["risk.kelly_fraction=much", "risk.nothing=1", "risk=", "name.x=1"])
def test_a_value_that_does_not_fit_is_refused_by_name(tmp_path, wrong) -> None:
    with pytest.raises(BadConfiguration):
        other(tmp_path, "", wrong)


@pytest.mark.parametrize("wrong", ["kelly", "=1"])
def test_a_pair_that_is_none_is_refused(tmp_path, wrong) -> None:
    with pytest.raises(BadConfiguration, match="expected section"):
        other(tmp_path, "", wrong)


def test_a_profile_is_taken_by_name_or_file_with_values_over_it(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "canary"\n[selection]\npicks_max = 3\n')

    assert other(tmp_path, "soak").profile == load("soak", {})
    mine = other(tmp_path, str(file), "risk.kelly_fraction=0.1").profile
    assert (mine.selection.picks_max, mine.risk.kelly_fraction) == (3, 0.1)


def test_a_model_is_taken_from_the_store_and_all_others_from_the_run(tmp_path) -> None:
    store, profile = ModelStore(tmp_path / "models", Probed()), a_profile()
    schema = BoosterInputs(
        tuple(profile.agents), REGISTRY.hashes, bar_s=profile.bars.bar_s, horizon_s=profile.horizon_s
    ).schema
    fitted = fit(some_examples()._replace(schema=schema), QUICK, 3)
    name = store.publish(*bundle(fitted, code="c0de", parent=""))
    found = policy_of(tmp_path, profile, name[:8], (), {}, store)

    assert found.fitted is not None
    assert (found.fitted.model, found.fitted.challenger, found.changed) == (name, False, ())
    assert isinstance(found.models, ModelChosen)
    assert found.models.texts(name).model == found.models.adopt(name).model == found.models.champion() == name
    with pytest.raises(ModelRejected):
        found.models.texts("f" * 64)


def test_a_model_that_is_not_there_or_of_other_inputs_is_refused(tmp_path) -> None:
    store, name = a_store(tmp_path / "models")
    with pytest.raises(ModelAbsent):
        policy_of(tmp_path, a_profile(), "ffff", (), {}, store)
    with pytest.raises(BadConfiguration, match="fitted on inputs of schema 5c5c"):
        policy_of(tmp_path, a_profile(), name, (), {}, store)


def test_an_agent_that_only_one_has_is_one_change() -> None:
    was = a_profile()
    now = with_values(was, {"BOT__AGENTS__MOMENTUM__PRIOR": "0.03"})

    assert [each.key for each in differences(was, now)] == ["agents.momentum.prior"]
    assert differences(was, was) == ()
    fewer = type(was)(
        **{name: getattr(was, name) for name in was.__struct_fields__} | {"agents": dict([*was.agents.items()][:2])}
    )
    assert [each.key for each in differences(was, fewer)] == [f"agents.{list(was.agents)[2]}"]
