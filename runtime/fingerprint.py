"""The machine and the code a run was made with, named so that two runs can tell whether bytes may be compared.

Numbers differ in the last bit between CPU features, BLAS kernels and C libraries. `pin_processor` narrows that down
before numpy is loaded; `fingerprint` says what is left. This module must not import numpy before it is asked to.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import Any, Final

PINS: Final = (
    "NPY_DISABLE_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
)
"""The environment variables that choose numeric code paths; an operator's own setting is kept and recorded."""

ABOVE_AVX2: Final = "X86_V4 AVX512_ICL AVX512_SPR"
ABOVE_AVX2_BEFORE_2_4: Final = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
"""What numpy dispatches above AVX2 and FMA, which every x86 server since 2013 has. numpy 2.4 renamed the groups; it
warns of names it does not know, and takes without a word those that the machine lacks."""

SOURCE_SUFFIXES: Final = (".json", ".py", ".toml")
PACKAGES: Final = ("numpy", "msgspec")
UNKNOWN: Final = "unknown"


def pins_for(machine: str, cpu_flags: frozenset[str], numpy_version: str) -> dict[str, str]:
    """Return the settings that make processors of one family compute alike, as far as it has a common ground."""
    pins = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    if machine == "x86_64":
        renamed = tuple(int(part) for part in numpy_version.split(".")[:2]) >= (2, 4)
        pins["NPY_DISABLE_CPU_FEATURES"] = ABOVE_AVX2 if renamed else ABOVE_AVX2_BEFORE_2_4
        if {"avx2", "fma"} <= cpu_flags:
            # Forced upon a processor without AVX2 this kernel would end the process by an illegal instruction.
            pins["OPENBLAS_CORETYPE"] = "Haswell"
    return pins


def pin_processor() -> bool:
    """Set the pins the operator has not set; to be called before numpy is first imported.

    Returns False, and changes nothing, if numpy is loaded already: then its choice is made, and the fingerprint
    tells which.
    """
    if "numpy" in sys.modules:
        return False
    for name, value in pins_for(platform.machine(), _cpu_flags(), metadata.version("numpy")).items():
        os.environ.setdefault(name, value)
    return True


def fingerprint() -> dict[str, str]:
    """Everything about this process that may move the last bit of a number, by sorted key; loads numpy."""
    found: dict[str, str] = {
        "machine": platform.machine(),
        "system": platform.system(),
        "libc": " ".join(platform.libc_ver()).strip() or UNKNOWN,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        **{package: metadata.version(package) for package in PACKAGES},
        **{f"env.{name}": os.environ.get(name, "") for name in PINS},
        **_numpy_build(),
    }
    return dict(sorted(found.items()))


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Name every key that differs, with both values; empty if and only if the two are equal."""
    return tuple(
        f"{key}: {then.get(key, 'absent')!r} then, {now.get(key, 'absent')!r} now"
        for key in sorted({*then, *now})
        if then.get(key) != now.get(key)
    )


def code_digest(roots: Iterable[Path]) -> str:
    """BLAKE2b over the names and bytes of all source files below the package directories, in sorted order.

    A file is named from its package on, so that the place of installation does not matter. Raises FileNotFoundError
    for a root that is no directory.
    """
    digest = blake2b(digest_size=16)
    for root in sorted(roots, key=lambda path: path.name):
        if not root.is_dir():
            raise FileNotFoundError(f"package directory {root}: expected a directory with the sources of the product")
        for parts in sorted(_sources(str(root), ())):
            content = root.joinpath(*parts).read_bytes()
            name = "/".join((root.name, *parts)).encode()
            digest.update(len(name).to_bytes(4, "little") + name + len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def _sources(directory: str, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The parts of the path of every source file; links to directories are not followed."""
    # Not by Path.rglob: each start of the bot comes by here, and it takes longer than to read the files.
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _sources(entry.path, (*above, entry.name))
            elif entry.name.endswith(SOURCE_SUFFIXES) and entry.is_file():
                yield (*above, entry.name)


def _cpu_flags() -> frozenset[str]:
    """What the kernel says the first processor can do; empty where it does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return next((frozenset(line.split(":", 1)[1].split()) for line in lines if line.startswith("flags")), frozenset())


def _numpy_build() -> dict[str, str]:
    import numpy as np

    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]  # typed as printing only
    simd = config.get("SIMD Extensions", {})
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return {
        "cpu.baseline": " ".join(simd.get("baseline", ())),
        "cpu.features": " ".join(simd.get("found", ())),
        "blas.name": str(blas.get("name", UNKNOWN)),
        "blas.version": str(blas.get("version", UNKNOWN)),
        "blas.core": _openblas_core(Path(np.__file__).parent.parent / "numpy.libs"),
    }


def _openblas_core(libraries: Path) -> str:
    """The kernel OpenBLAS chose when it was loaded; the build configuration only tells what it might have chosen."""
    for path in sorted(libraries.glob("libscipy_openblas64_*.so")):
        library = ctypes.CDLL(str(path))
        if hasattr(library, "scipy_openblas_get_corename64_"):
            library.scipy_openblas_get_corename64_.restype = ctypes.c_char_p
            return bytes(library.scipy_openblas_get_corename64_()).decode()
    return UNKNOWN
