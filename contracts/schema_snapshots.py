"""The schema of every message as a file, so that a changed contract is a visible diff.

Run `python -m contracts.schema_snapshots` after changing a message, and read the diff.
"""

from pathlib import Path
from typing import Final

import msgspec

from contracts.codec import schema
from contracts.topics import TABLE

DIRECTORY: Final = Path(__file__).parent / "schemas"


def rendered() -> dict[str, bytes]:
    """File content by file name, for every message type."""
    return {f"{topic.payload.__name__}.json": _pretty(schema(topic.payload)) for topic in TABLE}


def write() -> None:
    """Make the files say what the types say; files of types that are gone go too."""
    DIRECTORY.mkdir(exist_ok=True)
    files = rendered()
    for path in DIRECTORY.glob("*.json"):
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        (DIRECTORY / name).write_bytes(content)


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1) + b"\n"


if __name__ == "__main__":
    write()
