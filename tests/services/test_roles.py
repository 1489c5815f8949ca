"""Four processes on a real Kafka: the book decides what one process decides; what becomes of it when one dies."""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.kafka.role_topics import Topics
from adapters.kafka.sender import Outgoing, Sender
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.stream_records import Seal, encode
from contracts import codec
from contracts.belief import SignalFrame
from contracts.column import floats
from contracts.decision import DecisionLog, GateState
from contracts.life import Beat
from contracts.market import FeedStatus, Tick
from contracts.secret import Secret
from contracts.stream import PartFrames, ShardFrames, StreamBlock, StreamMessage
from contracts.trade import Order, Reconciled
from tests.kit.books import Book
from tests.kit.command_line import bot_process
from tests.kit.market import a_tick
from tests.kit.recordings import COINBASE, recording
from tests.kit.services import KafkaServer

_ENVIRONMENTS = itertools.count(1)


@pytest.fixture
def book(kafka: KafkaServer, tmp_path: Path) -> Iterator[Book]:
    with Book(tmp_path, kafka.bootstrap, f"book{os.getpid()}-{next(_ENVIRONMENTS)}") as found:
        yield found


def test_four_processes_decide_what_one_decides(book: Book, tmp_path: Path) -> None:
    alone = bot_process("run", "--for", "45s", "--speed", "max", "--json", "--runs", tmp_path / "alone").json
    shards = [book.start("agents", "--speed", "max") for _ in range(2)]
    desk = book.start("desk", "--speed", "max")
    ingest = book.start("ingest", "--speed", "max", "--for", "45s")

    assert [each.wait() for each in (ingest, desk, *shards)] == [0, 0, 0, 0], [each.talk for each in book.roles]
    assert desk.summary["decision_hash"] == alone["decision_hash"]
    assert desk.summary["decisions"] == alone["decisions"] == 45
    assert desk.summary["orders"] == alone["orders"] >= 1, "a hash of nothing proves nothing"
    assert not any(each.late for _, each in book.on_record(ShardFrames))
    replayed = bot_process("replay", book.desk_run(), "--json").json
    assert replayed["byte_identical"], "without Kafka, from the desk's own record"
    assert replayed["decision_hash"] == alone["decision_hash"]


def test_four_processes_decide_on_a_recording_what_one_decides(book: Book, tmp_path: Path) -> None:
    played = ("--recording", str(recording(COINBASE)), "--speed", "max")
    shards = [book.start("agents", "--speed", "max") for _ in range(2)]
    desk, ingest = book.start("desk", "--speed", "max"), book.start("ingest", *played)
    assert [each.wait(120) for each in (ingest, desk, *shards)] == [0, 0, 0, 0], [each.talk for each in book.roles]

    alone = bot_process("run", *played, "--json", "--runs", tmp_path / "alone").json

    assert desk.summary["decision_hash"] == alone["decision_hash"]
    assert desk.summary["decisions"] == alone["decisions"] >= 20


def test_whoever_dies_the_book_is_kept_safe_and_goes_on(book: Book) -> None:
    ingest = book.start("ingest")
    shards = [book.start("agents") for _ in range(2)]
    desk = book.start("desk")
    seen, _ = book.await_record(GateState, lambda said: said.state == "TRADING")
    seen, _ = book.await_record(ShardFrames, lambda said: not said.late, after=seen.seq)

    # the ingest: every feed is stale, the account reduces, seconds go on, and nothing is decided
    ingest.kill()
    stale, status = book.await_record(FeedStatus, lambda said: said.state == "stale", after=seen.seq)
    assert "nothing of the stream" in status.detail
    book.await_record(GateState, lambda said: said.state == "REDUCING", after=stale.seq)
    third = itertools.count()
    last, _ = book.await_record(Beat, lambda said: said.kind == "second" and next(third) % 10_000 >= 2, after=stale.seq)
    assert book.on_record(Order, DecisionLog, after=stale.seq) == []
    book.start("ingest")
    back, _ = book.await_record(GateState, lambda said: said.state == "TRADING", after=last.seq)
    book.await_record(DecisionLog, lambda said: True, after=back.seq)

    # a shard: its agents are silent, the others go on, and the survivor takes its part over
    shards[0].kill()
    late, frames = book.await_record(ShardFrames, lambda said: bool(said.late), after=back.seq)
    assert frames.signals or frames.features, "whoever is alive is heard"
    book.await_record(DecisionLog, lambda said: True, after=late.seq)
    whole, _ = book.await_record(ShardFrames, lambda said: not said.late, after=late.seq)
    assert not [said for _, said in book.on_record(GateState, after=late.seq) if said.state == "HALTED"]

    # the desk: its successor takes the run up, asks the venue, and trades with what there is
    desk.kill()
    before = {said.client_id for _, said in book.on_record(Order)}
    second = book.start("desk")
    trading, _ = book.await_record(GateState, lambda said: said.state == "TRADING", after=book.last_seq())
    book.await_record(DecisionLog, lambda said: True, after=trading.seq)
    assert not before & {said.client_id for _, said in book.on_record(Order, after=trading.seq)}
    assert second.end() == 0, second.talk
    book.await_record(Reconciled, lambda said: said.agreed, after=whole.seq)
    assert [said.mismatches for _, said in book.on_record(Reconciled) if said.settled and not said.agreed] == []
    assert bot_process("replay", book.desk_run(), "--json").json["byte_identical"], "two desks, two ingests, one record"


