"""Journal appends beside a bare writer of the same messages to the same disk, in pairs."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from adapters.journal.disk import PosixDisk
from adapters.journal.writer import JournalWriter
from contracts import codec
from contracts.envelope import Envelope
from contracts.market import Tick

RECORDS = 100_000
GROUPS = (256, 1_024, 4_096)
PAIRS = 7

Figures = dict[str, float]


def ticks(count: int) -> list[Envelope[Tick]]:
    """One tick per turn."""
    return [Envelope(n, n, 0, 1_700_000_000_000_000_000 + n, "feed", _tick(n)) for n in range(1, count + 1)]


def _tick(n: int) -> Tick:
    return Tick("BTC-EUR", 6_000_000 + n, 6_000_100 + n, 1_000, 2_000, 1_700_000_000_000_000_000 + n, 1, n)


def bare(directory: Path, envelopes: list[Envelope[Tick]], group: int, *, sync: bool = True) -> None:
    """The least that keeps the same messages: encode, join, one write and one fdatasync for each group."""
    encode = codec.encode
    file = os.open(directory / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC)
    for start in range(0, len(envelopes), group):
        block = b"".join([encode(envelope.payload) for envelope in envelopes[start : start + group]])
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(file, rest) :]
        if sync:
            os.fdatasync(file)
    os.close(file)


def kept(directory: Path, envelopes: list[Envelope[Tick]], group: int, *, sync: bool = True) -> None:
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


def timed(run: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(records: int = RECORDS, pairs: int = PAIRS, directory: Path | None = None) -> Figures:
    """Paired runs in turns after a warm-up, for each size of a group; medians, and the range of the ratio."""
    envelopes = ticks(records)
    figures: Figures = {}
    with tempfile.TemporaryDirectory(dir=directory) as name:
        place = Path(name)
        kept(place, envelopes[:4_096], 256)
        bare(place, envelopes[:4_096], 256)
        for group in GROUPS:
            figures |= _paired(place, envelopes, group, pairs)
        appended = [timed(lambda: kept(place, envelopes, 256, sync=False))[1] for _ in range(pairs)]
    figures["journal append and flush, CPU us per tick turn"] = statistics.median(appended) / records * 1e6
    return figures


def _paired(place: Path, envelopes: list[Envelope[Tick]], group: int, pairs: int) -> Figures:
    runs = [
        (timed(lambda: kept(place, envelopes, group)), timed(lambda: bare(place, envelopes, group)))
        for _ in range(pairs)
    ]
    ratios = [other[0] / own[0] for own, other in runs]
    count = len(envelopes)
    return {
        f"group {group}: journal records/s": count / statistics.median(own[0] for own, _ in runs),
        f"group {group}: bare records/s": count / statistics.median(other[0] for _, other in runs),
        f"group {group}: journal / bare": statistics.median(ratios),
        f"group {group}: journal / bare, lowest pair": min(ratios),
        f"group {group}: journal / bare, highest pair": max(ratios),
        f"group {group}: journal CPU us/record": statistics.median(own[1] for own, _ in runs) / count * 1e6,
        f"group {group}: bare CPU us/record": statistics.median(other[1] for _, other in runs) / count * 1e6,
    }


def main() -> Figures:
    """Measure and print."""
    figures = measure()
    for name, value in figures.items():
        print(f"{name:48} {value:14,.3f}")
    return figures


if __name__ == "__main__":
    main()
