"""Recovery is the start-up path: last snapshot, the journal's tail through the same actors, then on with the run.

The outside messages of the past are let in again with every outlet closed, and what is said is held against the
journal byte for byte. A turn that the last process did not finish is said to its end, and its orders provably never
left: they come out as `OrderNotSent`.

A message that a process died of is tried once more, under a timer, since nobody watches a start-up; after the second
death it is passed over. `recovering.json` counts the starts that found it in hand, and is the truth for start-ups:
every death in a turn leaves the turn cut. The watchdog's own count stands where it is higher.
"""

import faulthandler
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.journal.disk import Disk
from adapters.journal.reader import records
from adapters.journal.record import Record
from adapters.journal.recovery import Recovery
from adapters.journal.snapshots import Snapshots
from bot.runs import replace_file
from contracts import codec
from contracts.envelope import Envelope
from contracts.life import Poisoned
from contracts.ports import Journal
from contracts.trade import Order
from runtime.bus import Bus, BusImage
from runtime.replay import Comparer, Replay, poisoned_seqs
from runtime.watchdog import stalled

IMAGE: Final = "bus"
NOTE: Final = "recovering.json"
DEATHS_MAX: Final = 2
REDO_S_MAX: Final = 30.0
"""A turn that takes longer than this will never end: a timer in C ends the process, and the next start knows why."""


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What recovery found and did.

    `not_sent` are the client ids of the orders in the turn that was cut; `poisoned` is the message that killed the
    process twice and was passed over (None if there is none).
    """

    from_seq: int
    to_seq: int
    compared: int
    unfinished: bool
    not_sent: tuple[str, ...]
    poisoned: Poisoned | None


class Deaths(msgspec.Struct, frozen=True):
    """How often the process died with the same message in hand."""

    seq: int
    count: int


def take_up(bus: Bus, disk: Disk, snapshots: Snapshots, found: Recovery, writer: Journal, directory: Path) -> Recovered:
    """Bring the bus to the end of its journal; leaves it writing to `writer`. `directory` is the run's.

    Raises Diverged where the same code would no longer say the same, JournalDamaged where the journal is rotten.
    """
    _load_latest(bus, snapshots, found.ended_seq)
    from_seq = bus.seq
    cut = found.unfinished[0] if found.unfinished else None
    deaths = 0 if cut is None else _deaths_of(cut, directory)
    poisoned = Poisoned(cut.seq, deaths) if cut is not None and deaths >= DEATHS_MAX else None
    comparer = Comparer(beyond=writer)
    player = Replay(comparer)
    live = bus.now
    bus.journal, bus.now = comparer, player.now
    orders: list[tuple[int, str]] = []

    def note(envelope: Envelope[Any]) -> None:
        orders.append((envelope.turn, envelope.payload.client_id))

    bus.tap(note, (Order,))
    skipped = poisoned_seqs(records(disk)) | ({poisoned.seq} if poisoned else set())
    with ExitStack() as redoing:
        past = _until_in_hand(_after(disk, from_seq), cut, deaths, directory, redoing)
        player.run(bus, past, poisoned=frozenset(skipped), unfinished=cut is not None)
    bus.untap(note)
    bus.journal, bus.now = writer, live
    return Recovered(
        from_seq=from_seq,
        to_seq=bus.seq,
        compared=comparer.compared,
        unfinished=cut is not None,
        not_sent=tuple(client_id for turn, client_id in orders if cut is not None and turn == bus.turn),
        poisoned=poisoned,
    )


def survived(directory: Path) -> None:
    """The redone turn is on record: whatever cuts it again has nothing to do with its message."""
    (directory / NOTE).unlink(missing_ok=True)


def store_image(image: BusImage, snapshots: Snapshots) -> None:
    """Put a frozen bus on the disk; waits for the disk, so a live loop has it done in a thread."""
    snapshots.write(image.seq, {IMAGE: codec.encode(image)}, {IMAGE: codec.schema_digest(BusImage)})


def _load_latest(bus: Bus, snapshots: Snapshots, seq_max: int) -> None:
    """Start from the newest snapshot that this code can read; without one the whole journal is the tail.

    An actor that does not take its state, one of its own that remembers other things now, is no reason not to start.
    """
    snapshot = snapshots.latest(seq_max)
    if snapshot is None or snapshot.schemas.get(IMAGE) != codec.schema_digest(BusImage):
        return
    image = codec.decode_state(BusImage, snapshot.parts[IMAGE])
    if bus.can_load(image):
        with suppress(ValueError):
            bus.load(image)


def _after(disk: Disk, seq: int) -> Iterator[Record]:
    return (record for record in records(disk) if record.seq > seq)


def _deaths_of(cut: Record, directory: Path) -> int:
    """How many processes died with this message in hand, this start's finding included."""
    path = directory / NOTE
    noted = msgspec.json.decode(path.read_bytes(), type=Deaths) if path.exists() else Deaths(cut.seq, 0)
    starts = 1 + (noted.count if noted.seq == cut.seq else 0)
    watched = stalled(directory)
    # A market row that never reached the file leaves its number to another message.
    same = watched is not None and (watched.seq, watched.what) == (cut.seq, cut.type)
    return max(starts, watched.deaths) if watched is not None and same else starts


def _until_in_hand(
    past: Iterator[Record], cut: Record | None, deaths: int, directory: Path, redoing: ExitStack
) -> Iterator[Record]:
    """The records; before the message that was cut, note that it is tried again, and set the timer.

    Only then: a kill while the rest is read back says nothing about this message.
    """
    for record in past:
        if cut is not None and record.seq == cut.seq:
            replace_file(directory / NOTE, msgspec.json.encode(Deaths(cut.seq, deaths)))
            redoing.enter_context(_timed(directory))
        yield record


@contextmanager
def _timed(directory: Path) -> Iterator[None]:
    with (directory / "stalled.txt").open("w") as stacks:
        faulthandler.dump_traceback_later(REDO_S_MAX, exit=True, file=stacks)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
