"""Replay: the same bytes again from the outside messages alone, wherever and in however many lives they were said."""

import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records
from adapters.journal.record import Record
from bot.replaying import ReplayReport, RunIdentity, replay_run, verify_run
from bot.why import why
from bot.worlds import replayed_bus
from contracts import codec
from contracts.decision import DecisionLog, Intent
from contracts.trade import Fill
from runtime.replay import Comparer, Replay
from tests.characterization import users
from tests.characterization.runs import a_quick_profile, calm, digest, shuffled
from tests.kit.journals import reseal
from tests.kit.lives import IDENTITY, Life

Lives = tuple[Life, Life]


def replayed(run: Path, here: RunIdentity = IDENTITY) -> ReplayReport:
    profile = a_quick_profile()
    return replay_run(run, lambda journal, now: replayed_bus(profile, journal, now), here)


@pytest.fixture(scope="module")
def report(two_lives: Lives) -> ReplayReport:
    """The replay of the untouched run."""
    return replayed(two_lives[1].opened.directory)


def resealed(lives: Lives, to: Path, edit: Callable[[Record], Record]) -> Path:
    """The run with some records edited and every checksum and hash right again."""
    (to / "journal").mkdir()
    reseal(lives[1].opened.disk, PosixDisk(to / "journal"), edit)
    return to


def edited(kind: type, **changed: object) -> Callable[[Record], Record]:
    """The first message of a type, changed."""
    done: list[int] = []

    def edit(record: Record) -> Record:
        if record.type != kind.__name__ or done:
            return record
        done.append(record.seq)
        payload = msgspec.structs.replace(codec.decode(record.type, record.payload), **changed)
        return msgspec.structs.replace(record, payload=codec.encode(payload))

    return edit


def test_a_run_of_two_lives_is_byte_identical_when_replayed(report: ReplayReport, two_lives: Lives) -> None:
    assert (report.divergence, report.byte_identical, report.epochs) == (None, True, 2)
    assert report.records == two_lives[1].system.bus.seq


def test_a_replay_counts_the_decisions_that_agreed(report: ReplayReport, two_lives: Lives) -> None:
    logs = [each for life in two_lives for each in life.envelopes if isinstance(each.payload, DecisionLog)]
    assert report.decisions == len(logs) >= 4


def test_a_replay_sends_nothing(report: ReplayReport, two_lives: Lives) -> None:
    fills = {each.payload.trade_id for life in two_lives for each in life.envelopes if isinstance(each.payload, Fill)}
    assert {fill.trade_id for fill in two_lives[1].broker.fills_since(0)[0]} == fills


def test_a_changed_quantity_is_found_by_message_and_field(two_lives: Lives, tmp_path: Path) -> None:
    report = replayed(resealed(two_lives, tmp_path, edited(Intent, quantity=Decimal(9))))
    assert report.divergence is not None
    assert (report.divergence.type, report.divergence.source) == ("Intent", "risk")
    assert (report.divergence.field, report.divergence.recorded) == ("quantity", "9")
    assert not report.byte_identical


def test_a_decision_taken_out_is_found(two_lives: Lives, tmp_path: Path) -> None:
    first = next(each for each in two_lives[0].envelopes if isinstance(each.payload, DecisionLog))
    report = replayed(resealed(two_lives, tmp_path, edited(DecisionLog, intent_seqs=(1,))))
    assert report.divergence is not None
    assert report.divergence.seq == first.seq
    assert report.divergence.field.startswith("intent_seqs")
    assert report.decisions == 0


def test_a_changed_fill_changes_what_follows_and_is_found_there(two_lives: Lives, tmp_path: Path) -> None:
    report = replayed(resealed(two_lives, tmp_path, edited(Fill, price=Decimal(1))))
    assert report.divergence is not None
    assert (report.divergence.type, report.divergence.field) == ("Execution", "price")


def test_one_constant_changed_in_one_agent_is_found_in_its_first_signal(
    two_lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "PERIOD_S", 3)
    report = replayed(two_lives[1].opened.directory)
    assert report.divergence is not None
    assert (report.divergence.type, report.divergence.source) == ("SignalFrame", "momentum")


def test_another_fingerprint_is_named_and_bytes_are_never_claimed(two_lives: Lives) -> None:
    report = replayed(two_lives[1].opened.directory, RunIdentity(code="other", fingerprint={"processor": "other"}))
    assert not (report.byte_identical or report.fingerprint_equal or report.code_equal)
    assert report.within_tolerance
    assert any("processor" in difference for difference in report.fingerprint_differences)


def test_one_flipped_byte_is_found_with_its_place(two_lives: Lives, tmp_path: Path) -> None:
    run = resealed(two_lives, tmp_path, lambda record: record)
    assert verify_run(run).problems == ()
    segment = sorted((run / "journal").iterdir())[0]
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    (problem,) = verify_run(run).problems
    assert 0 < problem.at.offset <= len(data) // 2
    assert problem.seq > 1


def test_another_process_with_another_hash_seed_says_the_same_bytes(elsewhere: subprocess.Popen[str]) -> None:
    digest_there, _ = elsewhere.communicate(timeout=60)
    assert digest_there.strip() == digest(calm().envelopes, 3.0)


def test_a_run_replays_whatever_the_order_in_which_ready_tasks_ran() -> None:
    run = shuffled()
    comparer = Comparer()
    player = Replay(comparer)
    player.run(replayed_bus(run.profile, comparer, player.now), run.records)
    assert (comparer.compared, comparer.decisions, comparer.exact) == (len(run.records), 1, True)
    assert digest(run.envelopes, 1.4) != digest(calm().envelopes, 1.4)


def test_why_leads_from_the_fill_to_the_raw_rows(two_lives: Lives) -> None:
    disk = two_lives[1].opened.disk
    fill = next(each.payload for each in two_lives[0].envelopes if isinstance(each.payload, Fill))
    explained = why(lambda: records(disk), fill.client_id)
    steps = list(dict.fromkeys(link.step for link in explained.chain))
    assert steps == ["order life", "intent", "selection", "slate", "signal", "features", "marks", "raw row"]
    assert {link.type for link in explained.chain if link.step == "order life"} >= {"Order", "Fill", "Execution"}
    assert explained.symbol == fill.symbol
