from pathlib import Path
from typing import Any

from adapters.journal.disk import PosixDisk
from adapters.journal.writer import JournalWriter
from bot.roles.position import position_of
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.stream import ShardFrames, StreamPosition
from tests.kit.market import a_feed_status, a_tick

FRAMES = ShardFrames(stream="a", epoch=3, seq=40, beat=7, features=None, signals=())


def written(directory: Path, *said: tuple[str, Any]) -> PosixDisk:
    disk = PosixDisk(directory)
    journal = JournalWriter(disk)
    for seq, (source, payload) in enumerate(said, start=1):
        journal.append(Envelope(seq, seq, 0, seq, source, payload), outside=True)
        journal.end_turn()
    journal.close()
    return disk


def test_before_the_first_beat_there_is_no_place(tmp_path: Path) -> None:
    assert position_of(written(tmp_path, ("stream", a_tick()))) is None


def test_a_run_goes_on_behind_its_last_beat_and_the_rows_since(tmp_path: Path) -> None:
    early = ShardFrames(stream="a", epoch=2, seq=20, beat=6, features=None, signals=())
    rows = [("stream", a_tick(frame=number)) for number in range(3)]

    found = position_of(written(tmp_path, ("stream", early), ("stream", a_tick()), ("stream", FRAMES), *rows))

    assert found == StreamPosition("a", 44, 3)


def test_what_a_desk_says_of_its_own_is_no_row_of_the_stream(tmp_path: Path) -> None:
    own = [("stream", Beat(kind="second", number=1)), ("stream", a_feed_status(state="stale")), ("venue", a_tick())]

    assert position_of(written(tmp_path, ("stream", FRAMES), *own)) == StreamPosition("a", 41, 3)
