"""Records of a release, kept in the repository: one of every message, as it was journaled and as people saw it.

`python -m tests.kit.released NAME` makes them when a release is frozen, and never again: they are what was written.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from adapters.journal.disk import PosixDisk
from adapters.journal.recovery import recover
from adapters.journal.writer import JournalWriter
from contracts import codec
from contracts.envelope import Envelope
from contracts.schema_snapshots import released
from contracts.topics import topic_of
from tests.kit.every_message import every_message
from tests.kit.market import NOON_NS

DIRECTORY: Final = Path(__file__).parents[1] / "contracts" / "released"
VALUES: Final = "values.jsonl"


def kept_releases() -> list[str]:
    """The releases of which there are records."""
    return sorted(path.name for path in DIRECTORY.iterdir() if path.is_dir())


def journal_of(release: str) -> PosixDisk:
    """The journal of a release, to be read."""
    return PosixDisk(DIRECTORY / release)


def values_of(release: str) -> list[dict[str, Any]]:
    """What each record said: `seq`, `type`, `version`, `recorded`, and its `value` as JSON."""
    return [json.loads(line) for line in (DIRECTORY / release / VALUES).read_text().splitlines()]


def make(release: str) -> None:
    """Write today's messages as the records of a release that was just frozen; raises FileExistsError if there are."""
    directory = DIRECTORY / release
    directory.mkdir(parents=True)
    disk = PosixDisk(directory)
    journal = JournalWriter(disk, after=recover(disk), free_bytes_min=0)
    lines = []
    messages = [message for message in every_message() if type(message).__name__ in released(release)]
    for seq, message in enumerate(messages, start=1):
        topic = topic_of(message)
        journal.append(Envelope(seq, seq, 0, NOON_NS + seq, topic.author, message), outside=True)
        journal.end_turn()
        head = {"seq": seq, "type": type(message).__name__, "version": topic.version, "recorded": topic.recorded}
        value = codec.encode_json(message).decode()
        lines.append(json.dumps(head)[:-1] + f', "value": {value}}}\n')
    journal.close()
    (directory / VALUES).write_text("".join(lines))


if __name__ == "__main__":
    make(sys.argv[1])
