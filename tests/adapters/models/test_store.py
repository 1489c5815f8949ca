import json
import os

import msgspec
import pytest

from adapters.models.files import ModelAbsent
from adapters.models.manifest import MANIFEST, REFERENCE
from contracts.ports import ModelRejected
from quant.reference import kept
from tests.kit.model_files import Probed, a_fit, a_store, publish, resigned


def test_what_was_published_is_what_is_served(tmp_path):
    store, model = a_store(tmp_path)

    assert store.texts(model) == a_fit().texts(model)
    assert store.models() == (model,)
    assert store.manifest(model).trained_rows == a_fit().trained_rows


def test_publishing_twice_is_publishing_once(tmp_path):
    store, model = a_store(tmp_path)

    assert publish(store) == model
    assert store.models() == (model,)
    assert publish(store, parent=model) != model


def test_a_model_is_probed_once_in_a_process(tmp_path):
    probe = Probed()
    store, model = a_store(tmp_path, probe)
    for _ in range(3):
        store.texts(model)

    assert probe.asked == [tmp_path / model]


def test_a_model_whoever_calls_has_seen_pass_is_not_probed_again(tmp_path):
    store, model = a_store(tmp_path, Probed("not asked for"))
    store.vouch(model)

    assert store.texts(model).model == model


def test_what_the_probe_refuses_is_in_quarantine_until_it_is_found_sound(tmp_path):
    probe = Probed("golden rows differ")
    store, model = a_store(tmp_path, probe)
    with pytest.raises(ModelRejected, match="golden rows differ"):
        store.texts(model)
    probe.refusal = ""
    with pytest.raises(ModelRejected, match="in quarantine: golden rows differ; `bot models check` looks again"):
        store.texts(model)
    store.check(model)

    assert store.texts(model).model == model
    assert store.quarantined(model) == ""


def test_bytes_are_checked_at_every_reading(tmp_path):
    store, model = a_store(tmp_path)
    store.texts(model)
    path = tmp_path / model / "free-3.txt"
    path.write_bytes(path.read_bytes().replace(b"leaf_value=", b"leaf_value=-", 1))

    with pytest.raises(ModelRejected, match=r"free-3.txt is not the file of its manifest"):
        store.texts(model)


@pytest.mark.parametrize("name", ["residual-0.txt", "golden.json", MANIFEST])
def test_an_absent_file_is_named(tmp_path, name):
    store, model = a_store(tmp_path)
    (tmp_path / model / name).unlink()

    with pytest.raises(ModelRejected, match=f"{name} cannot be read"):
        store.texts(model)


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "huge"])
def test_what_is_no_plain_file_of_bounded_size_is_refused(tmp_path, kind):
    store, model = a_store(tmp_path / "store")
    path = tmp_path / "store" / model / "residual-0.txt"
    path.rename(tmp_path / "elsewhere")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 1 << 40)

    with pytest.raises(ModelRejected, match=r"residual-0.txt"):
        store.texts(model)


@pytest.mark.parametrize("name", ["", "..", "../../etc", "A" * 64, "0" * 63, "0" * 64, "x\n"])
def test_a_name_that_is_no_model_of_the_store_is_absent(tmp_path, name):
    store, _ = a_store(tmp_path)

    with pytest.raises(ModelAbsent):
        store.texts(name)
    with pytest.raises(ModelAbsent):
        store.find(name)


def test_a_model_is_found_by_its_first_digits(tmp_path):
    store, model = a_store(tmp_path)

    assert store.find(model[:4]) == model
    with pytest.raises(ModelAbsent, match="there is no champion"):
        store.find("champion")
    store.champion.point(model, "promote", "first")
    assert store.find("champion") == model


