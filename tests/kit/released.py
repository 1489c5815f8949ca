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
from adapters.kafka.records import Outgoing, Recorder
from contracts import codec
from contracts.envelope import Envelope
from contracts.schema_snapshots import released
from contracts.topics import FRAMES, topic_of
from tests.kit.every_message import every_message
from tests.kit.market import NOON_NS

DIRECTORY: Final = Path(__file__).parents[1] / "contracts" / "released"
VALUES: Final = "values.jsonl"
KAFKA: Final = "kafka.jsonl"


def kept_releases() -> list[str]:
    """The releases of which there are records."""
    return sorted(path.name for path in DIRECTORY.iterdir() if path.is_dir())


def journal_of(release: str) -> PosixDisk:
    """The journal of a release, to be read."""
    return PosixDisk(DIRECTORY / release)


def values_of(release: str) -> list[dict[str, Any]]:
    """What each record said: `seq`, `type`, `version`, `recorded`, and its `value` as JSON."""
    return [json.loads(line) for line in (DIRECTORY / release / VALUES).read_text().splitlines()]


def kafka_of(release: str) -> list[Outgoing]:
    """The records that a mirror of that release wrote, in JSON."""
    lines = (DIRECTORY / release / KAFKA).read_text().splitlines()
    return [
        Outgoing(
            said["topic"],
            said["key"].encode(),
            json.dumps(said["value"]).encode(),
            [(name, text.encode()) for name, text in said["headers"].items()],
        )
        for said in map(json.loads, lines)
    ]


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
    _mirror(release, messages)


def _mirror(release: str, messages: list[Any]) -> None:
    """What a mirror makes of the messages, each frame in a universe of its own number."""
    symbols = ("BTC-EUR", "ETH-EUR")
    recorder = Recorder(
        "kept/released", universes={getattr(each, "universe", 0): symbols for each in messages if _frame(each)}
    )
    lines = []
    for seq, message in enumerate(messages, start=1):
        envelope = Envelope(seq, seq, 0, NOON_NS + seq, topic_of(message).author, message)
        for record in recorder.of_envelope(envelope):
            headers = {name: text.decode() for name, text in record.headers}
            head = {"topic": record.topic, "key": record.key.decode(), "headers": headers}
            lines.append(json.dumps(head)[:-1] + f', "value": {record.value.decode()}}}\n')
    (DIRECTORY / release / KAFKA).write_text("".join(lines))


def _frame(message: Any) -> bool:
    return type(message) in FRAMES


if __name__ == "__main__":
    make(sys.argv[1])
