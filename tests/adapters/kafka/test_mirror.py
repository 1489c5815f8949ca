"""The mirror loses nothing and disorders nothing, whatever brokers, disk and process do."""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.journal.disk import PosixDisk
from adapters.journal.follow import Follower
from adapters.journal.reader import records
from adapters.journal.writer import JournalWriter
from adapters.kafka.connection import BrokersAway
from adapters.kafka.cursor import Cursor
from adapters.kafka.dead_letters import DeadLetters, TooManyDeadLetters
from adapters.kafka.mirror import Mirror
from adapters.kafka.reading import Assembler, Heard
from adapters.kafka.settings import KafkaSettings
from contracts.envelope import Envelope
from contracts.market import UniverseChanged
from runtime.clock import LoopClock
from runtime.simloop import SimLoop
from tests.kit.brokers import Brokers
from tests.kit.market import a_mark_frame, a_tick, a_universe

SETTINGS = KafkaSettings(brokers=("127.0.0.1:9",), env="test", security="plaintext", send_timeout_s=10.0)
SYMBOLS = ("BTC-EUR", "ETH-EUR", "SOL-EUR")
RUN = "canary/canary-000001"


class ProcessKilled(BaseException):
    """The mirror's process is gone."""


class Cursors:
    """A cursor on a disk that the process may be killed beside: before a write, or behind it."""

    def __init__(self, killed_at: int = -1) -> None:
        self.kept = Cursor(run=RUN, env="test")
        self.seqs: list[int] = []
        self.killed_at = killed_at

    def read(self) -> Cursor:
        return self.kept

    def write(self, cursor: Cursor) -> None:
        self.killed_at -= 1
        if self.killed_at == -1:
            raise ProcessKilled
        self.kept = cursor
        self.seqs.append(cursor.place.seq)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_journal(tmp_path_factory.mktemp("run") / "journal")


def a_journal(path: Path, turns: int = 60) -> Path:
    """Ticks of three instruments and a frame every tenth turn, in several segments."""
    writer = JournalWriter(PosixDisk(path), segment_bytes=2_000, free_bytes_min=0)
    said: list[Any] = [UniverseChanged(a_universe(*SYMBOLS))]
    for turn in range(turns):
        said.append(
            a_tick(symbol=SYMBOLS[turn % 3], frame=turn) if turn % 10 else a_mark_frame(mid=[1.0, 2.0, float(turn)])
        )
    for seq, payload in enumerate(said, 1):
        writer.append(Envelope(seq, seq, 0, seq * 1_000_000_000, "feed", payload), outside=True)
        writer.end_turn()
    writer.close()
    return path


def a_mirror(journal: Path, brokers: Brokers, cursors: Cursors, letters: Path, **changed: Any) -> Mirror:
    source = Follower(journal, cursors.read().place)
    chosen = changed.pop("settings", SETTINGS)
    read = source.read
    source.read = lambda bytes_max=0: read(400)  # type: ignore[method-assign, misc] # small chunks, so that many are in flight
    return Mirror(
        source, cursors, DeadLetters(letters, chosen.dead_letters_max), brokers, chosen, LoopClock(0),  # type: ignore[arg-type]
        **{"follow": True, "told": lambda state: None, "look": lambda: (source.seq, source.at_ns)} | changed,
    )  # fmt: skip


def live(mirror: Mirror) -> Any:
    loop = SimLoop(limit_s=7 * 86_400.0)
    try:
        return loop.run_until_complete(mirror.run())
    finally:
        loop.close()


def deduplicated(brokers: Brokers) -> dict[int, Heard]:
    assembler, found = Assembler(), {}
    for record in brokers.kept:
        topic = record.topic.removeprefix("keel.test.")
        if topic != "journal.heads":
            heard = assembler.add(topic, record.value, record.headers)
            if heard is not None:
                found.setdefault(heard.seq, heard)
    return found


def equals_the_journal(brokers: Brokers, journal: Path, without: tuple[int, ...] = ()) -> None:
    found = deduplicated(brokers)
    kept = {record.seq: record for record in records(PosixDisk(journal)) if record.seq not in without}
    assert found.keys() == kept.keys()
    for seq, record in kept.items():
        heard = found[seq]
        assert (heard.payload, heard.turn, heard.cause) == (record.payload, record.turn, record.cause)
        assert (heard.at_ns, heard.source, heard.type) == (record.at_ns, record.source, record.type)
    first_of_key = defaultdict(list)
    for record in brokers.kept:
        seq = int(dict(record.headers)["seq"])
        lane = first_of_key[record.topic, record.partition, record.key]
        if seq not in lane:
            lane.append(seq)
    assert all(seqs == sorted(seqs) for (topic, *_), seqs in first_of_key.items() if not topic.endswith("heads"))