def test_a_changed_manifest_has_another_name(tmp_path):
    store, model = a_store(tmp_path)
    path = tmp_path / model / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"seed": 3', b'"seed": 4'))

    with pytest.raises(ModelRejected, match="not the one it is named after"):
        store.texts(model)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda said: said["files"].update({"../../x": {"sha256": "0" * 64, "bytes": 1}}), "lists other files"),
        (lambda said: said["files"].pop("free-8.txt"), "lists other files"),
        (lambda said: said.update(format=2), "its format is 2, expected 1"),
        (lambda said: said.update(levels=said["levels"][:8]), "lists other files|differ in number"),
        (lambda said: said.update(spread=[]), "differ in number"),
        (lambda said: said.update(more=1), "is none"),
        (lambda said: said["files"]["golden.json"].update(bytes=10**9), "expected at most"),
    ],
)
def test_a_manifest_that_lies_is_refused_though_it_is_signed(tmp_path, change, complaint):
    store, model = a_store(tmp_path)
    said = json.loads((tmp_path / model / MANIFEST).read_bytes())
    change(said)
    (tmp_path / model / MANIFEST).write_bytes(json.dumps(said).encode())

    with pytest.raises(ModelRejected, match=complaint):
        store.texts(resigned(store, model, {}))


@pytest.mark.parametrize("data", [b"", b"[", b"[" * 100_000, b"\xff", b"{}"])
def test_a_manifest_of_other_bytes_is_refused(tmp_path, data):
    from adapters.models.manifest import name_of

    store, model = a_store(tmp_path)
    (tmp_path / model / MANIFEST).write_bytes(data)
    (tmp_path / model).rename(tmp_path / name_of(data))

    with pytest.raises(ModelRejected, match="its manifest is none"):
        store.texts(name_of(data))


def test_a_booster_that_is_no_text_is_refused(tmp_path):
    store, model = a_store(tmp_path)

    with pytest.raises(ModelRejected, match="a booster is no text"):
        store.texts(resigned(store, model, {"residual-0.txt": b"\xff\xfe"}))


def test_a_model_half_written_is_not_there(tmp_path, monkeypatch):
    from adapters.models import files

    def cut(path, data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_file", cut)
        with pytest.raises(OSError, match="No space"):
            a_store(tmp_path)
    store, model = a_store(tmp_path)

    assert store.models() == (model,)
    assert store.texts(model).model == model


def test_a_damaged_model_is_put_right_by_publishing_it_again(tmp_path):
    store, model = a_store(tmp_path)
    (tmp_path / model / "residual-0.txt").write_bytes(b"x")

    assert publish(store) == model
    assert store.texts(model) == a_fit().texts(model)


def test_a_copy_is_verified_and_served_on_its_own(tmp_path):
    store, model = a_store(tmp_path / "store")
    pinned = type(store)(tmp_path / "run", Probed())
    pinned.copy_from(store, model)
    (tmp_path / "store" / model / MANIFEST).unlink()

    assert pinned.texts(model) == a_fit().texts(model)
    with pytest.raises(ModelRejected, match="cannot be read"):
        pinned.copy_from(store, model)


def test_equal_fits_have_equal_names(tmp_path):
    _, first = a_store(tmp_path / "a")
    _, second = a_store(tmp_path / "b")
    files = {path.name: path.read_bytes() for path in (tmp_path / "a" / first).iterdir()}

    assert first == second
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "b" / second).iterdir()}
    assert len(files) == 21


def test_a_store_that_does_not_exist_has_no_models(tmp_path):
    store, _ = a_store(tmp_path / "a")
    empty = type(store)(tmp_path / "b", Probed())

    assert empty.models() == ()
    assert empty.champion.name() == ""
    assert msgspec.structs.asdict(a_fit().texts("x"))["model"] == "x"


def test_a_model_says_what_its_inputs_looked_like_in_training(tmp_path):
    store, model = a_store(tmp_path)
    texts, fitted = store.texts(model), a_fit()
    assert texts.reference == kept(fitted.reference)
    assert len(texts.reference.places) == len(texts.inputs)


def test_a_model_of_before_there_was_a_reference_is_read(tmp_path):
    store, model = a_store(tmp_path)
    path = tmp_path / model
    manifest = json.loads((path / "manifest.json").read_bytes())
    del manifest["files"][REFERENCE]
    (path / "manifest.json").write_bytes(json.dumps(manifest).encode())
    old = resigned(store, model, {})
    assert store.texts(old).reference is None


def test_a_reference_of_other_inputs_is_refused(tmp_path):
    store, model = a_store(tmp_path)
    other = msgspec.structs.replace(kept(a_fit().reference), absent=())
    for data, says in ((msgspec.json.encode(other), "expected"), (b"{}", "its reference is none")):
        forged = resigned(store, model, {REFERENCE: data})
        with pytest.raises(ModelRejected, match=says):
            store.texts(forged)
        model = forged