def test_a_second_desk_is_refused_wherever_its_runs_are(book: Book) -> None:
    book.start("ingest")
    desk = book.start("desk")
    book.await_record(GateState, lambda said: said.state != "RECOVERING")

    rival = book.start("desk", runs="elsewhere")

    assert rival.wait() == 6
    assert "is traded by" in rival.talk
    assert desk.process.poll() is None


def test_a_desk_that_slept_finds_its_account_taken_and_touches_nothing(book: Book) -> None:
    book.start("ingest")
    sleeper = book.start("desk")
    book.await_record(GateState, lambda said: said.state != "RECOVERING")
    sleeper.process.send_signal(signal.SIGSTOP)
    slept_at = book.last_seq()

    successor = book.start("desk", runs="elsewhere")
    taken_s = time.monotonic() + 60
    while not list((book.directory / "elsewhere" / "canary").glob("canary-*/journal/*.seg")):
        assert successor.process.poll() is None and time.monotonic() < taken_s, successor.talk
        time.sleep(0.2)
    sleeper.process.send_signal(signal.SIGCONT)

    assert sleeper.wait() == 6, sleeper.talk
    assert "is traded by" in sleeper.talk
    assert book.on_record(Order, after=slept_at) == []
    assert successor.end() == 0, successor.talk


def test_forged_records_change_nothing_and_a_kafka_that_hangs_is_a_stale_feed(book: Book, kafka: KafkaServer) -> None:
    book.start("ingest")
    book.start("agents")
    desk = book.start("desk")
    seen, _ = book.await_record(GateState, lambda said: said.state == "TRADING")
    book.await_record(ShardFrames, lambda said: True)
    forged = forge(book)

    book.await_record(DecisionLog, lambda said: True, after=book.last_seq())
    assert [said for _, said in book.on_record(Tick) if said.bid == ABSURD] == []
    assert [said for _, said in book.on_record(ShardFrames) if any(each.mu[0] == ABSURD for each in said.signals)] == []

    kafka.pause()
    try:
        stale, _ = book.await_record(FeedStatus, lambda said: said.state == "stale", after=seen.seq)
        book.await_record(GateState, lambda said: said.state == "REDUCING", after=stale.seq)
        beats = itertools.count()
        book.await_record(Beat, lambda said: said.kind == "second" and next(beats) >= 2, after=stale.seq)
        assert book.on_record(Order, after=stale.seq) == []
    finally:
        kafka.resume()
    back, _ = book.await_record(GateState, lambda said: said.state == "TRADING", after=stale.seq)
    book.await_record(DecisionLog, lambda said: True, after=back.seq)

    assert desk.end() == 0, desk.talk
    assert sum(desk.summary["stream"]["refused"].values()) == forged


ABSURD = 424_242


def forge(book: Book) -> int:
    """What somebody writes to the topics who may, and does not know the secret: quotes, signals, nonsense."""
    settings = KafkaSettings(brokers=(book.bootstrap,), env=book.env, security="plaintext")
    topics = Topics(book.env)
    tick = a_tick(symbol="BTC-EUR", bid=ABSURD, ask=ABSURD + 1)
    message = StreamMessage(10**6, 1, "feed", "Tick", codec.encode(tick))
    column = floats([float(ABSURD)] * 3)
    signal = SignalFrame("ts_momentum", 1, 1800.0, column, column, column, column, "", ())
    _, real = book.on_record(ShardFrames)[-1]
    frames = PartFrames(
        run=real.stream, seq=real.seq + 18, at_ns=1, part=0, parts=book.parts, features=None, signals=(signal,)
    )
    block = StreamBlock(real.stream, 10**6, (message,))
    wrong = Seal(Secret("a secret that somebody else has made up"), "profile")
    values = [(topics.stream, encode(block)), (topics.shards, encode(frames)), (topics.stream, b"\x00nonsense")]
    records = [
        Outgoing(topic, 0, value, headers)
        for topic, value in values
        for headers in (wrong.headers(topic, value), [], [("hmac", b"\x00" * 32)])
    ]

    async def send() -> None:
        sender = Sender(settings, "attacker")
        await sender.deliver(records)
        await sender.close()

    asyncio.run(send())
    return len(records)
