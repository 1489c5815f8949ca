"""Where a publisher goes on in a journal, whatever was published under its name before."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from adapters.journal.disk import PosixDisk
from adapters.journal.writer import JournalWriter
from adapters.kafka.stream_publisher import resumed
from contracts import codec
from contracts.envelope import Envelope
from contracts.stream import StreamMessage
from tests.kit.market import a_tick


def a_journal(path: Path, count: int = 50) -> list[StreamMessage]:
    writer = JournalWriter(PosixDisk(path), segment_bytes=2_000, free_bytes_min=0)
    said = []
    for seq in range(1, count + 1):
        payload = a_tick(frame=seq)
        writer.append(Envelope(seq, seq, 0, seq * 1_000, "feed", payload), outside=True)
        writer.end_turn()
        said.append(StreamMessage(seq, seq * 1_000, "feed", "Tick", codec.encode(payload)))
    writer.close()
    return said


def seqs_behind(path: Path, last: StreamMessage | None) -> list[int]:
    async def found() -> list[int]:
        follower, records = await resumed(path, last)
        seqs = [record.seq for record in records]
        assert follower.seq - len(records) == (seqs[0] - 1 if seqs else follower.seq)
        while more := follower.read(300):
            seqs += [record.seq for record in more]
        follower.close()
        return seqs

    return asyncio.run(found())


@pytest.mark.parametrize("last", [1, 17, 50])
def test_what_was_published_is_not_published_again(tmp_path: Path, last: int) -> None:
    said = a_journal(tmp_path)

    assert seqs_behind(tmp_path, said[last - 1]) == list(range(last + 1, 51))


def test_another_life_of_a_run_is_published_from_its_start(tmp_path: Path) -> None:
    said = a_journal(tmp_path)
    everything = list(range(1, 51))

    assert seqs_behind(tmp_path, None) == everything
    assert seqs_behind(tmp_path, msgspec.structs.replace(said[16], at_ns=1)) == everything
    assert seqs_behind(tmp_path, msgspec.structs.replace(said[16], seq=51)) == everything
