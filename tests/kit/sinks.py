"""Runs for a sink: a journal with something for every table, and what of it must be in the database."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records
from adapters.journal.record import Record
from adapters.journal.recovery import recover
from adapters.journal.writer import JournalWriter
from contracts import codec
from contracts.envelope import Envelope
from tests.kit.every_message import every_message
from tests.kit.market import a_bar_frame, a_mark_frame, a_tick, a_trade, a_universe_changed, at


class GrowingRun:
    """A run that goes on for as long as a test says; `directory` is RUNS/ACCOUNT/NAME."""

    def __init__(self, runs: Path, name: str = "canary-000001", *, start_s: float = 0.0) -> None:
        self.directory = runs / "canary" / name
        (self.directory / "journal").mkdir(parents=True, exist_ok=True)
        self.disk = PosixDisk(self.directory / "journal")
        found = recover(self.disk)
        self.journal = JournalWriter(self.disk, after=found, segment_bytes=200_000, free_bytes_min=0)
        self.seq = found.last_seq
        self._start_s = start_s

    def say(self, *payloads: Any, source: str = "feed") -> None:
        """Each message is a turn."""
        for payload in payloads:
            self.seq += 1
            at_ns = at(self._start_s + self.seq / 10)
            self.journal.append(Envelope(self.seq, self.seq, 0, at_ns, source, payload), outside=True)
            self.journal.end_turn()

    def go_on(self, turns: int) -> None:
        """That many ticks, with trades, bars and marks between them; one of every message at the beginning."""
        if self.seq == 0:
            self.say(a_universe_changed())
            self.say(
                *(each for each in every_message() if type(each).__name__ not in ("UniverseChanged", "Tick", "Trade"))
            )
        for turn in range(turns):
            self.say(a_tick(bid=9_000 + turn % 900, frame=turn))
            if turn % 4 == 0:
                self.say(a_trade(symbol="ETH-EUR", price=10_000 + turn))
            if turn % 10 == 0:
                self.say(a_mark_frame(mid=[100.0, float("nan")]), a_bar_frame(close=(100.0 + turn, float("nan"))))
        self.journal.sync()

    def end(self) -> None:
        """Seal the journal."""
        self.journal.close()


def a_run(runs: Path, turns: int = 100, name: str = "canary-000001") -> Path:
    """A run that has ended."""
    run = GrowingRun(runs, name)
    run.go_on(turns)
    run.end()
    return run.directory


def records_of(run: Path) -> Iterator[Record]:
    """What its journal holds."""
    return records(PosixDisk(run / "journal"))


def bodies_of(run: Path) -> dict[int, tuple[str, Any]]:
    """What a copy must say of every message: its type, and its content or the digest that was kept."""
    return {
        record.seq: (
            record.type,
            json.loads(codec.encode_json(codec.decode(record.type, record.payload)))
            if record.kept
            else record.payload.hex(),
        )
        for record in records_of(run)
    }
