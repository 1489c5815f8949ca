import asyncio
from collections.abc import Coroutine
from typing import Any

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records, verify
from adapters.journal.recovery import examine, recover
from adapters.journal.writer import JournalWriter
from contracts import codec
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.market import Tick


def a_tick(seq: int, turn: int, symbol: str = "BTC-EUR") -> Envelope[Any]:
    return Envelope(seq, turn, 0, 1_000 + turn, "feed", Tick(symbol, 100 + seq, 101 + seq, 5, 6, 7, 1, seq))


def in_real_time(coroutine: Coroutine[Any, Any, None]) -> None:
    """Threads cannot be waited for in virtual time."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(coroutine)


def test_what_was_appended_is_read_back_with_a_thread(tmp_path) -> None:
    in_real_time(_append_and_read_back(tmp_path, threaded=True))


async def test_what_was_appended_is_read_back(tmp_path) -> None:
    await _append_and_read_back(tmp_path, threaded=False)


async def _append_and_read_back(tmp_path, threaded) -> None:
    disk = PosixDisk(tmp_path / "journal")
    journal = JournalWriter(disk, threaded=threaded)
    envelopes = [a_tick(seq, seq) for seq in range(1, 1001)]
    for envelope in envelopes:
        journal.append(envelope, outside=True)
        journal.end_turn()
    journal.append(Envelope(1001, 1001, 0, 5_000, "metronome", Beat("signal", 1)), outside=True)
    assert len(list(records(disk))) == 1001
    journal.end_turn()
    await journal.durable(1001)
    journal.close()

    read = list(records(disk))
    assert [record.seq for record in read] == list(range(1, 1002))
    assert [codec.decode(record.type, record.payload) for record in read[:1000]] == [e.payload for e in envelopes]
    found = verify(disk)
    assert (found.problems, found.sealed, found.turns, found.open_bytes) == ((), True, 1001, 0)
    assert examine(disk) == recover(disk)


async def test_a_run_goes_on_after_recovery(tmp_path) -> None:
    disk = PosixDisk(tmp_path / "journal")
    for first in range(1, 20, 5):
        journal = JournalWriter(disk, after=recover(disk))
        for seq in range(first, first + 5):
            journal.append(a_tick(seq, seq), outside=True)
            journal.end_turn()
        await journal.durable(first + 4)
        journal.close(seal=first != 6)
    assert [record.seq for record in records(disk)] == list(range(1, 21))
    assert verify(disk).problems == ()
