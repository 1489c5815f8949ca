"""Journal appends beside bare writers of the same messages to the same disk, in pairs."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from adapters.journal.disk import PosixDisk
from adapters.journal.recovery import examine
from adapters.journal.writer import JournalWriter
from contracts import codec
from contracts.envelope import Envelope
from contracts.market import Tick

RECORDS = 100_000
GROUPS = (256, 1_024, 4_096)
PAIRS = 7

Figures = dict[str, float]
Envelopes = list[Envelope[Any]]


def ticks(count: int) -> Envelopes:
    """One tick per turn."""
    at_ns = 1_700_000_000_000_000_000
    return [
        Envelope(n, n, 0, at_ns + n, "feed", Tick("BTC-EUR", 600_000 + n, 600_100 + n, 10, 20, at_ns + n, 1, n))
        for n in range(1, count + 1)
    ]


class BareWriter:
    """The least that keeps the same envelopes behind the same port: one msgpack each, one write and one sync a group.

    No checksum, no chain, no turn, no recovery: what is read back is whatever decodes.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC)
        self._pending: Envelopes = []

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        self._pending.append(envelope)

    def end_turn(self) -> None:
        return

    def sync(self) -> None:
        encode = codec.encode
        rest = memoryview(b"".join([encode(envelope) for envelope in self._pending]))
        self._pending.clear()
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)


def bare(directory: Path, envelopes: Envelopes, group: int) -> None:
    """All envelopes through the bare writer."""
    writer = BareWriter(directory / "bare")
    append, end_turn = writer.append, writer.end_turn
    for start in range(0, len(envelopes), group):
        for envelope in envelopes[start : start + group]:
            append(envelope, outside=True)
            end_turn()
        writer.sync()
    writer.close()


def bytes_only(directory: Path, envelopes: Envelopes, group: int) -> None:
    """The floor under any writer in Python: the payloads alone, from a list, without a port."""
    encode = codec.encode
    file = os.open(directory / "bytes", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC)
    for start in range(0, len(envelopes), group):
        rest = memoryview(b"".join([encode(envelope.payload) for envelope in envelopes[start : start + group]]))
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fdatasync(file)
    os.close(file)


def kept(directory: Path, envelopes: Envelopes, group: int, *, sync: bool = True) -> None:
    """The journal: every message a turn, a group of turns made durable together."""
    disk = PosixDisk(directory / "journal")
    for name in disk.names():
        disk.remove(name)
    journal = JournalWriter(disk)
    append, end_turn = journal.append, journal.end_turn
    for start in range(0, len(envelopes), group):
        for envelope in envelopes[start : start + group]:
            append(envelope, outside=True)
            end_turn()
        if sync:
            journal.sync()
    journal.flush()
    journal.close(seal=False)
    disk.close()


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(records: int = RECORDS, pairs: int = PAIRS, directory: Path | None = None) -> Figures:
    """Runs in turns after a warm-up, for each size of a group; medians, and the range of the ratio."""
    envelopes = ticks(records)
    figures: Figures = {}
    with tempfile.TemporaryDirectory(dir=directory) as name:
        place = Path(name)
        for writer in (kept, bare, bytes_only):
            writer(place, envelopes[:4_096], 256)
        for group in GROUPS:
            figures |= _paired(place, envelopes, group, pairs)
        appended = [timed(lambda: kept(place, envelopes, 256, sync=False))[1] for _ in range(pairs)]
        disk = PosixDisk(place / "journal")
        examined = [timed(lambda: examine(disk))[1] for _ in range(3)]
        disk.close()
    figures["append, end turn and flush, CPU us per tick turn"] = statistics.median(appended) / records * 1e6
    figures["read and check again, CPU us per record"] = statistics.median(examined) / records * 1e6
    return figures


def _paired(place: Path, envelopes: Envelopes, group: int, pairs: int) -> Figures:
    writers = [partial(writer, place, envelopes, group) for writer in (kept, bare, bytes_only)]
    runs = [[timed(writer) for writer in writers] for _ in range(pairs)]
    count = len(envelopes)
    figures: Figures = {}
    for place_in_run, name in enumerate(("journal", "bare", "bytes only")):
        wall = statistics.median(run[place_in_run][0] for run in runs)
        cpu = statistics.median(run[place_in_run][1] for run in runs)
        figures[f"group {group}: {name}, records/s"] = count / wall
        figures[f"group {group}: {name}, CPU us/record"] = cpu / count * 1e6
    ratios = [run[1][0] / run[0][0] for run in runs]
    figures[f"group {group}: journal / bare"] = statistics.median(ratios)
    figures[f"group {group}: journal / bare, lowest pair"] = min(ratios)
    figures[f"group {group}: journal / bare, highest pair"] = max(ratios)
    figures[f"group {group}: journal / bytes only"] = statistics.median(run[2][0] / run[0][0] for run in runs)
    return figures


def main() -> Figures:
    """Measure and print."""
    figures = measure()
    for name, value in figures.items():
        print(f"{name:52} {value:14,.3f}")
    return figures


if __name__ == "__main__":
    main()
