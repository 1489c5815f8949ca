"""Recovery is the start-up path: last snapshot, the journal's tail through the same actors, then on with the run.

The outside messages of the past are let in again with every outlet closed, and what is said is held against the
journal byte for byte. A turn that the last process did not finish is said to its end, and its orders provably never
left: they come out as `OrderNotSent`.
"""

from collections.abc import Iterator
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

IMAGE: Final = "bus"
DEATHS_MAX: Final = 2


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


def take_up(bus: Bus, disk: Disk, snapshots: Snapshots, found: Recovery, writer: Journal, deaths: Path) -> Recovered:
    """Bring the bus to the end of its journal; leaves it writing to `writer`.

    Raises Diverged where the same code would no longer say the same, JournalDamaged where the journal is rotten.
    """
    _load_latest(bus, snapshots, found.ended_seq)
    from_seq = bus.seq
    unfinished = bool(found.unfinished)
    poisoned = _count_death(found.unfinished[0].seq, deaths) if unfinished else None
    comparer = Comparer(beyond=writer)
    player = Replay(comparer)
    live = bus.now
    bus.journal, bus.now = comparer, player.now
    orders: list[tuple[int, str]] = []

    def note(envelope: Envelope[Any]) -> None:
        orders.append((envelope.turn, envelope.payload.client_id))

    bus.tap(note, (Order,))
    skipped = poisoned_seqs(records(disk)) | ({poisoned.seq} if poisoned else set())
    player.run(bus, _after(disk, from_seq), poisoned=frozenset(skipped), unfinished=unfinished)
    bus.untap(note)
    bus.journal, bus.now = writer, live
    deaths.unlink(missing_ok=True)
    return Recovered(
        from_seq=from_seq,
        to_seq=bus.seq,
        compared=comparer.compared,
        unfinished=unfinished,
        not_sent=tuple(client_id for turn, client_id in orders if unfinished and turn == bus.turn),
        poisoned=poisoned,
    )


def write_snapshot(bus: Bus, snapshots: Snapshots) -> int | None:
    """Put the bus on the disk between two turns; returns its seq, None while an actor waits for its restart."""
    image = bus.image()
    if image is None:
        return None
    snapshots.write(image.seq, {IMAGE: codec.encode(image)}, {IMAGE: codec.schema_digest(BusImage)})
    return image.seq


def _load_latest(bus: Bus, snapshots: Snapshots, seq_max: int) -> None:
    """Start from the newest snapshot that this code can read; without one the whole journal is the tail."""
    snapshot = snapshots.latest(seq_max)
    if snapshot is None or snapshot.schemas.get(IMAGE) != codec.schema_digest(BusImage):
        return
    image = codec.decode_state(BusImage, snapshot.parts[IMAGE])
    if bus.can_load(image):
        bus.load(image)


def _after(disk: Disk, seq: int) -> Iterator[Record]:
    return (record for record in records(disk) if record.seq > seq)


def _count_death(seq: int, path: Path) -> Poisoned | None:
    """Note that a process died with this message in hand, before trying it again."""
    before = msgspec.json.decode(path.read_bytes(), type=Deaths) if path.exists() else Deaths(seq, 0)
    count = before.count + 1 if before.seq == seq else 1
    replace_file(path, msgspec.json.encode(Deaths(seq, count)))
    return Poisoned(seq, count) if count >= DEATHS_MAX else None
