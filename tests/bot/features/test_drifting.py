"""Drift of a run's features: none from themselves, and what was moved is found, against a model and against a run."""

import numpy as np
import pytest

from adapters.journal.disk import PosixDisk
from adapters.journal.writer import JournalWriter
from adapters.models.manifest import REFERENCE
from bot.features.computed import Computed
from bot.features.drifting import NothingToCompare, _inputs_of, against_model, against_run, lines, model_in_use
from bot.models.bundle import bundle
from contracts.belief import InputDrift, ModelFitted
from contracts.column import floats
from quant.booster_inputs import BoosterInputs
from quant.features.engine import REGISTRY
from quant.reference import reference_of
from tests.kit.market import an_envelope
from tests.kit.model_files import a_fit, a_store
from tests.kit.worlds import a_profile

SYMBOLS, BEATS = ("BTC-EUR", "ETH-EUR"), 400
PROFILE = a_profile()
INPUTS = BoosterInputs(tuple(PROFILE.agents), REGISTRY.hashes, bar_s=60.0, horizon_s=PROFILE.horizon_s)


def felt(seed: int, **moved: float) -> Computed:
    """Features of two instruments, each beat anew; some moved by so many deviations."""
    chance = np.random.default_rng(seed)
    features = {name: chance.normal(moved.get(name, 0.0), 1.0, (2, BEATS)) for name in REGISTRY.names}
    features["s_ref"] = np.full((2, BEATS), 0.01)
    features["rv_60"] = 0.01 * np.exp(features["rv_60"])
    features["vix_z"] = np.full((2, BEATS), np.nan)
    return Computed(SYMBOLS, np.arange(BEATS, dtype=np.int64), 60.0, features, False)


def a_model(directory, *, schema: str = INPUTS.schema, old: bool = False) -> str:
    """A model that was trained on what `felt(1)` says."""
    names, values = _inputs_of(felt(1))
    x = np.full((values.shape[1], len(INPUTS.names)), np.nan)
    x[:, [INPUTS.names.index(name) for name in names]] = values.T
    reference = reference_of(x.astype(np.float32).astype(float), np.repeat(np.arange(BEATS), 2))
    store, _ = a_store(directory)
    fitted = a_fit()._replace(names=INPUTS.names, schema=schema, reference=reference)
    manifest, files = bundle(fitted, code="c0de", parent="")
    if old:
        del manifest.files[REFERENCE], files[REFERENCE]
    return store.publish(manifest, files)


def a_run(tmp_path, *messages):
    directory = tmp_path / "canary-000001" / "journal"
    directory.mkdir(parents=True)
    journal = JournalWriter(PosixDisk(directory), threaded=False)
    for number, message in enumerate(messages, 1):
        journal.append(an_envelope(message, seq=number, turn=number), outside=True)
        journal.end_turn()
    journal.close()
    return directory.parent


def verdicts(rows) -> dict[str, str]:
    return {row.name: row.verdict for row in rows}


def test_a_run_like_its_training_is_calm_and_what_moved_is_named(tmp_path):
    model, run = a_model(tmp_path / "models"), a_run(tmp_path)
    found = verdicts(against_model(run, felt(2), PROFILE, tmp_path / "models", model))
    assert {name for name, verdict in found.items() if verdict == "drifted"} == set()
    assert found["vix_z"] == "unknown" and len(found) == 45
    moved = against_model(run, felt(2, ret_15=1.0, rv_60=1.0, skew_240=0.35), PROFILE, tmp_path / "models", model)
    found = verdicts(moved)
    drifted = {name for name, verdict in found.items() if verdict == "drifted"}
    assert {"ret_15", "rv_60"} <= drifted <= {"ret_15", "rv_60", "market_rv_60"}
    assert found["skew_240"] == "moved"
    assert lines(moved)[1].split()[0] in drifted and lines(moved)[1].endswith("drifted")


def test_words_of_agents_are_told_as_the_run_said_them_last(tmp_path):
    model = a_model(tmp_path / "models")
    agent = next(iter(PROFILE.agents))
    names = (f"{agent}.mu", f"{agent}.skill", "ret_15")

    def said(index: float, of: str = model) -> InputDrift:
        column = floats([index, index, index])
        return InputDrift(
            model=of, names=names, divergence=column, distance=column, p=column, absent=floats([0.0] * 3),
            drifted=(names[0],), dropped=(agent,), based_on=(1,),
        )  # fmt: skip

    run = a_run(tmp_path, said(0.1), said(0.9), said(0.2, "cd" * 32))
    rows = {row.name: row for row in against_model(run, felt(2), PROFILE, tmp_path / "models", model)}
    assert (rows[names[0]].index, rows[names[0]].verdict, rows[names[0]].said) == (0.9, "drifted", True)
    assert rows[names[1]].verdict == "calm"
    assert not rows["ret_15"].said
    assert any(line.endswith("drifted (as said)") for line in lines(tuple(rows.values())))


def test_a_model_of_other_inputs_or_without_a_reference_is_nothing_to_compare(tmp_path):
    run = a_run(tmp_path)
    for changes, says in (({"schema": "00" * 32}, "other inputs"), ({"old": True}, "train it again")):
        model = a_model(tmp_path / says[:3], **changes)
        with pytest.raises(NothingToCompare, match=says):
            against_model(run, felt(2), PROFILE, tmp_path / says[:3], model)


def test_two_runs_are_held_against_each_other_feature_by_feature():
    rows = {row.name: row for row in against_run(felt(1, rsi_14=1.5), felt(2))}
    assert tuple(rows) == REGISTRY.names
    assert {name for name, row in rows.items() if row.verdict == "drifted"} == {"rsi_14"}
    assert (rows["vix_z"].index, rows["vix_z"].verdict) == (None, "unknown")
    assert rows["rsi_14"].p < 1e-6 and rows["rsi_14"].distance == pytest.approx(0.55, abs=0.05)
    assert {row.verdict for row in against_run(felt(1), felt(1))} == {"calm", "unknown"}


def test_the_model_in_use_is_the_last_that_was_no_challenger(tmp_path):
    def fitted(model: str, challenger: bool) -> ModelFitted:
        return ModelFitted(
            model=model, schema="x", trained_until_ns=1, examples=1, challenger=challenger, detail="of a test"
        )

    assert model_in_use(a_run(tmp_path / "a")) == ""
    run = a_run(tmp_path / "b", fitted("aa" * 32, False), fitted("bb" * 32, True))
    assert model_in_use(run) == "aa" * 32
