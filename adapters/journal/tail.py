"""The end of a broken journal: a tail that a crash has torn, or rot in what had been safe."""

import zlib

from adapters.journal.disk import Disk
from adapters.journal.record import (
    COMMIT,
    COMMITMENT,
    CONTROL,
    CRC,
    HEADER,
    MARK,
    SEAL,
    Position,
    segment_name,
)
from adapters.journal.scan import Defect, Scan


def torn_tail(disk: Disk, scan: Scan) -> bytes:
    """The bytes behind the end of the valid prefix, empty for a whole journal; raises JournalDamaged for rot."""
    defect = scan.defect
    if defect is None:
        return b""
    if not defect.broken or _was_safe(disk, scan, defect):
        raise defect.damage()
    return disk.read(segment_name(defect.at.segment))[defect.at.offset :]


def _was_safe(disk: Disk, scan: Scan, defect: Defect) -> bool:
    """Whether what follows the broken bytes proves that they were on the medium once.

    A later segment does, because it starts behind a sync; so does a whole commitment that names a safe position
    beyond them. A record alone does not: a power cut may keep the later of two pages that were never synced.
    """
    later = [number for number in scan.numbers if number > defect.at.segment]
    if any(disk.read(segment_name(number)) for number in later):
        return True
    data = disk.read(segment_name(defect.at.segment))
    place = data.find(MARK, defect.at.offset)
    while place >= 0:
        safe = _commitment_around(data, place)
        if safe is not None and safe > defect.at:
            return True
        place = data.find(MARK, place + 1)
    return False


def _commitment_around(data: bytes, place: int) -> Position | None:
    """The safe position that the commitment with its mark at `place` names; None where there is no whole one."""
    start, stop = place - HEADER.size, place + COMMITMENT.size
    if start < 0 or stop > len(data):
        return None
    crc, length, *_, kind, _, flags = HEADER.unpack_from(data, start)
    whole = length == COMMITMENT.size and crc == zlib.crc32(data[start + CRC.size : stop])
    if not whole or not flags & CONTROL or kind not in (COMMIT, SEAL):
        return None
    _, segment, offset, _ = COMMITMENT.unpack_from(data, place)
    return Position(segment, offset)
