import hashlib
import json
import re
import sys

import pytest

from adapters.models.store import ModelStore
from bot.models import probing
from bot.models.probing import probe, raise_verdict
from contracts.ports import ModelRejected
from tests.kit.model_files import a_fit, a_store, resigned


@pytest.mark.numbers
def test_a_sound_model_passes_the_sacrificial_process(tmp_path):
    store, model = a_store(tmp_path)

    probe(store.directory / model)


def another_leaf(text: str) -> str:
    """The text with one digit of its first leaf changed."""
    return re.sub(r"(leaf_value=-?\d\.\d)(\d)", lambda found: found[1] + str(9 - int(found[2])), text, count=1)


@pytest.mark.numbers
@pytest.mark.parametrize("recomputed", [False, True], ids=["golden file as it was", "its hashes recomputed"])
def test_changed_leaves_under_a_new_manifest_are_caught_by_golden_rows_that_were_not_recomputed(tmp_path, recomputed):
    store, model = a_store(tmp_path)
    changed = {"residual-4.txt": another_leaf(a_fit().residual[4]).encode()}
    if recomputed:
        golden = json.loads((store.directory / model / "golden.json").read_bytes())
        golden["texts"][4] = hashlib.sha256(changed["residual-4.txt"]).hexdigest()
        changed["golden.json"] = json.dumps(golden).encode()

    complaint = "golden rows of residual differ by" if recomputed else "golden rows are those of other boosters"
    with pytest.raises(ModelRejected, match=f"golden: .*{complaint}"):
        probe(store.directory / resigned(store, model, changed))


@pytest.mark.numbers
def test_golden_rows_that_the_model_does_not_say_are_caught(tmp_path):
    store, model = a_store(tmp_path)
    said = json.loads((store.directory / model / "golden.json").read_bytes())
    said["residual"][2][5] += 1e-6

    with pytest.raises(ModelRejected, match="golden: golden rows of residual differ by 1e-06"):
        probe(store.directory / resigned(store, model, {"golden.json": json.dumps(said).encode()}))


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        ("import os; os.kill(os.getpid(), 11)", "ended by SIGSEGV"),
        ("import time; time.sleep(60)", "took longer than 1 s"),
        ("print('nonsense')", "ended with code 0 and no verdict"),
        ("print('[]')", "no verdict"),
        ('print(\'{"sound": true, "wall": "", "reason": ""}\'); raise SystemExit(3)', "ended with code 3"),
        ("x = 'x' * 100_000_000; print(x)", "no verdict"),
    ],
)
def test_whatever_becomes_of_the_process_is_a_reason(tmp_path, monkeypatch, program, complaint):
    monkeypatch.setattr(probing, "CHECK", (sys.executable, "-I", "-S", "-c", program))

    with pytest.raises(ModelRejected, match=complaint):
        probe(tmp_path, wall_s=1.0 if "sleep" in program else 30.0)


def test_a_verdict_is_believed_only_with_the_code_that_goes_with_it():
    raise_verdict(b'{"sound": true, "wall": "", "reason": ""}', 0)
    with pytest.raises(ModelRejected, match="structure: goes round"):
        raise_verdict(b'{"sound": false, "wall": "structure", "reason": "goes round"}', 10)


@pytest.mark.numbers
def test_a_store_with_the_real_probe_serves_what_it_published(tmp_path):
    a_store(tmp_path)
    store = ModelStore(tmp_path, probe)
    (model,) = store.models()

    assert store.texts(model) == a_fit().texts(model)
