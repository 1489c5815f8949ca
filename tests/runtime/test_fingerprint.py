import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.fingerprint import PINS, code_digest, differences, fingerprint, pin_processor, pins_for

REPOSITORY = Path(__file__).parents[2]
SETTINGS = st.dictionaries(st.sampled_from(["blas", "cpu", "libc", "python"]), st.text(max_size=3))


def pinned_process(**environment: str) -> tuple[dict[str, str], str]:
    """The fingerprint of a fresh process that pins first, every warning being an error; and what it wrote to stderr."""
    program = (
        "from runtime.fingerprint import pin_processor, fingerprint; assert pin_processor(); "
        "import json; print(json.dumps(fingerprint()))"
    )
    inherited = {name: value for name, value in os.environ.items() if name not in PINS}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=inherited | environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    return json.loads(done.stdout), done.stderr


def test_pinning_leaves_nothing_above_the_common_baseline_and_warns_of_nothing():
    found, warned = pinned_process()
    assert warned == ""
    assert not {"X86_V4", "AVX512_ICL", "AVX512_SPR", "AVX512F"} & set(found["cpu.features"].split())
    assert found["blas.core"] not in {"SkylakeX", "Cooperlake", "SapphireRapids"}
    assert (found["env.OMP_NUM_THREADS"], found["env.OPENBLAS_NUM_THREADS"]) == ("1", "1")


def test_what_the_operator_set_is_kept_and_recorded():
    found, _ = pinned_process(OMP_NUM_THREADS="3", NPY_DISABLE_CPU_FEATURES="")
    assert (found["env.OMP_NUM_THREADS"], found["env.NPY_DISABLE_CPU_FEATURES"]) == ("3", "")


def test_once_numpy_is_loaded_pinning_says_that_it_is_too_late():
    before = dict(os.environ)
    assert pin_processor() is False
    assert dict(os.environ) == before


def test_no_kernel_is_forced_upon_a_processor_that_cannot_run_it():
    assert "OPENBLAS_CORETYPE" not in pins_for("x86_64", frozenset({"sse4_2", "avx"}), "2.4.6")
    assert pins_for("x86_64", frozenset({"avx2", "fma"}), "2.4.6")["OPENBLAS_CORETYPE"] == "Haswell"
    assert set(pins_for("aarch64", frozenset(), "2.4.6")) == {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}


def test_the_names_of_the_features_are_those_of_the_installed_numpy():
    assert "X86_V4" in pins_for("x86_64", frozenset(), "2.10.0")["NPY_DISABLE_CPU_FEATURES"].split()
    assert "AVX512_SKX" in pins_for("x86_64", frozenset(), "2.3.5")["NPY_DISABLE_CPU_FEATURES"].split()


def test_a_fingerprint_is_text_by_sorted_key_and_the_same_when_asked_again():
    found = fingerprint()
    assert list(found) == sorted(found)
    assert all(isinstance(value, str) for value in found.values())
    assert {"machine", "libc", "python", "numpy", "msgspec", "cpu.features", "blas.name", "blas.core"} <= set(found)
    assert fingerprint() == found


@given(SETTINGS, SETTINGS)
def test_differences_name_every_key_that_differs_and_no_other(then, now):
    named = [text.split(":")[0] for text in differences(then, now)]
    assert named == sorted(key for key in {*then, *now} if then.get(key) != now.get(key))
    assert (differences(then, now) == ()) == (then == now)


def test_a_difference_says_both_values():
    assert differences({"libc": "glibc 2.36"}, {"libc": "glibc 2.41", "new": "x"}) == (
        "libc: 'glibc 2.36' then, 'glibc 2.41' now",
        "new: 'absent' then, 'x' now",
    )


def a_package(at: Path, **files: str) -> Path:
    root = at / "product"
    (root / "inner").mkdir(parents=True)
    for name, content in files.items():
        (root / "inner" / f"{name}.py").write_text(content)
    return root


def test_the_digest_of_the_code_moves_with_content_and_names_and_not_with_the_place(tmp_path):
    original = code_digest([a_package(tmp_path / "1", a="x = 1\n", b="")])
    assert code_digest([a_package(tmp_path / "2", b="", a="x = 1\n")]) == original
    changed = [
        code_digest([a_package(tmp_path / "3", a="x = 2\n", b="")]),
        code_digest([a_package(tmp_path / "4", a="", b="x = 1\n")]),
        code_digest([a_package(tmp_path / "5", a="x = 1\n")]),
        code_digest([a_package(tmp_path / "6", a="x = 1\n", b="", c="")]),
    ]
    assert len({original, *changed}) == 5


def test_what_running_leaves_behind_is_no_code(tmp_path):
    root = a_package(tmp_path, a="x = 1\n")
    original = code_digest([root])
    (root / "inner" / "__pycache__").mkdir()
    (root / "inner" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"\0")
    assert code_digest([root]) == original


def test_a_root_that_is_no_directory_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a directory with the sources"):
        code_digest([tmp_path / "nowhere"])
