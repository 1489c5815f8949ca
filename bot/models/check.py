"""The sacrificial process: looks at one model's files, loads them, and says on stdout whether they are sound.

Run as a program of its own, `python -I check.py DIRECTORY`: what is wrong with a model may end this process or keep it
busy for ever, and nobody else. It limits its own memory and time, writes no file and opens no connection. The first
thing wrong is told with the wall that stopped it: `hash`, `structure`, `load` or `golden`.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any, Final

MEMORY_BYTES_MAX: Final = 4 << 30
CPU_S_MAX: Final = 30
REFUSED: Final = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "ctypes.dlopen")
TOLERANCE: Final = 1e-9
"""How far a golden row may differ: another processor may add in another order, a changed leaf is far beyond."""


def main(arguments: list[str]) -> int:
    """Look at the model in the directory of its name; 0 when it is sound, else 10."""
    limit()
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    directory = Path(arguments[0])
    wall, reason = examine(directory.parent, directory.name)
    sys.stdout.write(json.dumps({"sound": not wall, "wall": wall, "reason": reason}) + "\n")
    return 10 if wall else 0


def limit() -> None:
    """Bound what this process may use, before it looks at anything."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES_MAX),
        (resource.RLIMIT_CPU, CPU_S_MAX),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def examine(store: Path, model: str) -> tuple[str, str]:
    """The wall that stopped a model and the reason; empty for both when it is sound."""
    from adapters.models.files import read_model
    from adapters.models.manifest import GOLDEN, decode_golden, texts_of
    from contracts.ports import ModelRejected
    from quant.model_text import BadModelText
    from quant.reference import recalled

    try:
        manifest, files = read_model(store, model)
    except ModelRejected as error:
        return "hash", str(error)
    try:
        texts, golden = texts_of(model, manifest, files), decode_golden(files[GOLDEN])
        raise_bad_text(texts.residual + texts.free, len(texts.inputs))
        if texts.reference is not None:
            recalled(texts.reference)
    except (ModelRejected, BadModelText, ValueError) as error:
        return "structure", str(error)
    if golden.texts != tuple(manifest.files[name].sha256 for name in manifest.boosters):
        return "golden", "its golden rows are those of other boosters"
    return loaded(manifest.library, texts, golden)


def raise_bad_text(texts: tuple[str, ...], inputs: int) -> None:
    """Examine every booster; raises BadModelText naming the one."""
    from quant.model_text import BadModelText, examine

    for number, text in enumerate(texts):
        try:
            examine(text, inputs)
        except BadModelText as error:
            raise BadModelText(f"booster {number}: {error}") from error


def loaded(fitted_by: str, texts: Any, rows: Any) -> tuple[str, str]:
    """Hand the texts to LightGBM, which may be the end of this process, and ask it about the golden rows."""
    from bot.models.bundle import golden_of
    from contracts.ports import ModelRejected
    from quant.quantile_regression import library

    lightgbm = library()
    if fitted_by.rsplit(".", 1)[0] != lightgbm.__version__.rsplit(".", 1)[0]:
        return "load", f"fitted by lightgbm {fitted_by}, here is {lightgbm.__version__}: train again"
    sys.addaudithook(refuse)
    try:
        different = unlike_golden(texts, golden_of(rows))
    except (ModelRejected, lightgbm.basic.LightGBMError, ValueError, IndexError) as error:
        return "load", str(error)
    return ("golden", different) if different else ("", "")


def unlike_golden(texts: Any, golden: Any) -> str:
    """Load the model and hold what it says of the golden rows against what it said when it was fitted."""
    import numpy as np

    from quant.quantile_regression import QuantileModel

    model = QuantileModel.from_texts(texts, schema=texts.schema)
    said = {"residual": (model.predict(golden.x, golden.base), golden.residual)}
    if model.has_free:
        said["free"] = (model.predict_free(golden.x), golden.free)
    for name, (found, expected) in said.items():
        if found.shape != expected.shape or not np.isfinite(expected).all():
            return f"golden rows of {name} have shape {expected.shape} or gaps, expected {found.shape}"
        distance = float(np.abs(found - expected).max(initial=0.0))
        if not distance <= TOLERANCE:
            return f"golden rows of {name} differ by {distance:.3g}, expected at most {TOLERANCE:g}"
    return ""


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """No connection and no other process, from here to the end."""
    if event.startswith(REFUSED):
        raise PermissionError(f"{event} is not for a probe")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
