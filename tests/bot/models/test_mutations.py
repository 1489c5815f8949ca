"""Thousands of damaged and hostile model files: none is served, none ends or holds up whoever asked."""

import hashlib
import json
import re
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from adapters.models.files import read_model
from adapters.models.store import ModelStore
from bot.models.check import raise_bad_text
from bot.models.probing import probe
from contracts.ports import ModelRejected
from quant.model_text import BadModelText
from tests.kit.model_files import Probed, a_store, resigned

STALE, SIGNED, FORGED = 20_000, 240, 60
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e[+-]\d+)?")


def damaged(data: bytes, chance: np.random.Generator) -> bytes:
    """One or three bytes changed, a piece cut out, put in or repeated, two lines swapped, or the end cut off."""
    kind, place = int(chance.integers(7)), int(chance.integers(len(data)))
    size = int(chance.integers(1, 40))
    if kind < 2:
        changed = bytearray(data)
        for each in chance.integers(0, len(data), 1 if kind == 0 else 3):
            changed[each] ^= int(chance.integers(1, 256))
        return bytes(changed)
    if kind == 2:
        return data[:place] + data[place + size :]
    if kind == 3:
        return data[:place] + bytes(chance.integers(0, 256, size, dtype=np.uint8)) + data[place:]
    if kind == 4:
        return data[: place + size] + data[place:]
    if kind == 5:
        lines = data.split(b"\n")
        one, other = (int(each) for each in chance.integers(0, len(lines), 2))
        lines[one], lines[other] = lines[other], lines[one]
        return b"\n".join(lines)
    return data[:place]


def crafted(data: bytes, chance: np.random.Generator) -> bytes:
    """One number of one line replaced by another of the same length, so that sizes still agree."""
    keys = (b"left_child", b"right_child", b"split_feature", b"threshold", b"leaf_value", b"decision_type",
            b"leaf_count", b"num_leaves", b"internal_count", b"split_gain", b"tree_sizes", b"leaf_weight")  # fmt: skip
    key = keys[int(chance.integers(len(keys)))]
    lines = [number for number, line in enumerate(data.split(b"\n")) if line.startswith(key + b"=")]
    all_lines = data.split(b"\n")
    line = lines[int(chance.integers(len(lines)))]
    numbers = list(NUMBER.finditer(all_lines[line], len(key) + 1))
    if not numbers:
        return damaged(data, chance)
    found = numbers[int(chance.integers(len(numbers)))]
    digits = [place for place in range(found.start(), found.end()) if all_lines[line][place : place + 1].isdigit()]
    place = digits[int(chance.integers(len(digits)))]
    old = all_lines[line]
    digit = str((int(old[place : place + 1]) + int(chance.integers(1, 10))) % 10).encode()
    all_lines[line] = old[:place] + digit + old[place + 1 :]
    return b"\n".join(all_lines)


def a_copy(source: Path, model: str, directory: Path) -> ModelStore:
    shutil.copytree(source / model, directory / model)
    return ModelStore(directory, Probed())


@pytest.mark.numbers
def test_no_file_that_was_changed_after_its_manifest_is_read(tmp_path, capsys):
    chance = np.random.default_rng(20_000)
    store, model = a_store(tmp_path)
    files = {path.name: path.read_bytes() for path in (tmp_path / model).iterdir()}
    names, stopped, changed = sorted(files), 0, b""
    for _ in range(STALE):
        name = names[int(chance.integers(len(names)))]
        changed = files[name]
        while changed == files[name]:
            changed = damaged(files[name], chance)
        (tmp_path / model / name).write_bytes(changed)
        try:
            read_model(tmp_path, model)
        except ModelRejected:
            stopped += 1
        (tmp_path / model / name).write_bytes(files[name])
    with capsys.disabled():
        print(f"\n{STALE} stale files: {stopped} stopped by hash")

    assert stopped == STALE
    assert store.texts(model).model == model


@pytest.mark.numbers
def test_no_file_that_was_signed_again_is_sound(tmp_path, capsys):
    """Its manifest was made right again, so that it comes to the validator and the probe."""
    chance = np.random.default_rng(300)
    _, model = a_store(tmp_path / "source")
    source = tmp_path / "source"
    boosters = [path.name for path in sorted((source / model).glob("*-*.txt"))]
    asked: list[Path] = []
    for number in range(SIGNED + FORGED):
        name = boosters[int(chance.integers(len(boosters)))]
        data = (source / model / name).read_bytes()
        changes = {name: data}
        while changes[name] == data:
            changes[name] = (damaged if number % 4 == 0 and number < SIGNED else crafted)(data, chance)
            if number >= SIGNED:
                changes[name] = another_leaf(data, chance)
        if number >= SIGNED:
            golden = json.loads((source / model / "golden.json").read_bytes())
            order = [f"{kind}-{level}.txt" for kind in ("residual", "free") for level in range(9)]
            golden["texts"][order.index(name)] = hashlib.sha256(changes[name]).hexdigest()
            changes["golden.json"] = json.dumps(golden).encode()
        store = a_copy(source, model, tmp_path / str(number))
        asked.append(store.directory / resigned(store, model, changes))

    def verdict(directory: Path) -> str:
        try:
            probe(directory)
        except ModelRejected as error:
            text = str(error)
            return text.split(":")[0] + (" rows" if "differ by" in text else "")
        return "served"

    with ThreadPoolExecutor(2) as pool:
        walls = Counter(pool.map(verdict, asked))
    with capsys.disabled():
        print(f"\n{SIGNED} signed again and {FORGED} with golden hashes forged too: {dict(sorted(walls.items()))}")

    assert walls["served"] == 0
    assert walls["structure"] > 100
    assert walls["golden"] > 50
    assert walls["golden rows"] == FORGED


def another_leaf(data: bytes, chance: np.random.Generator) -> bytes:
    """One leaf of one tree moved by a hundredth or so; structure, counts and sizes stay right."""
    leaves = list(re.finditer(rb"leaf_value=(.*)\n", data))
    tree = leaves[int(chance.integers(len(leaves)))]
    values = tree[1].split(b" ")
    place = int(chance.integers(len(values)))
    values[place] = b"%.17g" % (float(values[place]) + 0.01)
    text = data[: tree.start(1)] + b" ".join(values) + data[tree.end(1) :]
    head, _, body = text.partition(b"\n\n")
    blocks = re.split(rb"(?=Tree=)", body.removesuffix(b"end of trees\n"))[1:]
    sizes = b" ".join(b"%d" % len(block) for block in blocks)
    return re.sub(rb"tree_sizes=.*", b"tree_sizes=" + sizes, head) + b"\n\n" + body


def test_a_moved_leaf_is_sound_in_structure():
    """The nasty case: with golden rows recomputed too it is another valid model, told apart by its name alone."""
    from tests.kit.model_files import a_fit

    moved = another_leaf(a_fit().residual[0].encode(), np.random.default_rng(1))

    raise_bad_text((moved.decode(),), 3)
    with pytest.raises(BadModelText):
        raise_bad_text((moved.decode()[:-1],), 3)
