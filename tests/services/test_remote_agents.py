"""Agents elsewhere, as whole processes on a real broker: heard, killed, forged; and the record replays without it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from adapters.journal.reader import records
from adapters.kafka.records import Recorder
from adapters.kafka.settings import KafkaSettings, topic_name
from adapters.kafka.topics import wanted
from bot.replaying import journal_of
from contracts import codec
from contracts.belief import SignalFrame, Slate
from contracts.decision import Halt, Verdict
from contracts.envelope import Envelope
from contracts.quantities import SECOND_NS
from contracts.remote import INBOUND, RemoteFrame
from tests.kit.bot_processes import BotProcess, figures, until
from tests.kit.command_line import REPOSITORY, bot_process
from tests.kit.every_message import every_message
from tests.kit.services import KafkaServer, free_port
from tests.services.test_servers import write

BEAT_S = 2
PULLBACK = REPOSITORY / "examples" / "agents" / "pullback.py"
FOLLOW = REPOSITORY / "examples" / "agents" / "follow.sh"
PROFILE = """
extends = "canary"
name = "{env}"

[account]
name = "{env}"

[agents.far]
kind = "remote"
horizon_s = 600
prior = 0.05
label_s = 10
age_s_max = 3

[journal]
full = ["belief.features"]

[kafka]
brokers = ["{bootstrap}"]
env = "{env}"
security = "plaintext"
request_timeout_s = 2
send_timeout_s = 5
mirror = {mirror}
"""


@dataclass
class Book:
    """A daemon with an agent elsewhere, the mirror beside it, and where all of it lies."""

    server: KafkaServer
    directory: Path
    env: str
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.profile = self.directory / "book.toml"
        self._say(mirror="false")
        settings = KafkaSettings(brokers=(self.server.bootstrap,), env=self.env, security="plaintext")
        self.topics = [each.name for each in wanted(settings)]
        said = bot_process("topics", "apply", "--profile", self.profile)
        assert said.code == 0, said.err

    def _say(self, mirror: str) -> None:
        self.profile.write_text(PROFILE.format(env=self.env, bootstrap=self.server.bootstrap, mirror=mirror))

    def mirroring_itself(self) -> "Book":
        """The same with a mirror that the daemon keeps running."""
        self._say(mirror="true")
        return self

    def daemon(self) -> BotProcess:
        where = ("--profile", self.profile, "--runs", self.directory / "runs", "--json")
        return BotProcess(
            self.directory,
            "daemon",
            "run",
            *where,
            BOT__HEALTH__PORT=str(self.port),
            BOT__CADENCE__DECIDE_S=str(BEAT_S),
            BOT__PROCESS__SNAPSHOT_S="3",
        )

    def mirror(self) -> BotProcess:
        until(lambda: self.taken("bot_turns_total") > 0, "the daemon serves")
        return BotProcess(self.directory, "mirror", "mirror", self.run, "--follow", "--json")

    def agent(self, name: str = "agent") -> BotProcess:
        return BotProcess(
            self.directory, name, "agent", "run", PULLBACK, "--agent", "far", "--profile", self.profile, "--json"
        )

    @property
    def run(self) -> Path:
        (run,) = (each for each in (self.directory / "runs" / self.env).iterdir() if (each / "journal").is_dir())
        return run

    def taken(self, name: str = 'bot_remote_taken_total{agent="far"}') -> float:
        return figures(self.port).get(name, 0.0)

    def write(self, topic: str, *values: bytes) -> None:
        assert write(self.server, topic_name(self.env, topic), *values) == 0

    def envelopes(self, *kinds: type) -> list[Envelope]:
        """What the journal has of those types."""
        names = {kind.__name__ for kind in kinds}
        return [
            Envelope(each.seq, each.turn, each.cause, each.at_ns, each.source, codec.decode(each.type, each.payload))
            for each in records(journal_of(self.run))
            if each.type in names and each.kept
        ]


@pytest.fixture
def book(kafka: KafkaServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Book]:
    yield Book(kafka, tmp_path, request.node.name.replace("_", "-").removeprefix("test-")[:20].strip("-"))
    if not kafka.running:
        kafka.start()


def of_far(book: Book) -> list[tuple[int, bool]]:
    """When frames of the agent elsewhere were said, and whether they believed anything."""
    return [
        (each.at_ns, bool(np.isfinite(each.payload.mu.values).any()))
        for each in book.envelopes(SignalFrame)
        if each.payload.agent == "far"
    ]


def weight(slate: Slate) -> float:
    return float(np.nansum(np.abs(slate.weights.values[slate.agents.index("far")])))


def test_killed_it_is_silent_within_a_beat_and_hung_brokers_stop_nothing(book: Book) -> None:
    with book.daemon() as daemon, book.mirror() as mirror:
        with book.agent():
            until(lambda: book.taken() >= 9, "three beats of the agent are taken")
        killed_ns = time.time_ns()
        time.sleep(3 * BEAT_S)
        with book.agent("again") as again:
            before = book.taken()
            until(lambda: book.taken() > before + 6, "the agent is heard again")
            book.server.pause()
            hung_ns = time.time_ns()
            time.sleep(10)
            book.server.resume()
            until(lambda: book.taken("bot_remote_connected") == 1, "the source is back")
            before = book.taken()
            until(lambda: book.taken() > before + 3, "the agent is heard after the brokers came back")
            assert again.end() == 0 and again.told["written"] > 0
        book.server.kill()
        time.sleep(3 * BEAT_S)
        assert daemon.end() == 0, daemon.talk
        mirror.kill()

    slates = book.envelopes(Slate)
    steps_s = np.diff([each.at_ns for each in slates]) / SECOND_NS
    assert steps_s.max() < 1.5 * BEAT_S, "no decision was left out"
    said = of_far(book)
    believing = [at_ns for at_ns, believed in said if believed]
    until_ns = max(at_ns for at_ns in believing if at_ns < killed_ns + 2 * SECOND_NS * BEAT_S)
    assert until_ns <= killed_ns + BEAT_S * SECOND_NS
    beats = [((each.at_ns - until_ns) / SECOND_NS / BEAT_S, weight(each.payload)) for each in slates]
    after = [
        share for beat, share in beats if 0.5 < beat < 2.5
    ]  # the beat of the last belief is decided a moment later
    assert after and not any(after)
    assert weight(next(each.payload for each in slates if each.at_ns >= until_ns)) > 0
    assert any(at_ns > hung_ns + 10 * SECOND_NS for at_ns in believing)
    replayed = bot_process("replay", book.run, "--json")
    assert replayed.json["byte_identical"], replayed.err


def test_nothing_forged_into_any_topic_is_believed(book: Book) -> None:
    with book.daemon() as daemon:
        until(lambda: book.taken("bot_remote_connected") == 1, "the source is connected")
        name = f"{book.env}/{book.run.name}"
        recorder = Recorder(name)
        now_ns = time.time_ns()
        forged = [
            record
            for number, message in enumerate(every_message())
            for record in recorder.of_envelope(Envelope(number + 10**6, 10**6, 0, now_ns, "venue", message))
        ]
        for topic in book.topics:
            book.write(topic.removeprefix(f"keel.{book.env}."), *(each.value for each in forged))
        until(lambda: book.taken('bot_remote_refused_total{reason="malformed"}') >= len(forged), "all was looked at")
        time.sleep(2 * BEAT_S)
        assert daemon.end() == 0, daemon.talk

    assert book.envelopes(RemoteFrame, Halt) == []
    outside = {(each.type, each.source) for each in records(journal_of(book.run)) if each.outside}
    assert {kind for kind, source in outside if source == "remote_signals"} == {"RemoteNews"}
    assert {source for _, source in outside} <= {"process", "feed", "venue", "cadence", "remote_signals"}
    assert bot_process("replay", book.run, "--json").json["byte_identical"]


def test_a_hostile_agent_moves_nothing_beyond_the_limits_of_the_gate(book: Book) -> None:
    """It may be heard, and says the most that it can: sure, huge, and about everything."""
    with book.daemon() as daemon:
        until(lambda: book.taken("bot_remote_connected") == 1, "the source is connected")
        for number in range(4 * BEAT_S):
            for symbol in ("BTC-EUR", "ETH-EUR", "SOL-EUR"):
                for mu, sigma in ((0.0075, 0.005), (1e6, 1e-9), (0.0, 1e9)):
                    fields = {"agent": "far", "symbol": symbol, "mu": mu, "sigma": sigma, "horizon_s": 600}
                    book.write(INBOUND, json.dumps(fields | {"score": 3 - 6 * (number % 2)}).encode())
            time.sleep(1)
        assert daemon.end() == 0, daemon.talk

    assert book.envelopes(RemoteFrame) and book.envelopes(Verdict)
    for each in book.envelopes(Verdict):
        assert not each.payload.cvar_after > each.payload.cvar_max
        assert not each.payload.cvar_slow_after > each.payload.cvar_slow_max
    for at in book.envelopes(SignalFrame):
        if at.payload.agent == "far":
            ratio = np.abs(at.payload.mu.values / at.payload.sigma.values)
            assert not (ratio > 0.3 * (1 + 1e-9)).any()
    assert bot_process("replay", book.run, "--json").json["byte_identical"]


def test_a_daemon_that_died_is_taken_up_with_what_it_had_heard(book: Book) -> None:
    fields = {"agent": "far", "symbol": "ETH-EUR", "mu": 0.0002, "sigma": 0.004, "horizon_s": 600}
    for _ in range(2):
        with book.daemon() as daemon:
            until(lambda: book.taken("bot_remote_connected") == 1, "the source is connected")
            for _ in range(3 * BEAT_S):
                book.write(INBOUND, json.dumps(fields).encode())
                time.sleep(1)
            daemon.kill()
    with book.daemon() as daemon:
        until(lambda: book.taken("bot_remote_connected") == 1, "the source is connected")
        assert daemon.end() == 0, daemon.talk
    replayed = bot_process("replay", book.run, "--json").json
    assert replayed["byte_identical"] and replayed["epochs"] == 3
    assert len(book.envelopes(RemoteFrame)) >= 8 and any(believed for _, believed in of_far(book))


def test_a_flood_is_read_at_its_pace_and_no_decision_waits_for_it(book: Book) -> None:
    refused = 'bot_remote_refused_total{reason="malformed"}'
    with book.daemon() as daemon:
        until(lambda: book.taken("bot_remote_connected") == 1, "the source is connected")
        for _ in range(3):
            book.write(INBOUND, *[b'{"order": "buy everything"}'] * 40_000)
        until(lambda: book.taken(refused) >= 5_000, "the flood is being read")
        began, read = time.monotonic(), book.taken(refused)
        time.sleep(2 * BEAT_S)
        pace = (book.taken(refused) - read) / (time.monotonic() - began)
        assert daemon.end() == 0, daemon.talk
    assert pace < 1.3 * 10_000, "remote.records_s_max of the profile, and half a second of its figures"
    assert np.diff([each.at_ns for each in book.envelopes(Slate)]).max() < 1.5 * BEAT_S * SECOND_NS


def test_nothing_but_kcat_is_an_agent_too(book: Book) -> None:
    """The line of the page, and the shell script, which follows marks."""
    with book.mirroring_itself().daemon() as daemon:
        until(lambda: book.taken("bot_remote_connected") == 1, "the source is connected")
        line = '{"agent":"far","symbol":"BTC-EUR","mu":0.0005,"sigma":0.004,"horizon_s":600}\n'
        where = ["-b", book.server.bootstrap, "-t", topic_name(book.env, INBOUND)]
        subprocess.run(["kcat", "-P", *where], input=line, text=True, check=True, timeout=30)
        until(lambda: book.taken() >= 1, "the line is taken")
        arguments = [book.server.bootstrap, book.env, "far", "600", "0.004"]
        script = subprocess.Popen(["sh", FOLLOW, *arguments], start_new_session=True, stdout=sys.stderr)
        try:
            until(lambda: book.taken() >= 7, "two beats of the script are taken")
        finally:
            subprocess.run(["pkill", "-KILL", "-s", str(script.pid)], check=False)
            script.wait()
        time.sleep(BEAT_S)
        assert daemon.end() == 0, daemon.talk

    assert any(believed for _, believed in of_far(book))
