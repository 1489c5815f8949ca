"""A mirror process without brokers gives up in time, keeps its state, and looks ahead of what it cannot write."""

from pathlib import Path

import pytest

from adapters.journal.disk import PosixDisk
from adapters.journal.follow import Follower
from adapters.journal.writer import JournalWriter
from adapters.kafka.connection import BrokersAway
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.state import last
from bot.mirror.places import Lock, MirrorBusy, places_of
from bot.mirror.running import Lookout, run_mirror
from contracts.envelope import Envelope
from tests.kit.market import a_tick

SETTINGS = KafkaSettings(
    brokers=("127.0.0.1:1",), env="test", security="plaintext", request_timeout_s=0.2, send_timeout_s=0.2
)


def a_run(path: Path, messages: int = 5) -> Path:
    journal = JournalWriter(PosixDisk(path / "journal"), free_bytes_min=0)
    for seq in range(1, messages + 1):
        journal.append(Envelope(seq, seq, 0, seq, "feed", a_tick(frame=seq)), outside=True)
        journal.end_turn()
    journal.close()
    return path


def test_without_brokers_it_gives_up_and_says_how_things_stand(tmp_path: Path) -> None:
    run = a_run(tmp_path / "canary" / "canary-000001")

    with pytest.raises(BrokersAway, match="everything up to message 0 is there"):
        run_mirror(run, SETTINGS)

    state = last(places_of(run, "test").state)
    assert state is not None
    assert (state.run, state.state, state.acked_seq, state.journal_seq) == ("canary/canary-000001", "away", 0, 5)


def test_one_mirror_at_a_time(tmp_path: Path) -> None:
    run = a_run(tmp_path / "canary" / "canary-000001")
    held = Lock(places_of(run, "test").lock)

    with pytest.raises(MirrorBusy):
        run_mirror(run, SETTINGS)
    held.close()


def test_a_lookout_sees_the_end_of_the_journal_and_takes_nothing_from_the_mirror(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", messages=40)
    source = Follower(run / "journal")
    lookout = Lookout(run / "journal", source)

    assert lookout.look() == (40, 40)
    assert [record.seq for record in source.read()] == list(range(1, 41))
    assert lookout.look() == (40, 40)
    lookout.close()