def test_a_journal_is_mirrored_whole_and_its_head_is_published(journal: Path, tmp_path: Path) -> None:
    brokers, cursors = Brokers(), Cursors()

    state = live(a_mirror(journal, brokers, cursors, tmp_path / "dead"))

    equals_the_journal(brokers, journal)
    assert (state.state, state.acked_seq, state.lag_records, state.rebuilds) == ("ended", 61, 0, 0)
    assert state.records == 61 + 2 * 6
    assert b'"sealed":true' in [record.value for record in brokers.kept if record.topic.endswith("heads")][-1]


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32), rate=st.sampled_from([0.05, 0.3, 0.6]))
def test_nothing_is_lost_or_disordered_by_failing_brokers(journal, tmp_path_factory, seed, rate) -> None:
    chance = random.Random(seed)
    kinds = ["fail", "lost", "unheard"]
    brokers = Brokers(lambda call, number: chance.choice(kinds) if chance.random() < rate and number < 300 else "")
    cursors = Cursors()

    state = live(a_mirror(journal, brokers, cursors, tmp_path_factory.mktemp("m") / "dead"))

    equals_the_journal(brokers, journal)
    assert cursors.seqs == sorted(cursors.seqs)
    assert brokers.abandoned == state.rebuilds + 1


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32), kills=st.lists(st.integers(0, 3), max_size=6))
def test_nothing_is_lost_when_the_mirror_is_killed_before_its_cursor_is_written(
    journal, tmp_path_factory, seed, kills
) -> None:
    chance = random.Random(seed)
    brokers = Brokers(lambda call, number: "fail" if chance.random() < 0.1 and number < 200 else "")
    cursors, letters = Cursors(), tmp_path_factory.mktemp("m") / "dead"
    for killed_at in kills:
        cursors.killed_at = killed_at
        try:
            live(a_mirror(journal, brokers, cursors, letters))
        except ProcessKilled:
            continue
    cursors.killed_at = -1

    live(a_mirror(journal, brokers, cursors, letters))

    equals_the_journal(brokers, journal)


def test_a_day_without_brokers_costs_nothing_but_time(journal: Path, tmp_path: Path) -> None:
    told = []
    brokers = Brokers(lambda call, number: "fail" if number < 500 else "")

    state = live(a_mirror(journal, brokers, Cursors(), tmp_path / "dead", told=lambda state: told.append(state.state)))

    equals_the_journal(brokers, journal)
    assert state.rebuilds == 499
    assert told[0] == "away"


def test_who_does_not_follow_gives_up_when_nothing_went_on(journal: Path, tmp_path: Path) -> None:
    brokers = Brokers(lambda call, number: "fail")

    with pytest.raises(BrokersAway, match=r"took nothing for 10 s .* everything up to message 0 is there"):
        live(a_mirror(journal, brokers, Cursors(), tmp_path / "dead", follow=False))


def test_what_is_too_large_is_a_dead_letter_and_the_rest_goes_on(journal: Path, tmp_path: Path) -> None:
    small = KafkaSettings(brokers=("127.0.0.1:9",), env="test", security="plaintext", record_bytes_max=300)
    brokers, cursors = Brokers(), Cursors()

    state = live(a_mirror(journal, brokers, cursors, tmp_path / "dead", settings=small))

    assert state.dead_letters == 1  # the universe, with all its instruments
    equals_the_journal(brokers, journal, without=(1,))
    assert cursors.kept.place.seq == 61
    assert "UniverseChanged" in (tmp_path / "dead").read_text()


def test_what_the_brokers_refuse_is_looked_for_and_buried_alone(journal: Path, tmp_path: Path) -> None:
    brokers = Brokers(refuses=lambda record: dict(record["headers"])["seq"] in (b"30", b"45"))

    state = live(a_mirror(journal, brokers, Cursors(), tmp_path / "dead"))

    equals_the_journal(brokers, journal, without=(30, 45))
    assert state.dead_letters == 2


def test_a_head_that_is_refused_buries_no_message(journal: Path, tmp_path: Path) -> None:
    brokers = Brokers(refuses=lambda record: dict(record["headers"])["schema"] == b"JournalHead@1")
    mirror = a_mirror(journal, brokers, Cursors(), tmp_path / "dead", follow=False)

    with pytest.raises(BrokersAway, match="refused the head of the journal"):
        live(mirror)

    equals_the_journal(brokers, journal)
    assert mirror.state.dead_letters == 0


def test_when_everything_is_refused_the_mirror_stops_and_says_so(journal: Path, tmp_path: Path) -> None:
    few = KafkaSettings(brokers=("127.0.0.1:9",), env="test", security="plaintext", dead_letters_max=5)
    brokers, cursors = Brokers(refuses=lambda record: True), Cursors()
    mirror = a_mirror(journal, brokers, cursors, tmp_path / "dead", settings=few)

    with pytest.raises(TooManyDeadLetters, match="6 messages could not be mirrored, at most 5"):
        live(mirror)
    assert mirror.state.state == "stopped"
    assert cursors.kept.place.seq <= 6


def test_a_stop_ends_it_with_what_was_sent_acknowledged(journal: Path, tmp_path: Path) -> None:
    brokers, cursors = Brokers(), Cursors()
    mirror = a_mirror(journal, brokers, cursors, tmp_path / "dead")
    mirror.stop()

    state = live(mirror)

    assert state.state == "ended"
    assert brokers.kept == []


def test_who_follows_and_is_left_behind_finishes_what_there_is(tmp_path: Path) -> None:
    writer = JournalWriter(PosixDisk(tmp_path / "journal"), free_bytes_min=0)
    for seq in range(1, 6):
        writer.append(Envelope(seq, seq, 0, seq, "feed", a_tick(frame=seq)), outside=True)
        writer.end_turn()
    writer.flush()  # and no seal: its process was killed
    brokers = Brokers()
    mirror = a_mirror(tmp_path / "journal", brokers, Cursors(), tmp_path / "dead")
    mirror.finish()

    state = live(mirror)

    assert (state.state, state.acked_seq) == ("ended", 5)
